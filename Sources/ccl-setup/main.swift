import Commands

await Commands.start()
