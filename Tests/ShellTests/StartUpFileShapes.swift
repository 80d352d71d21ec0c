import Setup
import Testing

/// A start-up file of a shape that an editor of such files has to know about.
struct StartUpFileShape: Sendable, CustomTestStringConvertible {
  var title: String
  var bytes: [UInt8]
  var shells: [Shell]
  /// Whether no place of it is fit for a block, so that it is left alone.
  var isRefused: Bool
  /// What has to stand right below the block; `nil` where the block ends the file.
  var below: String?
  var testDescription: String { title }

  init(
    _ title: String, _ bytes: [UInt8], in shells: [Shell] = [.bash, .zsh], isRefused: Bool = false,
    below: String? = nil
  ) {
    self.title = title
    self.bytes = bytes
    self.shells = shells
    self.isRefused = isRefused
    self.below = below
  }

  init(
    _ title: String, _ text: String, in shells: [Shell] = [.bash, .zsh], isRefused: Bool = false,
    below: String? = nil
  ) {
    self.init(title, Array(text.utf8), in: shells, isRefused: isRefused, below: below)
  }

  static let all = unended + unendedInZsh + neighbours + bytes + ends + guards + tools + modes

  /// What does not end: the block above it is read, below it would be swallowed.
  private static let unended: [StartUpFileShape] = [
    .init("<<EOF", "A=1\ncat <<EOF >/dev/null\ntext $A\n", below: "cat <<EOF"),
    .init("<<-EOF", "A=1\ncat <<-EOF >/dev/null\n\ttext\n  EOF\n", below: "cat <<-EOF"),
    .init("<<'EOF'", "A=1\ncat <<'EOF' >/dev/null\ntext `\n", below: "cat <<'EOF'"),
    .init(
      "<<EOF, its end in other letters", "cat <<EOF >/dev/null\ntext\nEof\nB=1\n", below: "cat"),
    .init("<<EOF ended by EOF and a blank", "A=1\ncat <<EOF >/dev/null\nx\nEOF \n", below: "cat"),
    .init("two here-documents, one ended", "A=1\ncat <<A <<B >/dev/null\nx\nA\ny\n", below: "cat"),
    .init("single quote", "A=1\nB='two\nC=3\n", below: "B='two"),
    .init("double quote", "A=1\n# why\nB=\"two\nC=3\n", below: "# why"),
    .init("an apostrophe", "A=1\necho it's >/dev/null\nB=1\n", below: "echo it's"),
    .init("backquote", "A=1\nB=`echo two\nC=3\n", below: "B=`"),
    .init("$(", "A=1\nB=$(echo two\nC=3\n", below: "B=$("),
    .init("${", "A=1\nB=${A:-two\nC=3\n", below: "B=${"),
    .init("((", "A=1\n((A + 1\nC=3\n", below: "((A"),
    .init("$'", "A=1\nB=$'two\\'\nC=3\n", below: "B=$'"),
    .init("array", "A=1\nB=(1 2\nC=3\n", below: "B=("),
    .init("if", "A=1\nif [ $A = 1 ]; then\n  B=2\n", below: "if ["),
    .init("if without fi, more below", "A=1\nif true; then\n  B=2\nC=3\nf() { :; }\n", below: "if"),
    .init("{", "A=1\n{\n  B=2\n", below: "{\n"),
    .init("case", "A=1\ncase $A in\n  1) B=2 ;;\n", below: "case"),
    .init("[[", "A=1\n[[ $A = 1\n", below: "[[ $A"),
    .init("while", "A=1\nwhile false; do\n  B=2\n", below: "while"),
    .init("(", "A=1\n(\n  B=2\n", below: "(\n"),
    .init("a function", "A=1\nf() {\n  B=2\n", below: "f()"),
    .init("a function with its brace below", "A=1\nf()\n{\n  B=2\n", below: "f()"),
    .init("&& at the end", "A=1\ntrue &&\n", below: "true &&"),
    .init("| at the end", "A=1\necho x |\n", below: "echo x"),
    .init("a backslash without newline", "A=1\nB=two\\", below: "B=two"),
    .init("a backslash with newline", "A=1\nalias ll='ls \\\n -l' b=c\\\n", below: "alias"),
    .init("a backslash in a comment", "A=1\n# B=two \\"),
    .init("fi without if", "A=1\nfi\nB=2\n", below: "fi"),
    .init("} without {", "A=1\n}\nB=2\n", below: "}"),
    .init(") without (", "A=1\n)\nB=2\n", below: ")"),
    .init(";; without case", "A=1\n;;\nB=2\n", below: ";;"),
    .init("a broken first line", "if\n", below: "if"),
    .init("a broken first line below #!", "#!/bin/bash\nif\n", below: "if"),
  ]

  /// What zsh takes for whole where the file ends, though it waits for more.
  private static let unendedInZsh: [StartUpFileShape] = [
    .init(
      "true && and a comment", "A=1\nfalse && # why\n\n# done\n", in: [.zsh], below: "false &&"),
    .init("|| at the end", "A=1\ntrue ||\n", in: [.zsh], below: "true ||"),
    .init("for without its body", "A=1\nfor x in a b\n", in: [.zsh], below: "for x"),
    .init("for (…) without its body", "A=1\n# why\nfor x (1 2)\n", in: [.zsh], below: "# why"),
    .init("for ((…)) without its body", "A=1\nfor ((;0;))\n", in: [.zsh], below: "for (("),
    .init("while without its body", "A=1\nwhile false\n", in: [.zsh], below: "while"),
    .init("until without its body", "A=1\nuntil true;\n", in: [.zsh], below: "until"),
    .init("repeat without its body", "A=1\nrepeat 2\n", in: [.zsh], below: "repeat"),
    .init("a function without its body", "A=1\nfunction f\n", in: [.zsh], below: "function f"),
    .init("short loops", "for x (1 2) A=$x\nfor x in 1 2; A=$x\nrepeat 2 A=3\n", in: [.zsh]),
    .init(
      "a short loop before what does not end", "for x (1 2) A=$x\nwhile false\n", in: [.zsh],
      below: "for x (1"),
  ]

  /// What makes other words of ours, or asks how the statement above it ended.
  private static let neighbours: [StartUpFileShape] = [
    .init("alias if", "A=1\nalias ll='ls -l' if='echo no'\nB=2\n", below: "alias ll"),
    .init("alias then", "A=1\nalias then=no\n", below: "alias then"),
    .init("alias fi", "A=1\n# mine\n[ $A = 1 ] && alias 'fi=no'\n", below: "# mine"),
    .init("alias in a function", "f() {\n  alias if=no\n}\n"),
    .init("alias of the dot", "alias .='echo no' ..='cd ..'\nA=1\n"),
    .init("$? of the line above", "A=1\nfalse\n[ $? = 0 ] && return\nB=2\n", below: "false"),
    .init(
      "$? of an if above, with comments",
      "A=1\n# mine\nif [ $A = 1 ]; then\n  false\nfi\n# enough?\n[ \"$?\" = 0 ] && return\nB=2\n",
      below: "# mine"),
    .init(
      "<<EOF without its end, in 2 MB",
      "A=1\n" + String(repeating: "A='some text'\n", count: 140_000)
        + "cat <<EOF >/dev/null\ntext\n",
      below: "cat <<EOF"),
    .init(
      "a loop without its body, in 2 MB",
      "A=1\n" + String(repeating: "A='some text'\n", count: 140_000) + "for x in a b\n", in: [.zsh],
      below: "for x"),
  ]

  private static let bytes: [StartUpFileShape] = [
    .init("empty", ""), .init("only white space", " \n\t\n  "), .init("only newlines", "\n\n\n"),
    .init("only comments", "# a\n# b\n"), .init("a comment without end", "# a"),
    .init("no final newline", "A=1\nB=2"), .init("CRLF", "A=1\r\nexport B=2\r\n# c\r\n"),
    .init("CRLF without an end", "A=1\r\nB=2"),
    .init(
      "CRLF around an if, which no shell reads", "A=1\r\nif true; then\r\n  B=2\r\nfi\r\n",
      below: "if true"),
    .init("CRLF in a here-document", ": <<EOF\r\nx\r\nEOF\r\nA=1\r\n"),
    .init("mixed line ends", "A=1\r\nB=2\nC=3\r\nif true; then\n  D=4\nfi\n"),
    .init("old Mac line ends", "A=1\rB=2\r"),
    .init("byte order mark", "\u{feff}# mine\nA=1\n"),
    .init("byte order mark before what is broken", "\u{feff}echo it's\nA=1\n", isRefused: true),
    .init(
      "UTF-16", [0xff, 0xfe] + "A=1\nB=2\n".utf16.flatMap { [UInt8($0 & 0xff), UInt8($0 >> 8)] },
      isRefused: true),
    .init(
      "UTF-16 without a mark", "A=1\nB=2\n".utf16.flatMap { [UInt8($0 >> 8), UInt8($0 & 0xff)] },
      isRefused: true),
    .init("NUL bytes", Array("A=1\n# x".utf8) + [0, 0] + Array("\nB=2\n".utf8), in: [.zsh]),
    .init(
      "NUL bytes, at which bash stops", Array("A=1\n# x".utf8) + [0, 0] + Array("\nB=2\n".utf8),
      in: [.bash], below: "# x"),
    .init(
      "a tail of NUL bytes, at which bash stops",
      Array("A=1\n".utf8) + [UInt8](repeating: 0, count: 4000),
      in: [.bash], below: "\0\0"),
    .init(
      "a tail of NUL bytes", Array("A=1\n".utf8) + [UInt8](repeating: 0, count: 4000), in: [.zsh]),
    .init(
      "Latin-1", Array("# caf".utf8) + [0xe9] + Array("\nA='gr".utf8) + [0xfc] + Array("n'\n".utf8)),
    .init(
      "a binary tail",
      Array("A=1\n".utf8) + [0x7f, 0x45, 0x22, 0x01, 0xff, 0x60, 0x28, 0x0a, 0x27, 0x02],
      below: "\u{7f}E\""),
    .init("a line of 1 MB", "A=1\n# \(String(repeating: "x", count: 1_000_000))\nB=2\n"),
    .init("10 MB", String(repeating: "# some comment\n", count: 700_000) + "A=1"),
    .init("one letter", "#"), .init("a blank", " "), .init("a newline", "\n"),
  ]

  /// What ends the reading.
  private static let ends: [StartUpFileShape] = [
    .init("return", "A=1\nreturn\nB=2\n", below: "return"),
    .init("return 0 with its reason", "A=1\n\n# enough\nreturn 0\nB=2\n", below: "# enough"),
    .init("exit", "A=1\nexit 3\nB=2\n", below: "exit"),
    .init("exec of another shell", "A=1\nexec sh -c 'echo other $A'\n", below: "exec"),
    .init(
      "exec in an if", "A=1\nif [ -z \"$OTHER\" ]; then\n  exec env OTHER=1 true\nfi\n", below: "if"
    ),
    .init("exec if", "[ -x /bin/true ] && exec /bin/true\n", below: "[ -x"),
    .init(
      "exec fish", "case $- in *i*) [ -x /no/fish ] && exec /no/fish ;; esac\nA=1\n", below: "case"),
    .init("exec of redirections", "exec 3>&1 4>/dev/null\nexec 5>&-\nA=1\n"),
    .init(
      "tmux", "if [ -z \"$TMUX\" ] && [ -n \"$NEVER\" ]; then\n  exec tmux\nfi\nA=1\n", below: "if"),
    .init("return in a function", "f() { return 3; }\ng () {\n  exit\n}\nA=1\n"),
    .init("return in a text", "A='\nreturn\n'\nB=\"\nexit\n\"\n"),
    .init(
      "a text with a line like a comment above return", "A='x\n# y'\nreturn\n", below: "return"),
    .init("logout", "A=1\n[ -n \"$NEVER\" ] && logout\nB=2\n", below: "[ -n"),
  ]

  private static let guards: [StartUpFileShape] = [
    .init("[[ $- != *i* ]] && return", "[[ $- != *i* ]] && return\nA=1\n", below: "[[ $-"),
    .init(
      "Debian's case",
      "# mine\n\n# If not running\ncase $- in\n    *i*) ;;\n      *) return;;\nesac\nA=1\n",
      below: "# If not"),
    .init("case on one line", "case $- in *i*) ;; *) return;; esac\nA=1\n", below: "case"),
    .init(
      "a guard, and the name below", "[ -z \"$PS1\" ] && return\nalias claude-local='x'\n",
      in: [.bash]),
    .init("ends inside of a function's text", "f() {\n  cat <<E\n}\nE\n}\nA=1\n"),
  ]
}
