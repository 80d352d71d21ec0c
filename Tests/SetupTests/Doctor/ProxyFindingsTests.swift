import Testing

@testable import Setup

@Suite struct ProxyFindingsTests {
  @Test(arguments: [
    ("http://127.0.0.1:11434", "http://127.0.0.1:11434", true),
    ("http://llm.internal", "http://LLM.internal:80", true),
    ("https://llm.internal:443/anthropic", "https://llm.internal/anthropic", true),
    ("http://llm.internal:443", "https://llm.internal", false),
    ("http://127.0.0.1:11434", "http://127.0.0.1:11435", false),
    ("http://llm.internal:8080", "http://llm.internal:80", false),
  ])
  func aPortThatIsWrittenOutMakesNoDifference(upstream: String, engine: String, same: Bool) {
    let findings = ProxyFindings(url: "http://127.0.0.1:4000", upstream: upstream)
    #expect(findings.goes(to: .compatible(url: engine)) == same)
  }
}
