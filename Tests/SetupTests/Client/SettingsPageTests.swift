import Setup
import Support
import Testing

/// docs/settings.md is the table that the program itself uses.
@Test func theSettingsPageIsTheTable() {
  var input = ClientSettings.Input(
    baseURL: "http://127.0.0.1:11434", model: "MODEL", contextWindow: 65_536, profile: .lean,
    lateSystemMessage: .avoid)
  input.fableModel = "library/MODEL"
  let settings = ClientSettings(input)
  var page = """
    # The settings of `claude-local`, and why

    Each variable, setting and argument with its reason and the measurement behind it
    ([measurements](measurements/README.md)). This page is written from the table in
    `Sources/Setup/Client/ClientSettings+Table.swift`; a test compares them. The values are those of a model MODEL with a
    context of 64k at 127.0.0.1:11434, with the lean profile and a model that cannot take a late system message.

    | variable | value | why | measured |
    |---|---|---|---|

    """
  for variable in settings.variables {
    let value =
      switch variable.action {
      case .set(let value): value.isEmpty ? "empty" : "`\(value)`"
      case .unset: "taken away"
      case .preset(let value): "`\(value)`, unless you set it"
      case .read: "the server's token, read at each start"
      case .append(let hosts, _): "yours, and `\(hosts.joined(separator: ","))`"
      }
    page += "| `\(variable.name)` | \(value) | \(variable.reason) | \(variable.source) |\n"
  }
  page += "\n| setting | value | why | measured |\n|---|---|---|---|\n"
  for setting in settings.settings {
    let value =
      switch setting.content {
      case .text(let text): text.isEmpty ? "empty" : "`\(text)`"
      case .list(let list): "`\(list.joined(separator: ", "))`"
      }
    page += "| `\(setting.key)` | \(value) | \(setting.reason) | \(setting.source) |\n"
  }
  page += "\n| argument | why | measured |\n|---|---|---|\n"
  for argument in settings.arguments {
    page += "| `\(argument.text)` | \(argument.reason) | \(argument.source) |\n"
  }
  expectGolden(page, "../../docs/settings.md")
}
