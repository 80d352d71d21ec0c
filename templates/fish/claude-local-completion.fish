# Written by ccl-setup, and written again when the setup changes; `ccl-setup uninstall` removes it.
# What Tab offers for claude-local, beside what the client's own completions offer.
complete -c claude-local -l model -x -a '(command ccl-setup complete -- claude-local --model (commandline -ct) 2>/dev/null)'
complete -c claude-local -l proxy -d 'Go through ccl-setup proxy'
complete -c claude-local -l no-warm -d 'Do not have the prompt read beforehand'
