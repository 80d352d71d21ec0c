print("ccl-setup")
