/// The page for `man ccl-setup`, made from ArgumentParser's own description of the commands.
struct Manual {
  private let tree: CommandInfo
  private let version: String

  init(_ tree: CommandInfo, version: String) {
    self.tree = tree
    self.version = version
  }

  /// One command as `--experimental-dump-help` describes it.
  struct CommandInfo: Decodable {
    struct Argument: Decodable {
      struct Name: Decodable {
        var kind: String
        var name: String
      }
      var kind: String
      var shouldDisplay: Bool
      var isOptional: Bool
      var isRepeating: Bool
      var names: [Name]?
      var valueName: String?
      var abstract: String?
    }
    var commandName: String
    var shouldDisplay: Bool?
    var aliases: [String]?
    var abstract: String?
    var discussion: String?
    var defaultSubcommand: String?
    var subcommands: [CommandInfo]?
    var arguments: [Argument]?
  }

  /// The page in the macros of man(7), which every `man` knows.
  var page: String {
    var lines = [
      #".\" Recorded from the commands themselves (Tests/EndToEnd/ManualTests.swift): do not edit."#,
      #".TH CCL-SETUP 1 "" "ccl-setup \#(version)" "User Commands""#,
      ".SH NAME", #"ccl-setup, claude-local \- \#(text(tree.abstract ?? "", sentence: false))"#,
      ".SH SYNOPSIS", #".B ccl-setup"#, #"[\fIcommand\fR] [\fIoptions\fR]"#, ".br",
      ".B claude-local", #"[\fIarguments of claude\fR]"#,
      ".SH DESCRIPTION", text(tree.discussion ?? ""), ".PP",
      text(
        "claude-local is a shell function: Claude Code with the settings for the local model. Every argument is passed on."
      ),
      ".SH COMMANDS",
    ]
    for command in offered(tree) { lines += section(command, path: "") }
    lines += Self.rest
    return lines.joined(separator: "\n") + "\n"
  }

  private func offered(_ command: CommandInfo) -> [CommandInfo] {
    (command.subcommands ?? []).filter { $0.shouldDisplay ?? true && $0.commandName != "help" }
  }

  private func section(_ command: CommandInfo, path: String) -> [String] {
    let arguments = (command.arguments ?? []).filter {
      $0.shouldDisplay
        && !($0.names ?? []).contains { ["help", "version"].contains($0.name) }
    }
    let positionals = arguments.filter { $0.kind == "positional" }.map { argument in
      let name =
        #"\fI\#(text(argument.valueName ?? "", sentence: false))\fR"#
        + (argument.isRepeating ? " ..." : "")
      return argument.isOptional ? "[\(name)]" : name
    }
    let name = (path + command.commandName).replacing("-", with: #"\-"#)
    var lines = [
      #".SS "\#(([#"\fB\#(name)\fR"#] + positionals).joined(separator: " "))""#,
      text(command.abstract ?? ""),
    ]
    if let discussion = command.discussion { lines += [".PP", text(discussion)] }
    if let aliases = command.aliases, !aliases.isEmpty {
      lines += [".PP", text("Also: \(aliases.joined(separator: ", ")).")]
    }
    for argument in arguments where argument.kind != "positional" {
      let names = (argument.names ?? []).sorted { $0.kind == "short" && $1.kind != "short" }
        .map {
          #"\fB\#(($0.kind == "long" ? "--" : "-") + $0.name)\fR"#.replacing("-", with: #"\-"#)
        }
      let value =
        argument.kind == "option"
        ? #" \fI\#(text(argument.valueName ?? "", sentence: false))\fR"# : ""
      lines += [".TP", names.joined(separator: ", ") + value, text(argument.abstract ?? "")]
    }
    return lines
      + offered(command).flatMap { section($0, path: path + command.commandName + " ") }
  }

  /// A paragraph: nothing in it is taken as a request or an escape.
  private func text(_ words: String, sentence: Bool = true) -> String {
    let plain = words.replacing("\\", with: #"\e"#).replacing("-", with: #"\-"#)
      .replacing("`", with: #"\(ga"#).replacing("'", with: #"\(aq"#)
      .split(separator: "\n").joined(separator: " ")
    let trimmed = !sentence && plain.hasSuffix(".") ? String(plain.dropLast()) : plain
    return trimmed.hasPrefix(".") ? #"\&"# + trimmed : trimmed
  }

  /// What no command describes.
  private static let rest = [
    ".SH FILES",
    #".TP"#, #"\fI~/.config/ccl\-setup\fR"#,
    "The function, the settings for the client, the Modelfiles, the Compose files.",
    #".TP"#, #"\fI~/.local/state/ccl\-setup/receipt.json\fR"#,
    "What was done, each change with its undo.",
    ".PP",
    #"\fBXDG_CONFIG_HOME\fR, \fBXDG_STATE_HOME\fR and \fBXDG_DATA_HOME\fR move them."#,
    ".SH ENVIRONMENT",
    #".TP"#, #"\fBOLLAMA_HOST\fR"#,
    "Where an Ollama answers, for the words of daily use before anything is set up.",
    #".TP"#, #"\fBNO_COLOR\fR"#, "No colours.",
    ".SH EXIT STATUS",
    #"0 done; 1 failed; 2 problems found, or in place and not proved; 64 usage; 130 interrupted."#,
    ".SH SEE ALSO",
    #".BR claude (1),"#, #".BR docker (1),"#, #".BR ollama (1)"#,
  ]
}
