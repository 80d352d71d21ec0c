
# What Tab offers for ccl-setup, and for a model of claude-local: the program is asked, and asks the running engine. Bash
# has cut the words at ":" and "=" too, which names of models have in them.
_ccl_setup_words() {
  local rest="${COMP_LINE:0:COMP_POINT}" word i last
  local words=()
  for ((i = 0; i <= COMP_CWORD; i++)); do
    word=${COMP_WORDS[i]-}
    last=$((${#words[@]} - 1))
    case $rest in
    [[:blank:]]* | '')
      if ((i > 0)) && [ -z "$rest" ] && [ -n "$word" ]; then break; fi
      rest="${rest#"${rest%%[![:blank:]]*}"}"
      words+=("${rest:0:${#word}}")
      ;;
    *)
      if ((last < 0)); then words+=("${rest:0:${#word}}"); else words[last]+=${rest:0:${#word}}; fi
      ;;
    esac
    rest=${rest:${#word}}
  done
  last=${words[${#words[@]} - 1]}
  COMPREPLY=()
  local line
  while IFS= read -r line; do
    if [ "$line" = :files ]; then
      compopt -o filenames 2>/dev/null || :
      while IFS= read -r line; do COMPREPLY+=("$line"); done < <(compgen -f -- "$last")
      return 0
    fi
    line=${line%%$'\t'*}
    case $last in *[:=]*) line=${line#"${last%"${last##*[:=]}"}"} ;; esac
    COMPREPLY+=("$line")
  done < <(command ccl-setup complete -- "${words[@]}" 2>/dev/null)
  return 0
}
case $- in *i*) complete -F _ccl_setup_words ccl-setup claude-local 2>/dev/null || : ;; esac
