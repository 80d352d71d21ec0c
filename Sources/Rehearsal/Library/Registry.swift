/// The registry from which the stand-in pulls: what registry.ollama.ai is to Ollama, inside the process.
struct Registry: Sendable {
  struct Entry: Sendable {
    var model: CatalogueModel
    var manifest: Manifest
    var blobs: [String: Blob]
  }

  private let entries: [ModelName: Entry]
  private let models: [String: CatalogueModel]

  init(_ catalogue: [CatalogueModel]) {
    var entries: [ModelName: Entry] = [:]
    for model in catalogue {
      guard let name = ModelName(model.name) else { continue }
      entries[name] = Registry.entry(model)
    }
    self.entries = entries
    models = Dictionary(catalogue.map { ($0.weights, $0) }, uniquingKeysWith: { first, _ in first })
  }

  /// The name is looked up without regard to case, as registry.ollama.ai does.
  subscript(name: ModelName) -> Entry? {
    entries[name] ?? entries.first { $0.key.matchesIgnoringCase(name) }?.value
  }

  /// The model whose weights those are.
  func model(weights digest: String?) -> CatalogueModel? { digest.flatMap { models[$0] } }

  private static func entry(_ model: CatalogueModel) -> Entry {
    var blobs: [String: Blob] = [model.weights: .weights(size: model.size)]
    func small(_ type: String, _ text: String) -> Manifest.Layer {
      let bytes = Array(text.utf8)
      let layer = Manifest.Layer(mediaType: type, contents: bytes)
      blobs[layer.digest] = .contents(bytes)
      return layer
    }
    let weights = Manifest.Layer(
      mediaType: Manifest.Layer.weights, digest: model.weights, size: model.size)
    let template = small(Manifest.Layer.template, model.tools ? chatWithTools : chat)
    let license = small(Manifest.Layer.license, licenseText)
    let parameters = small(
      Manifest.Layer.parameters,
      #"{"stop":["\u003c|im_start|\u003e","\u003c|im_end|\u003e"]}"# + "\n")
    let configuration = small(
      Manifest.Layer.configuration, Configuration(model).json.description + "\n")
    // Of one half of the models the large blob is the first layer, of the other it is not.
    let layers =
      model.name.utf8.count.isMultiple(of: 2)
      ? [weights, template, license, parameters] : [template, license, weights, parameters]
    return Entry(
      model: model, manifest: Manifest(configuration: configuration, layers: layers), blobs: blobs)
  }

  /// The configuration blob (`ConfigV2` of Ollama).
  struct Configuration {
    var format = "gguf"
    var family: String
    var parameters: String
    var quantization: String
    var renderer: String

    init(_ model: CatalogueModel) {
      family = model.architecture
      parameters = model.parameters
      quantization = model.quantization
      renderer = model.lateSystem == .dropped ? "qwen3-coder" : ""
    }

    var json: JSON {
      let renderer = JSON.string(renderer)
      return .object(
        [
          .init("model_format", .string(format)), .init("model_family", .string(family)),
          .init("model_families", [.string(family)]), .init("model_type", .string(parameters)),
          .init("file_type", .string(quantization)),
        ] + (renderer.isEmpty ? [] : [.init("renderer", renderer), .init("parser", renderer)])
          + [.init("architecture", "amd64"), .init("os", "linux")])
    }
  }

  private static let chat = """
    {{- range .Messages }}<|im_start|>{{ .Role }}
    {{ .Content }}<|im_end|>
    {{ end }}<|im_start|>assistant

    """

  private static let chatWithTools = """
    {{- if or .System .Tools }}<|im_start|>system
    {{ if .System }}{{ .System }}
    {{ end }}
    {{- if .Tools }}<tools>{{ range .Tools }}
    {"type": "function", "function": {{ .Function }}}{{ end }}
    </tools>
    For each function call, return a json object within <tool_call></tool_call> tags.{{ end }}<|im_end|>
    {{ end }}
    {{- range .Messages }}{{ if ne .Role "system" }}<|im_start|>{{ .Role }}
    {{ .Content }}{{ range .ToolCalls }}<tool_call>
    {"name": "{{ .Function.Name }}", "arguments": {{ .Function.Arguments }}}
    </tool_call>{{ end }}<|im_end|>
    {{ end }}{{ end }}<|im_start|>assistant

    """

  private static let licenseText =
    "This is a stand-in for a model: there are no weights, and so nothing to license.\n"
}
