if [ -n "${BASH_VERSION-}" ] && [ -r {{function}} ]; then \. {{function}}; fi
