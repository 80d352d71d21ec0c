# claude-local: Claude Code on the local model, for zsh. Plain `claude` stays as it is.
# Written by ccl-setup, and written again when the setup changes; `ccl-setup uninstall` removes it.

# An alias of this name would be taken instead of the function, and would break its definition.
unalias claude-local 2>/dev/null || :

# The body is a subshell: no variable or option of the calling shell changes.
claude-local() (
  emulate -L zsh

  # What would send the client elsewhere, or add to its requests.
{{#unset}}
  unset -v {{name}}
{{/unset}}

{{#set}}
  export {{name}}={{value}}
{{/set}}
{{#readFile}}
  {{name}}=$(cat -- {{path}})
  export {{name}}
{{/readFile}}
{{#readKeychain}}
  {{name}}=$(security find-generic-password -s {{service}} -w)
  export {{name}}
{{/readKeychain}}
{{#folder}}
  # The client's own folder, before its first start: the questions about theme and trust are answered.
  if [ ! -e "$CLAUDE_CONFIG_DIR/.claude.json" ]; then
    (umask 077 && mkdir -p -- "$CLAUDE_CONFIG_DIR" && printf '%s\n' {{state}} >"$CLAUDE_CONFIG_DIR/.claude.json")
  fi
{{/folder}}
{{#preset}}
  [ -n "${{{name}}-}" ] || export {{name}}={{value}}
{{/preset}}

  # Proxies stay as they are, but requests to these hosts go past them.
  export NO_PROXY="${NO_PROXY:-${no_proxy-}}"
  export no_proxy="${no_proxy:-$NO_PROXY}"
{{#direct}}
  case ",$NO_PROXY," in *,{{host}},*) ;; *) NO_PROXY="${NO_PROXY:+$NO_PROXY,}"{{host}} ;; esac
  case ",$no_proxy," in *,{{host}},*) ;; *) no_proxy="${no_proxy:+$no_proxy,}"{{host}} ;; esac
{{/direct}}

  # `--proxy` and `--no-warm` before any `--` are ours: this call goes through `ccl-setup proxy`, and the model does not
  # read the client's own prompt beforehand.
{{#proxied}}
  claude_local_proxy=yes
{{/proxied}}
{{^proxied}}
  claude_local_proxy=
{{/proxied}}
  claude_local_warm=yes
  claude_local_rest=
  for claude_local_argument in "$@"; do
    shift
    if [ -z "$claude_local_rest" ] && [ "$claude_local_argument" = --proxy ]; then
      claude_local_proxy=yes
    elif [ -z "$claude_local_rest" ] && [ "$claude_local_argument" = --no-warm ]; then
      claude_local_warm=
    else
      if [ "$claude_local_argument" = -- ]; then claude_local_rest=yes; fi
      set -- "$@" "$claude_local_argument"
    fi
  done

  # Asked for its version alone, the client answers at once; with settings in front it would start up first.
  case "${#}:${1-}" in
  1:--version | 1:-v) ;;
  *)
    # While the person is still typing. It hangs up as soon as the client asks something, and says nothing.
    if [ -n "$claude_local_warm" ] && [ -t 0 ] && whence -p ccl-setup >/dev/null; then
      (command ccl-setup warm --background -- "$@" </dev/null >/dev/null 2>&1 &)
    fi
{{#arguments}}
    # The lean tool set halves the first prompt; a --tools of your own is taken instead.
    claude_local_lean=yes
    for claude_local_argument in "$@"; do
      case $claude_local_argument in --tools | --tools=*) claude_local_lean= ;; esac
    done
    if [ -n "$claude_local_lean" ]; then set -- {{argument}} "$@"; fi
{{/arguments}}

    # A settings file's `env` beats the variables above, and --settings beats every settings file but managed ones.
    claude_local_settings={{settings}}
    if [ -n "$claude_local_proxy" ]; then
      rehash
      if ! whence -p ccl-setup >/dev/null; then
        printf "claude-local: the proxy is started by the program ccl-setup, which is not on your PATH; the client was not started.\n" >&2
        exit 127
      fi
      # Starts the proxy where none runs, and writes the settings that name it.
      if ! ANTHROPIC_BASE_URL=$(command ccl-setup proxy wire </dev/null); then
        printf "claude-local: there is no proxy to go through, so the client was not started.\n" >&2
        exit 1
      fi
      export ANTHROPIC_BASE_URL
      claude_local_settings={{proxySettings}}
    fi
    if [ -r "$claude_local_settings" ]; then
      set -- --settings "$claude_local_settings" "$@"
    else
      printf "claude-local: %s is missing, so no settings file is read this time; 'ccl-setup fix' brings it back.\n" \
        {{settings}} >&2
      set -- --setting-sources= "$@"
    fi
    ;;
  esac

  # The program itself, whatever alias or function is called claude.
  rehash
  if whence -p claude >/dev/null; then exec command claude "$@"; fi
{{#client}}
  if [ -x {{path}} ]; then exec {{path}} "$@"; fi
{{/client}}
  printf "claude-local: there is no program claude on your PATH; 'ccl-setup doctor' says how to get it.\n" >&2
  exit 127
)
