extension Change {
  /// The change in words, for the plan, the progress and the receipt.
  public var title: String {
    switch self {
    case .writeFile(let write):
      switch (write.ownership, write.before) {
      case (.ours, nil): "write \(write.path)"
      case (.ours, _): "replace \(write.path)"
      case (.block, nil): "make \(write.path) with one marked block"
      case (.block, _): "add one marked block to \(write.path)"
      }
    case .startEngine(let start): "start Ollama (\(start.name)) at \(start.url)"
    case .pullModel(let pull): "pull \(printable(pull.model))"
    case .createModel(let creation):
      "make \(printable(creation.name)) from \(printable(creation.from)) with a context of \(contextInWords(creation.contextWindow))"
    case .copyModel(_, let from, let to): "alias \(printable(to)) for \(printable(from))"
    case .replaceModel(let replacement):
      "let \(printable(replacement.name)) mean \(printable(replacement.from)), its old meaning kept as \(printable(replacement.keptAs))"
    }
  }
}
