import Setup

extension StartUpFileShape {
  /// What other tools put into such files.
  static let tools: [StartUpFileShape] = [
    .init(
      "conda",
      """
      A=1
      # >>> conda initialize >>>
      # !! Contents within this block are managed by 'conda init' !!
      __conda_setup="$('/opt/conda/bin/conda' 'shell.bash' 'hook' 2> /dev/null)"
      if [ $? -eq 0 ]; then
          eval "$__conda_setup"
      else
          if [ -f "/opt/conda/etc/profile.d/conda.sh" ]; then
              . "/opt/conda/etc/profile.d/conda.sh"
          else
              export PATH="/opt/conda/bin:$PATH"
          fi
      fi
      unset __conda_setup
      # <<< conda initialize <<<

      """),
    .init(
      "nvm",
      """
      export NVM_DIR="$HOME/.nvm"
      [ -s "$NVM_DIR/nvm.sh" ] && \\. "$NVM_DIR/nvm.sh"  # This loads nvm
      [ -s "$NVM_DIR/bash_completion" ] && \\. "$NVM_DIR/bash_completion"  # This loads nvm bash_completion
      """),
    .init("rustup", "A=1\n[ -r \"$HOME/.cargo/env\" ] && . \"$HOME/.cargo/env\"\n"),
    .init(
      "sdkman, which wants to be last",
      """
      A=1
      #THIS MUST BE AT THE END OF THE FILE FOR SDKMAN TO WORK!!!
      export SDKMAN_DIR="$HOME/.sdkman"
      [[ -s "$HOME/.sdkman/bin/sdkman-init.sh" ]] && source "$HOME/.sdkman/bin/sdkman-init.sh"

      """, below: "#THIS MUST"),
    .init(
      "Amazon Q",
      """
      # Amazon Q pre block. Keep at the top of this file.
      [[ -f "$HOME/q/bashrc.pre.bash" ]] && builtin source "$HOME/q/bashrc.pre.bash"
      A=1

      # Amazon Q post block. Keep at the bottom of this file.
      [[ -f "$HOME/q/bashrc.post.bash" ]] && builtin source "$HOME/q/bashrc.post.bash"
      """, below: "# Amazon Q post"),
    .init(
      "oh-my-zsh",
      """
      export ZSH="$HOME/.oh-my-zsh"
      ZSH_THEME="robbyrussell"
      # zstyle ':omz:update' mode disabled
      plugins=(git docker)
      [ -r $ZSH/oh-my-zsh.sh ] && source $ZSH/oh-my-zsh.sh
      # alias ohmyzsh="mate ~/.oh-my-zsh"

      """, in: [.zsh]),
    .init(
      "p10k's instant prompt",
      """
      # Enable Powerlevel10k instant prompt. Should stay close to the top of ~/.zshrc.
      if [[ -r "${XDG_CACHE_HOME:-$HOME/.cache}/p10k-instant-prompt-${(%):-%n}.zsh" ]]; then
        source "${XDG_CACHE_HOME:-$HOME/.cache}/p10k-instant-prompt-${(%):-%n}.zsh"
      fi
      A=1
      [[ ! -f ~/.p10k.zsh ]] || source ~/.p10k.zsh

      """, in: [.zsh]),
    .init(
      "starship and direnv",
      "command -v starship >/dev/null && eval \"$(starship init bash)\"\n"
        + "command -v direnv >/dev/null && eval \"$(direnv hook bash)\"\n"),
    .init(
      "zsh's own syntax",
      """
      setopt extended_glob
      for file (~/.none/*.zsh(N)) source $file
      if [[ -n $TERM ]] { A=1 }
      repeat 2 B+=x
      foreach x (a b)
        C=$x
      end
      () { local y=1; D=$y }
      function e f { :; }
      typeset -A m=( [a]=1 [b]=2 )
      z=${${(s:,:)A}[1]}
      [[ a == (a|b)# ]] && E=1
      case $A in (1|2) F=1 ;| *) G=1 ;; esac
      alias -g L='| less'
      H=${A//(#b)(1)/$match[1]}
      print -P '%(?..x)' >/dev/null
      while (( 0 )) { : }
      { I=1 } always { J=1 }

      """, in: [.zsh]),
    .init(
      "bash's own syntax",
      """
      shopt -s extglob globstar
      for ((i = 0; i < 2; i++)); do A+=x; done
      case $A in @(x|xx)) B=1 ;;& !(y)) C=1 ;& z) D=1 ;; esac
      [[ $A =~ ^(x+)$ ]] && E=${BASH_REMATCH[1]}
      F=([2]=a [5]="b c")
      coproc { cat; }
      exec {COPROC[1]}>&-
      wait 2>/dev/null
      G=${A^^} H=$((16#ff)) I=$'a\\'b'
      read -r J <<< "a b"
      while read -r k; do K=$k; done < <(printf 'a\\nb\\n')
      function l() ( : )
      echo } >/dev/null
      unset COPROC COPROC_PID

      """, in: [.bash]),
  ]

  /// Shells told to be strict, or another one.
  static let modes: [StartUpFileShape] = [
    .init("set -e", "set -e\nA=1\n"), .init("set -u", "set -u\nA=1\n"),
    .init("set -euo pipefail, noclobber", "set -euo pipefail\nset -o noclobber\nA=1\n"),
    .init("emulate sh", "emulate sh\nA=1\n", in: [.zsh]),
    .init("emulate ksh", "emulate ksh\nA=1\n", in: [.zsh]),
    .init("ignore_eof and no_rcs", "setopt IGNORE_EOF NO_RCS\nA=1\n", in: [.zsh]),
    .init(
      "strict options",
      "setopt no_unset err_return warn_create_global null_glob ksh_arrays sh_word_split\nA=1\n",
      in: [.zsh]),
    .init(
      "no comments at the prompt", "setopt no_interactive_comments rc_quotes\nA='it''s'\n",
      in: [.zsh]),
    .init("IFS", "IFS=/\nA=1\n"), .init("a PATH of nothing", "PATH=\nA=1\n"),
    .init("the name taken", "alias claude-local=x\nA=1\n"),
    .init("DEBUG trap", "trap 'D=$((D + 1))' DEBUG\ntrap - DEBUG\nunset D\nA=1\n"),
  ]
}
