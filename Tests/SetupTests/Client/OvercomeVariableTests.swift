import Setup
import Testing

/// What detection promises to be overcome must be set, emptied or taken away by `claude-local`.
@Test(arguments: ClientVariable.all)
func whatIsSaidToBeOvercomeStandsInTheSettings(_ variable: ClientVariable) {
  let settings = ClientSettings(
    .init(baseURL: "http://127.0.0.1:11434", model: "m", contextWindow: 65_536))
  let names = Set(settings.variables.map(\.name))
  switch variable.kind {
  // A proxy stays, and is told to leave the engine's host alone.
  case .proxy, .direct: #expect(names.contains("NO_PROXY") && names.contains("no_proxy"))
  // The person's own folder and certificates serve the local model as well.
  case .folder, .certificate: #expect(!names.contains(variable.name))
  default: #expect(names.contains(variable.name))
  }
}
