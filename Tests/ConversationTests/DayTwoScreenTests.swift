import Conversation
import Setup
import Support
import Testing

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// The tables of `models` and `status` in terminals of several widths, compared with `Tests/Transcripts/day-two/`.
struct DayTwoScreenTests {
  private static let overview = """
    {"memoryBytes": 25769803776, "entries": [
      {"name": "gpt-oss:20b-64k", "aliases": ["coder"], "tiers": ["opus", "sonnet", "fable"], "isChosen": true,
       "bytes": 13780000000, "family": "gptoss", "parameters": "20.9B", "quantization": "MXFP4",
       "contextWindow": 65536, "trainedContext": 131072, "tools": true,
       "fit": {"verdict": "fits", "longestContext": 131072, "need": 16213000000}},
      {"name": "qwen3-coder:30b-128k", "aliases": [], "tiers": [], "isChosen": false,
       "bytes": 18600000000, "family": "qwen3moe", "parameters": "30.5B", "contextWindow": 131072,
       "trainedContext": 262144, "tools": true,
       "fit": {"verdict": "withLess", "longestContext": 32768, "need": 32500000000}},
      {"name": "deepseek-r1:14b", "aliases": [], "tiers": [], "isChosen": false, "bytes": 9000000000,
       "family": "qwen2", "parameters": "14.8B", "trainedContext": 131072, "tools": false,
       "fit": {"verdict": "fits", "longestContext": 65536, "need": 22000000000}},
      {"name": "qwen3:1.7b", "aliases": ["small", "quick"], "tiers": ["haiku"], "isChosen": false,
       "bytes": 1400000000, "family": "qwen3", "parameters": "2.0B", "trainedContext": 40960, "tools": true,
       "fit": {"verdict": "fits", "longestContext": 32768, "need": 5400000000}},
      {"name": "hf.co/somebody/A-Very-Long-Name-Indeed-GGUF:Q4_K_M", "aliases": [], "tiers": [], "isChosen": false,
       "bytes": 70000000000, "tools": true, "fit": {"verdict": "tooBig"}},
      {"name": "served-elsewhere", "aliases": [], "tiers": [], "isChosen": false, "contextWindow": 32768,
       "fit": {"verdict": "unknown", "longestContext": 32768}}]}
    """
  private static let ollama = """
    {"engine": "Ollama in Docker", "isOurs": true, "url": "http://127.0.0.1:11434", "version": "0.32.15",
     "container": {"name": "ollama", "state": "running", "status": "Up 3 hours (healthy)"},
     "model": "gpt-oss:20b-64k", "contextWindow": 65536, "profile": "full", "loaded": [
      {"name": "gpt-oss:20b-64k", "bytes": 16213000000, "contextWindow": 65536, "graphicsShare": 0.874, "secondsLeft": 1741},
      {"name": "qwen3:1.7b", "bytes": 5400000000, "contextWindow": 4096, "graphicsShare": 0}]}
    """
  private static let elsewhere = """
    {"engine": "the server at https://llm.example.internal", "isOurs": true,
     "url": "https://llm.example.internal", "version": "vLLM 0.21.0", "loaded": [], "model": "team-coder",
     "contextWindow": 131072, "profile": "full",
     "findings": {"url": "https://llm.example.internal", "product": "vLLM", "version": "0.21.0",
      "models": [{"name": "team-coder", "contextWindow": 131072}], "countsTokens": true, "record": "metrics"}}
    """
  private static let down = """
    {"engine": "Ollama in Docker", "isOurs": true, "url": "http://127.0.0.1:11434", "problem": "nothing listens there",
     "container": {"name": "ollama", "state": "exited", "status": "Exited (0) 2 minutes ago"}, "loaded": [],
     "model": "gpt-oss:20b-64k", "contextWindow": 65536, "profile": "lean"}
    """

  @Test(arguments: [40, 80, 160]) func tables(width: Int) throws {
    let terminal = Terminal(width: width, hasColour: false, canRedraw: true)
    let overview = try JSONDecoder().decode(ModelOverview.self, from: Data(Self.overview.utf8))
    var shown = terminal.render(
      modelsScreen(overview, title: "Ollama in Docker", width: width))
    for status in [Self.ollama, Self.elsewhere, Self.down] {
      let status = try JSONDecoder().decode(EngineStatus.self, from: Data(status.utf8))
      shown += "\n" + terminal.render(engineStatusScreen(status, width: width))
    }
    expectGolden(shown, "day-two/tables-\(width).txt")
    for line in shown.split(separator: "\n") {
      let words = line.split(separator: " ")
      #expect(columns(String(line)) <= width || words.count == 1, "\(line)")
    }
  }
}
