import Testing

@testable import Setup

@Suite struct ShellOutlineTests {
  typealias Stop = ShellOutline.Stop

  private func outline(_ text: String) -> ShellOutline { ShellOutline(Array(text.utf8), .zsh) }

  @Test(arguments: [
    ("return\n", 0, false),
    ("a\nreturn 0\nb\n", 2, false),
    ("a; exit\n", 0, false),
    ("a\n[ -z \"$PS1\" ] && return\n", 2, true),
    ("a\n[[ $- != *i* ]] && return\n", 2, true),
    ("a\n[[ ( $- != *i* || -n $x ) ]] && return\n", 2, true),
    ("a\n[ -t 0 ] ||\n  # why\n  return\n", 2, true),
    ("a\n[ -t 0 ] || \\\n  return\n", 2, true),
    ("a\ncase $- in\n    *i*) ;;\n      *) return;;\nesac\n", 2, true),
    ("a\ncase $- in *i*) ;; (*) return ;; esac\n", 2, true),
    ("a\nif ! [ -t 1 ]\nthen return\nfi\n", 2, true),
    ("a\nfor x in 1 2; do [ $x ] && return; done\n", 2, true),
    ("a\nX=1 return\n", 2, false),
    ("a\nwhile :; do break; done; return\n", 2, false),
  ])
  func seesWhatEndsAFile(text: String, start: Int, isConditional: Bool) {
    let found = outline(text)
    #expect(found.isBalanced)
    #expect(found.stops == [Stop(start: start, isConditional: isConditional)])
  }

  @Test(arguments: [
    "f() { return; }\n", "f () {\n  return 1\n}\n", "function f {\n return\n}\n",
    "function f() { if x; then return; fi; }\n", "function f() (\n return\n)\n", "(exit 1)\n",
    "f() ( return )\n", "echo return\n", "# return\n", "echo 'a\nreturn\nb'\n",
    "echo \"a\nreturn\n\"\n",
    "cat <<EOF\nreturn\nEOF\n", "cat <<-'EOF'\n\treturn\n\tEOF\n",
    "cat <<\"A B\" <<C\nreturn\nA B\nexit\nC\n",
    "x=$(\nreturn\n)\n", "x=`\nreturn\n`\n", "a=(\nreturn # )\n)\n", "trap 'return' INT\n",
    "echo \\\nreturn\n",
    "alias q='exit'\n", "echo ${x:-\nreturn\n}\n", "echo $'it\\'s\nreturn\n'\n",
    "echo $((1\n+2))\n", "(( x > 2 ))\n",
    "f() { case x in a) return ;; esac; }\n", "[[ $x =~ ^(a|b)$ ]]\n",
    "echo \"$(echo \"a)\")\" '\"'\n", "print *(N)\n",
    "case $x in a|b) : ;; 'c d') echo return;; esac\n", "case x in esac\n", "x=${#a}; y=$#\n",
    "cat <<< return\n",
    "diff <(a) >(b)\n", "", "\n\n", "echo \"it's\"\n", "{ a; } 2>&1 | b &\n",
    "until false; do :; done\n",
    "select x in a; do break; done\n", "if a; then b; elif c; then d; else e; fi\n", "! true\n",
    "() { return }\n", "export A=b\\\n\n",
  ])
  func seesNothingWhereNothingEnds(text: String) {
    let found = outline(text)
    #expect(found.isBalanced)
    #expect(found.stops.isEmpty)
    #expect(found.unendedHereDocument == nil)
  }

  @Test(arguments: [
    "echo 'a\n", "echo \"a\n", "if a\n", "fi\n", "{ a\n", "}\n", "case x in\n", "esac\n", "a )\n",
    "( a\n",
    "echo $(a\n", "x=(\n", "[[ a\n", "echo `a\n", "a ;;\n", "f() {\n", "done\n",
  ])
  func saysWhatItCannotFollow(text: String) { #expect(!outline(text).isBalanced) }

  @Test func knowsAHereDocumentWithoutEnd() {
    #expect(outline("a\ncat <<EOF\nreturn\n").unendedHereDocument == 2)
    #expect(outline("a\ncat <<EOF").unendedHereDocument == 2)
  }

  /// Any bytes at all: it ends, and inside of the file.
  @Test func survivesAnyBytes() {
    var random = SplitMix(seed: 20)
    let pieces = [
      "if ", "fi", "case x in", ")", "(", "esac", "'", "\"", "`", "$(", "${", "}", "{", "<<E",
      "\nE\n", "\\", "\r\n",
      "\n", "return", "#", ";;", "[[ ", " ]]", "$'", "((", "\u{0}", "é", "&&", "f()",
    ].map { Array($0.utf8) }
    for _ in 0..<3000 {
      let bytes = (0..<Int.random(in: 0...30, using: &random))
        .flatMap { _ in pieces.randomElement(using: &random)! }
      let found = ShellOutline(bytes, .zsh)
      for stop in found.stops {
        #expect(stop.start <= bytes.count)
        #expect(stop.start == 0 || bytes[stop.start - 1] == newline)
      }
    }
  }
}

/// A random number generator whose numbers depend on the seed alone.
struct SplitMix: RandomNumberGenerator {
  private var state: UInt64
  init(seed: UInt64) { state = seed }
  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }
}
