
# What Tab offers for ccl-setup, and for a model of claude-local: the program is asked, and asks the running engine.
_ccl-setup() {
  local line
  local -a offered
  for line in "${(@f)$(command ccl-setup complete -- "${(@)words[1,CURRENT-1]}" "$PREFIX" 2>/dev/null)}"; do
    case $line in
    '') ;;
    :files) _files; return ;;
    *$'\t'*) offered+=("${${line%%$'\t'*}//:/\\:}:${line#*$'\t'}") ;;
    *) offered+=("${line//:/\\:}") ;;
    esac
  done
  (( ${#offered} )) && _describe -t words 'ccl-setup' offered
}
# The completion system may be started further down in .zshrc than this: then before the first prompt.
_ccl_setup_register() {
  emulate -L zsh
  precmd_functions=("${(@)precmd_functions:#_ccl_setup_register}")
  if (( ${+functions[compdef]} )); then compdef _ccl-setup ccl-setup claude-local; fi
}
if [[ -o interactive ]]; then
  typeset -ga precmd_functions
  precmd_functions+=(_ccl_setup_register)
fi
