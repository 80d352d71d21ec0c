# Written by ccl-setup, and written again when the setup changes; `ccl-setup uninstall` removes it.
function claude-local --wraps claude --description 'Claude Code on the local model'
    # What would send the client elsewhere, or add to its requests: hidden for this call only. A universal variable
    # cannot be hidden, but emptied.
{{#unset}}
    set -lu {{name}}
    set -qUx {{name}}; and set -lx {{name}} ''
{{/unset}}

{{#set}}
    set -lx {{name}} {{value}}
{{/set}}
{{#readFile}}
    set -lx {{name}} (cat -- {{path}})
{{/readFile}}
{{#readKeychain}}
    set -lx {{name}} (security find-generic-password -s {{service}} -w)
{{/readKeychain}}
{{#folder}}
    # The client's own folder, before its first start: the questions about theme and trust are answered.
    if not test -e "$CLAUDE_CONFIG_DIR/.claude.json"
        command mkdir -p -m 700 -- "$CLAUDE_CONFIG_DIR"
        and printf '%s\n' {{state}} >"$CLAUDE_CONFIG_DIR/.claude.json"
    end
{{/folder}}
{{#preset}}
    set -q {{name}}[1]; or set -lx {{name}} {{value}}
{{/preset}}

    # Proxies stay as they are, but requests to these hosts go past them.
    set -l upper "$NO_PROXY"
    set -l lower "$no_proxy"
    test -n "$upper"; or set upper "$lower"
    test -n "$lower"; or set lower "$upper"
{{#direct}}
    contains -- {{host}} (string split -- , "$upper"); or set upper (string join -- , (string match -v '' "$upper") {{host}})
    contains -- {{host}} (string split -- , "$lower"); or set lower (string join -- , (string match -v '' "$lower") {{host}})
{{/direct}}
    set -lx NO_PROXY "$upper"
    set -lx no_proxy "$lower"

    # `--proxy` and `--no-warm` before any `--` are ours: this call goes through `ccl-setup proxy`, and the model does not
    # read the client's own prompt beforehand.
    set -l warm yes
    set -l proxy
{{#proxied}}
    set proxy yes
{{/proxied}}
    set -l words
    set -l rest
    for word in $argv
        if test -z "$rest"; and test "$word" = --proxy
            set proxy yes
        else if test -z "$rest"; and test "$word" = --no-warm
            set warm
        else
            test "$word" = --; and set rest yes
            set words $words $word
        end
    end
    set argv $words

    # Asked for its version alone, the client answers at once; with settings in front it would start up first.
    if not contains -- "$argv" --version -v
        # While the person is still typing. It hangs up as soon as the client asks something, and says nothing.
        if test -n "$warm"; and isatty stdin; and command -sq ccl-setup
            command ccl-setup warm --background -- $argv </dev/null >/dev/null 2>&1 &
            disown 2>/dev/null
        end
{{#arguments}}
        # The lean tool set halves the first prompt; a --tools of your own is taken instead.
        if not string match -qr -- '^--tools(=|$)' $argv
            set argv {{argument}} $argv
        end
{{/arguments}}

        # A settings file's `env` beats the variables above, and --settings beats every settings file but managed ones.
        set -l settings {{settings}}
        if test -n "$proxy"
            if not command -sq ccl-setup
                printf "claude-local: the proxy is started by the program ccl-setup, which is not on your PATH; the client was not started.\n" >&2
                return 127
            end
            # Starts the proxy where none runs, and writes the settings that name it.
            if not set ANTHROPIC_BASE_URL (command ccl-setup proxy wire </dev/null)
                printf "claude-local: there is no proxy to go through, so the client was not started.\n" >&2
                return 1
            end
            set settings {{proxySettings}}
        end
        if test -r "$settings"
            set argv --settings "$settings" $argv
        else
            printf "claude-local: %s is missing, so no settings file is read this time; 'ccl-setup fix' brings it back.\n" "$settings" >&2
            set argv --setting-sources= $argv
        end
    end

    # The program itself, whatever alias or function is called claude.
    if command -sq claude
        command claude $argv
        return
    end
{{#client}}
    set -l client {{path}}
    if test -x "$client"
        $client $argv
        return
    end
{{/client}}
    printf "claude-local: there is no program claude on your PATH; 'ccl-setup doctor' says how to get it.\n" >&2
    return 127
end
