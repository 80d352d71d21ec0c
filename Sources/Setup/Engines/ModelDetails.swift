#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// All that `/api/show` says of one model.
public struct ModelDetails: Sendable {
  public var description: OllamaServer.Description
  /// Architecture and trained context; `nil` where the answer does not tell them.
  public var info: ModelInfo?

  public init(description: OllamaServer.Description, info: ModelInfo?) {
    self.description = description
    self.info = info
  }
}

extension OllamaServer {
  /// `nil` when the server has no such model.
  public func details(_ model: String) async throws(Failure) -> ModelDetails? {
    guard let description = try await describe(model) else { return nil }
    let brief = try await send("POST", "/api/show", ["model": .string(model)])
    do throws(ModelInfoError) {
      return ModelDetails(description: description, info: try ModelInfo(show: Data(brief.body)))
    } catch {
      guard case .needsVerbose = error else {
        // A model whose architecture is not known yet: its memory stays unknown, the rest is told.
        return ModelDetails(description: description, info: nil)
      }
    }
    let verbose = try await send(
      "POST", "/api/show", ["model": .string(model), "verbose": .bool(true)], limit: .seconds(30))
    return ModelDetails(
      description: description, info: try? ModelInfo(show: Data(verbose.body)))
  }
}
