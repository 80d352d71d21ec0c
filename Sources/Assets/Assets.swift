import CAssets

/// A file of the package's top folder that is embedded in the program, named by its path from there.
public enum Asset: String, CaseIterable, Sendable, Hashable {
  case bashFunction = "templates/bash/claude-local.bash"
  case bashRCLine = "templates/bash/rc-line.bash"
  case zshFunction = "templates/zsh/claude-local.zsh"
  case zshRCLine = "templates/zsh/rc-line.zsh"
  case fishFunction = "templates/fish/claude-local.fish"
  case bashCompletion = "templates/bash/completion.bash"
  case zshCompletion = "templates/zsh/completion.zsh"
  case fishCompletion = "templates/fish/ccl-setup.fish"
  case fishFunctionCompletion = "templates/fish/claude-local-completion.fish"
  case manual = "templates/man/ccl-setup.1"
  case claudeSettings = "templates/claude/settings.json"
  case compose = "docker-compose.yml"
  case composeGraphics = "docker-compose.gpu.yml"
  case dockerfile = "Dockerfile"
  case environmentExample = ".env.example"
  case catalogue = "models/catalogue.json"
  case modelfile = "models/Modelfile"

  /// The embedded file.
  public var bytes: [UInt8] {
    var size = 0
    guard let start = ccl_asset(rawValue, &size) else {
      // A case without its `#embed`: a mistake in this package that the first test of it shows.
      preconditionFailure("\(rawValue) is not embedded")
    }
    return Array(UnsafeBufferPointer(start: start, count: size))
  }

  /// The embedded file as text (UTF-8, as all of them are).
  public var text: String { String(decoding: bytes, as: UTF8.self) }
}
