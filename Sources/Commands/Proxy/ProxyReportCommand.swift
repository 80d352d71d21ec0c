import ArgumentParser
import Live
import Proxy
import Setup
import SystemPackage

/// `ccl-setup proxy report`: the record as a file that opens elsewhere.
struct ProxyReportCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "report",
    abstract: "Make one file of the record: a page that opens anywhere, HAR, or JSON Lines.")

  @Option(help: ArgumentHelp("html, har or jsonl.", valueName: "format")) var format = "html"
  @Option(
    name: .shortAndLong,
    help: ArgumentHelp("Write to this file (default: proxy.FORMAT).", valueName: "file"))
  var output: String?
  @Argument(help: "The record (default: the one in the state folder).") var record: String?

  func run() async throws {
    let world = World.live
    let console = Console(variables: world.environment.variables)
    let (format, output, record) = (format, output, record)
    try await report(on: console) {
      guard let kind = ProxyReport.Format(rawValue: format) else {
        throw Failure(
          "\(format) is no format of a report", why: "it is html, har or jsonl", code: .usage)
      }
      let folder = Folders(world.environment).state.appending("proxy")
      let source = record ?? folder.appending("record.jsonl").string
      let target = output ?? "proxy.\(format)"
      do { try ProxyReport(record: source).write(kind, toFile: target) } catch {
        throw Failure(
          "The report cannot be written", why: "\(error)",
          tryNext: ["`ccl-setup proxy` records while it runs; \(source) is what was looked for."])
      }
      console.say("The report is \(target, .path).")
      // What was rotated away from the record is older.
      let earlier = (1...4).map { "\(source).\($0)" }.filter { world.files.exists(FilePath($0)) }
      if let last = earlier.last {
        console.say(
          "Earlier requests are in \(earlier.count == 1 ? last : "\(earlier[0]) to .\(earlier.count)", .path): \(command: "ccl-setup proxy report \(shellQuoted(last)) -o earlier.\(format)")"
        )
      }
      return .done
    }
  }
}
