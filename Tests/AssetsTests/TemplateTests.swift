import Assets
import Testing

@Suite struct TemplateTests {
  @Test(arguments: [
    (Quoting.posix, "it's", #"'it'\''s'"#),
    (.posix, #"a\b $(c) "d" `e`"#, #"'a\b $(c) "d" `e`'"#),
    (.posix, "", "''"),
    (.fish, "it's", #"'it\'s'"#),
    (.fish, #"a\b\"#, #"'a\\b\\'"#),
    (.fish, "a\nb $x (y)", "'a\nb $x (y)'"),
    (.json, "a\"b\\c\nd\u{1}é", #""a\"b\\c\nd\u0001é""#),
    // A quote that a combining accent follows is still a quote to the shell.
    (.posix, "'\u{301}", "''\\''\u{301}'"),
  ])
  func quotes(quoting: Quoting, text: String, literal: String) {
    #expect(quoting.quoted(text).unicodeScalars.elementsEqual(literal.unicodeScalars))
  }

  @Test func fillsInValuesSectionsAndLists() throws {
    let text = """
      {{#on}}
      on {{name}}
      {{/on}}
      {{^on}}
      off
      {{/on}}
      x="${{{name}}-}"
      {{#list}}
      {{key}}={{value}}{{^last}},{{/last}}
      {{/list}}
      {{^list}}none{{/list}}end
      """
    let values: [String: Value] = [
      "on": .flag(true), "name": .word("NAME"),
      "list": .list([
        ["key": .word("a"), "value": .text("1'")], ["key": .word("b"), "value": .text("2")],
      ]),
    ]
    #expect(
      try render(text, quoting: .posix, values) == """
        on NAME
        x="${NAME-}"
        a='1'\\''',
        b='2'
        end
        """)
    #expect(
      try render(
        text, quoting: .posix,
        ["on": .flag(false), "name": .word("N"), "list": .list([])])
        == "off\nx=\"${N-}\"\nnoneend")
  }

  @Test(
    arguments: [
      ("{{a}}", [:], TemplateError.missing("a")),
      ("{{#a}}{{/a}}", [:], .missing("a")),
      ("{{a}}", ["a": .word("x y")], .unsuitable("a")),
      ("{{a}}", ["a": .word("")], .unsuitable("a")),
      ("{{a}}", ["a": .text("x\0y")], .unsuitable("a")),
      ("{{a}}", ["a": .flag(true)], .unsuitable("a")),
      ("{{#a}}{{/a}}", ["a": .text("x")], .unsuitable("a")),
      ("{{a", ["a": .text("x")], .unclosed("a")),
      ("{{#a}}", ["a": .flag(true)], .unclosed("a")),
      ("{{#a}}{{/b}}", ["a": .flag(true)], .unclosed("a")),
      ("{{/b}}", [:], .unclosed("b")),
    ] as [(String, [String: Value], TemplateError)])
  func refuses(text: String, values: [String: Value], error: TemplateError) {
    #expect(throws: error) { try render(text, quoting: .posix, values) }
  }

  @Test func leavesHomeToTheShell() throws {
    let values = ["p": Value.homePath(#".config/it's \"#)]
    #expect(try render("{{p}}", quoting: .posix, values) == #""${HOME-}"'/.config/it'\''s \'"#)
    #expect(try render("{{p}}", quoting: .fish, values) == #""$HOME"'/.config/it\'s \\'"#)
    #expect(throws: TemplateError.unsuitable("p")) {
      try render("{{p}}", quoting: .json, values)
    }
  }

  @Test func aFileWithoutQuotingTakesWordsOnly() throws {
    let values: [String: Value] = ["from": .word("qwen3:1.7b"), "contextWindow": .word("65536")]
    #expect(
      try render(.modelfile, values) == "FROM qwen3:1.7b\nPARAMETER num_ctx 65536\n")
    #expect(throws: TemplateError.unsuitable("from")) {
      try render(.modelfile, ["from": .text("a b"), "contextWindow": .word("1")])
    }
  }
}
