/// What was asked for beyond the one model of the wizard: by `pull`, `alias` and `context`.
public struct Additions: Sendable, Hashable, Codable {
  /// Further models, as the registry names them.
  public var models: [String]
  /// The model that each further name means, by that name.
  public var aliases: [String: String]
  /// Further models with a context of their own baked in.
  public var contexts: [ContextVariant]

  public init(
    models: [String] = [], aliases: [String: String] = [:], contexts: [ContextVariant] = []
  ) {
    self.models = models
    self.aliases = aliases
    self.contexts = contexts
  }

  public var isEmpty: Bool { models.isEmpty && aliases.isEmpty && contexts.isEmpty }
}

/// A model with a context baked in, under the name of `ModelName.derived(context:)`.
public struct ContextVariant: Sendable, Hashable, Codable {
  /// The model that it is made from.
  public var model: String
  /// Tokens.
  public var contextWindow: Int

  public init(model: String, contextWindow: Int) {
    self.model = model
    self.contextWindow = contextWindow
  }

  /// `qwen3-coder-64k` for `qwen3-coder` at 65,536 tokens.
  public func name() throws(Failure) -> ModelName {
    do {
      return try ModelName(model).derived(context: ContextSize(tokens: contextWindow))
    } catch {
      throw Failure("“\(printable(model))” cannot be a model", why: "\(error)", code: .usage)
    }
  }
}

extension Additions {
  /// These, and one more model to have.
  public func pulling(_ model: ModelName) -> Additions {
    var wanted = self
    if !models.contains(model.description) { wanted.models.append(model.description) }
    return wanted
  }

  /// These, and one more name for a model; a name that meant something else means this from now on.
  public func naming(_ model: ModelName, _ name: ModelName) -> Additions {
    var wanted = self
    wanted.aliases[name.description] = model.description
    return wanted
  }

  /// These, and one more model with a context of its own.
  public func baking(_ variant: ContextVariant) -> Additions {
    var wanted = self
    if !contexts.contains(variant) { wanted.contexts.append(variant) }
    return wanted
  }
}
