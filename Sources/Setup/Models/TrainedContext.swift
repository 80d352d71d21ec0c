/// A context beyond what the model was trained for. Ollama makes such a variant without a word, and runs it with no more
/// than the trained length (measured on 0.14.3 and 0.32.15): a longer prompt is cut off silently.
///
/// - Parameters:
///   - wanted, trained: tokens.
///   - tryNext: what to choose instead.
func contextBeyondTraining(
  of model: String, _ wanted: Int, trained: Int, tryNext: [String]
) -> Failure {
  Failure(
    "\(printable(model)) cannot use a context of \(contextInWords(wanted))",
    why: "it was trained for \(trained) tokens, and Ollama runs it with no more",
    tryNext: tryNext, code: .usage)
}

/// A context beyond the one with which a server that is not Ollama was started: it refuses longer prompts.
///
/// - Parameters:
///   - wanted, serves: tokens.
///   - tryNext: what to choose instead.
func contextBeyondServer(
  _ url: String, _ wanted: Int, serves: Int, tryNext: [String]
) -> Failure {
  Failure(
    "\(url) cannot hold \(contextInWords(wanted))", why: "its context is \(serves) tokens",
    tryNext: tryNext, code: .usage)
}

extension Survey {
  /// The longest context that a model was trained for, in tokens: as its server tells, else as the catalogue does;
  /// `nil` where neither knows.
  func trainedContext(of model: String, _ catalogue: Catalogue) -> Int? {
    server?.trained[model]
      ?? (try? ModelName(model)).flatMap { catalogue.model(named: $0)?.nativeContext }
  }
}

extension OllamaServer {
  /// The longest context that a model was trained for, in tokens; `nil` where the server does not tell.
  ///
  /// - Parameter listed: the model as `/api/tags` lists it: 0.32.15 tells it there already, 0.14.3 only in `/api/show`.
  func trainedContext(of listed: Model) async -> Int? {
    if let told = listed.details?.contextLength { return told }
    return (try? await details(listed.name))?.info?.nativeContext
  }
}
