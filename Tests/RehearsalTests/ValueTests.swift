import Testing

@testable import Rehearsal

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// The pure parts: JSON as Go writes and reads it, names, durations, digests, tokens, answers.
@Suite struct ValueTests {
  @Test(arguments: [
    ("", "EOF"), ("  \n", "EOF"), ("{", "unexpected EOF"), ("[1,", "unexpected EOF"),
    (#""abc"#, "unexpected EOF"), (#"{"a":1"#, "unexpected EOF"),
    ("oops", "invalid character 'o' looking for beginning of value"),
    ("{a:1}", "invalid character 'a' looking for beginning of object key string"),
    (#"{"a" 1}"#, "invalid character '1' after object key"),
    (#"{"a":1 "b"}"#, #"invalid character '"' after object key:value pair"#),
    ("[1 2]", "invalid character '2' after array element"),
    ("trux", "invalid character 'x' in literal true (expecting 'e')"),
    ("\"a\nb\"", #"invalid character '\n' in string literal"#),
    (#""\q""#, "invalid character 'q' in string escape code"),
    ("-x", "invalid character 'x' in numeric literal"),
    ("1.x", "invalid character 'x' after decimal point in numeric literal"),
    ("'x'", #"invalid character '\'' looking for beginning of value"#),
  ])
  func jsonErrorsAreGos(_ text: String, _ message: String) {
    #expect(throws: JSONError(message: message)) { try JSON.parse(Array(text.utf8)) }
  }

  @Test(arguments: [
    (#" {"b":1,"a":[true,null,-1.5e3,"x"]} trailing"#, #"{"b":1,"a":[true,null,-1.5e3,"x"]}"#),
    (#""\u00e9\ud83d\ude00\n\/\u0001""#, "\"é😀\\n/\\u0001\""),
    (#""<a>&\u2028\ud800""#, "\"\\u003ca\\u003e\\u0026\\u2028\u{fffd}\""),
    ("{}", "{}"), ("[]", "[]"), (#"{"a":{}}"#, #"{"a":{}}"#),
  ])
  func jsonIsWrittenAsGoWritesIt(_ text: String, _ written: String) throws {
    #expect(try JSON.parse(Array(text.utf8)).description == written)
  }

  @Test func deepNestingIsAnErrorAndNotACrash() {
    let deep = [UInt8](repeating: UInt8(ascii: "["), count: 1_000_000)
    #expect(throws: JSONError.self) { try JSON.parse(deep) }
  }

  @Test(arguments: [
    ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
    ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
    (
      "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
      "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
    ),
    (
      String(repeating: "a", count: 1000),
      "41edece42d63e8d9bf515a9ba6932e1c20cbc9f5a5d134645adb5db1b9737ea3"
    ),
  ])
  func digests(_ text: String, _ digest: String) {
    #expect(sha256(Array(text.utf8)) == digest)
  }

  @Test(arguments: [
    ("qwen3:1.7b", "qwen3:1.7b"), ("qwen3", "qwen3:latest"), ("me/x", "me/x:latest"),
    ("hf.co/unsloth/Q:Q4_K_M", "hf.co/unsloth/Q:Q4_K_M"),
    ("127.0.0.1:5000/library/tiny", "127.0.0.1:5000/library/tiny:latest"),
    ("http://127.0.0.1:9/library/x:1", "127.0.0.1:9/library/x:1"),
    ("registry.ollama.ai/library/x:1", "x:1"),
  ])
  func names(_ text: String, _ shown: String) {
    #expect(ModelName(text)?.shortest == shown)
  }

  @Test(arguments: [
    "", ":", "x:", "/x", "a/b/c/d", "x[1m]", "x y", "x:y/z:", "-x", "é",
    String(repeating: "x", count: 81),
  ])
  func namesThatAreNone(_ text: String) {
    #expect(ModelName(text) == nil || text == "a/b/c/d")
  }

  @Test(arguments: [
    ("5m", 300.0), ("1h30m", 5400), ("0", 0), ("-1", -1), ("300", 300), ("1.5s", 1.5), ("-1m", -60),
    ("250ms", 0.25),
  ])
  func keepAlive(_ text: String, _ seconds: Double) throws {
    let duration = try #require(Duration(keepAlive: text))
    #expect(abs(duration.seconds - seconds) < 1e-9)
  }

  @Test(arguments: ["", "5 minutes", "m", "5x", "-"])
  func keepAliveThatIsNone(_ text: String) {
    #expect(Duration(keepAlive: text) == nil)
  }

  @Test(arguments: [
    ("", "127.0.0.1", 11434), ("0.0.0.0", "0.0.0.0", 11434), ("0.0.0.0:8080", "0.0.0.0", 8080),
    (":7000", "127.0.0.1", 7000), ("http://box", "box", 80), ("https://box/x", "box", 443),
    ("http://box:9/", "box", 9), ("[::1]:5", "::1", 5), ("[::1]", "::1", 11434),
  ])
  func listen(_ text: String, _ host: String, _ port: Int) {
    #expect(RehearsalConfiguration.Listen(ollamaHost: text) == .init(host: host, port: port))
  }

  @Test func theEnvironmentIsOllamas() {
    let configuration = RehearsalConfiguration(environment: [
      "OLLAMA_HOST": "0.0.0.0", "OLLAMA_CONTEXT_LENGTH": "65536", "OLLAMA_KEEP_ALIVE": "-1",
      "OLLAMA_MODELS": "/models", "OLLAMA_MAX_LOADED_MODELS": "1", "OLLAMA_NO_CLOUD": "1",
      "LLAMA_ARG_CACHE_RAM": "0", "CCL_REHEARSAL_VERSION": "0.14.3",
      "CCL_REHEARSAL_FAULTS": "/api/pull:cut=3",
    ])
    #expect(configuration.listen.host == "0.0.0.0")
    #expect(configuration.contextLength == 65_536)
    #expect(configuration.keepAlive < .zero)
    #expect(configuration.models == "/models")
    #expect(configuration.maxLoadedModels == 1)
    #expect(configuration.noCloud)
    #expect(!configuration.hostCache)
    #expect(configuration.version == "0.14.3")
    #expect(configuration.faults.count == 1)
    let empty = RehearsalConfiguration(environment: [
      "OLLAMA_CONTEXT_LENGTH": "0", "OLLAMA_KEEP_ALIVE": "soon",
    ])
    #expect(empty.contextLength == nil)
    #expect(empty.keepAlive == .seconds(300))
  }

  @Test(arguments: [
    (0.0, "1970-01-01T00:00:00Z"), (951_782_400.5, "2000-02-29T00:00:00.5Z"),
    (1_795_411_415.25, "2026-11-23T05:23:35.25Z"), (-1.0, "1969-12-31T23:59:59Z"),
    (11_018_783_451.0, "2319-03-05T05:10:51Z"),
  ])
  func timestamps(_ seconds: Double, _ text: String) {
    #expect(Date(timeIntervalSince1970: seconds).timestamp == text)
  }

  @Test(
    arguments: [
      ("Answer with exactly: X7", "X7"), ("please reply with the word \"pong\".", "pong"),
      ("Answer with exactly `a b`\nand nothing else", "a b"), ("say hello", nil),
      ("Reply with exactly: first\nno, reply with exactly: second", "second"), ("exactly:", nil),
    ] as [(String, String?)])
  func wordsThatAreAskedFor(_ question: String, _ word: String?) {
    #expect(Answer.word(askedFor: question) == word)
  }

  @Test(
    arguments: [
      ("read the file /tmp/secret.txt", "/tmp/secret.txt"),
      ("What word is in \"/a/b.txt\"?", "/a/b.txt"), ("open /etc/hosts.", "/etc/hosts"),
      ("go to /tmp/secret.txt", nil), ("read the file", nil), ("read 1 / 2", nil),
    ] as [(String, String?)])
  func pathsThatAreAskedFor(_ question: String, _ path: String?) {
    #expect(Answer.path(in: question) == path)
  }

  @Test func withoutReadTheFileIsReadByBash() throws {
    let request = ChatRequest(
      messages: [.init(role: "user", content: "read the file /tmp/a$(x).txt")],
      tools: [.init(name: "Bash", description: "", parameters: .object([]))])
    let call = try #require(Answer(to: request).toolCall)
    #expect(call.arguments["command"] == "cat '/tmp/a$'")
  }

  @Test func commonTextIsCommonTokens() {
    let a = Tokenizer.tokens(of: Array("<|im_start|>user\nThe same beginning, then one".utf8))
    let b = Tokenizer.tokens(of: Array("<|im_start|>user\nThe same beginning, then two".utf8))
    #expect(zip(a, b).prefix { $0 == $1 }.count >= a.count - 2)
    #expect(a != b)
    #expect(Tokenizer.pieces(of: "one two  three").joined() == "one two  three")
    #expect(Tokenizer.pieces(of: "one two").count == 2)
  }
}
