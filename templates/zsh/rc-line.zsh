if [ -n "${ZSH_VERSION-}" ] && [ -r {{function}} ]; then \. {{function}}; fi
