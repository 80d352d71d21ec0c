import ArgumentParser

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// The commands with their options and arguments, as ArgumentParser itself describes them.
struct CommandTree: Decodable, Sendable {
  struct Argument: Decodable, Sendable {
    enum Kind: String, Decodable { case positional, option, flag }
    struct Name: Decodable, Sendable {
      enum Kind: String, Decodable { case long, short, longWithSingleDash }
      var kind: Kind
      var name: String

      /// As it is typed.
      var typed: String { (kind == .long ? "--" : "-") + name }
    }
    var kind: Kind
    var shouldDisplay: Bool
    var isRepeating: Bool
    var names: [Name]?
    var valueName: String?
    var allValues: [String]?
    var abstract: String?
  }
  var commandName: String
  var shouldDisplay: Bool?
  var aliases: [String]?
  var abstract: String?
  var defaultSubcommand: String?
  var subcommands: [CommandTree]?
  var arguments: [Argument]?

  /// The tree of this program.
  static func ofThisProgram() throws -> CommandTree {
    struct Whole: Decodable { var command: CommandTree }
    return try JSONDecoder().decode(Whole.self, from: Data(CCLSetup._dumpHelp().utf8)).command
  }

  /// The subcommand of this name or alias.
  subscript(name: String) -> CommandTree? {
    subcommands?.first { $0.commandName == name || ($0.aliases ?? []).contains(name) }
  }

  /// The subcommands that a person is offered.
  var offered: [CommandTree] { (subcommands ?? []).filter { $0.shouldDisplay ?? true } }
}
