/// What the client's own words mean: its messages name the wrong thing often enough (a base URL with `/v1` looks like
/// a wrong model). Each row was measured; the newest client's words first.
public enum ClientComplaint {
  /// The failure behind a client's output, with what to do.
  public static func diagnose(_ output: String, code: Int32, url: String) -> Failure {
    let words = output.split(whereSeparator: \.isNewline)
      .filter { line in !noise.contains { line.hasPrefix($0) } }
      .joined(separator: "\n").trimmed
    let shown = printable(String(words.prefix(400)))
    for row in rows where row.signs.contains(where: { words.contains($0) }) {
      return Failure(row.what, why: shown, tryNext: row.tryNext)
    }
    return Failure(
      "Claude Code did not answer",
      why: "it ended with exit code \(code)\(shown.isEmpty ? " and said nothing" : ": \(shown)")",
      tryNext: ["`ccl-setup doctor`"])
  }

  /// What an interactive bash says of itself where it has no terminal: no word of the client's.
  private static let noise = ["bash: cannot set terminal process group", "bash: no job control"]

  private struct Row {
    var signs: [String]
    var what: String
    var tryNext: [String]
  }

  private static let rows: [Row] = [
    Row(
      signs: ["ECONNREFUSED", "ConnectionRefused", "Connection refused"],
      what: "Claude Code could not reach the local server",
      tryNext: ["`ccl-setup start`", "If a proxy is set: `ccl-setup doctor` shows which"]),
    Row(
      signs: ["There's an issue with the selected model", "not_found_error"],
      what: "The server answered 404: a wrong base URL or a model that is not there",
      tryNext: ["`ccl-setup fix`"]),
    Row(
      signs: ["does not support tools"],
      what: "This model has no tool support", tryNext: ["Choose another model: `ccl-setup`"]),
    Row(
      signs: ["System message must be at the beginning", "Unable to generate parser"],
      what: "This model's template refuses the client's messages", tryNext: ["`ccl-setup fix`"]),
    Row(
      signs: [
        "AWS credentials", "Google Cloud credentials", "credentials from any providers",
        "ANTHROPIC_FOUNDRY_RESOURCE", "ANTHROPIC_AWS_WORKSPACE_ID", "Google credentials",
      ],
      what: "Claude Code went to a cloud provider instead of the local server",
      tryNext: ["`ccl-setup doctor` shows which setting sends it there", "`ccl-setup fix`"]),
    Row(
      signs: ["managed settings require"],
      what: "This machine's managed settings forbid it",
      tryNext: ["Ask whoever manages this machine: a shell function cannot override them."]),
    Row(
      signs: ["Not logged in", "Invalid API key"],
      what: "Claude Code found no credentials", tryNext: ["`ccl-setup fix`"]),
    Row(
      signs: ["Prompt is too long"],
      what: "The context window is smaller than Claude Code's own prompt",
      tryNext: ["Choose a larger context: `ccl-setup --context 64k`"]),
    Row(
      signs: ["requires more system memory", "bad_alloc"],
      what: "There is not enough memory for this model and context",
      tryNext: ["Choose a smaller model or context: `ccl-setup`"]),
    Row(
      signs: ["there is no program claude on your PATH"],
      what: "Claude Code is not installed",
      tryNext: ["Install it, then run `ccl-setup` again."]),
    Row(
      signs: [
        "command not found: claude-local", "claude-local: command not found",
        "Unknown command: claude-local",
      ],
      what: "A fresh shell does not know claude-local",
      tryNext: ["`ccl-setup fix`", "`ccl-setup doctor` shows what stands in the way"]),
    Row(
      signs: ["Request timed out", "ETIMEDOUT"],
      what: "The model took too long for its first word",
      tryNext: ["`ccl-setup --profile lean`", "Choose a smaller model: `ccl-setup`"]),
  ]
}
