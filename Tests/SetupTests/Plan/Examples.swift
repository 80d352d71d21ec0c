import Support
import SystemPackage

@testable import Setup

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

extension Machine {
  /// A Linux machine with Docker, and with nothing else that a test did not ask for.
  static func example(_ change: (inout Machine) -> Void = { _ in }) -> Machine {
    var machine = Machine(
      system: OperatingSystem(
        family: .debian, name: "Debian GNU/Linux 12", architecture: "x86_64", isWSL: false),
      processor: Processor(cores: 8, name: "a processor"),
      memory: Memory(total: 64 << 30, available: 56 << 30),
      graphics: Graphics(
        driver: .absent, toolkit: .notNeeded, appleSilicon: false, hasKFD: false),
      disk: Disk(place: "/var/lib/docker", free: 500_000_000_000),
      docker: Docker(state: .working, isVirtualMachine: false, isSnap: false, isRootless: false),
      ollama: OllamaFindings(address: "http://127.0.0.1:11434", port: .free),
      node: NodeRuntime(),
      claude: ClaudeCode(
        configurationFolder: "/home/ada/.claude", hasCompletedOnboarding: true,
        hasStoredLogin: false),
      shells: [ShellFindings(shell: .bash, program: "/bin/bash", isLoginShell: true)],
      conflicts: [])
    change(&machine)
    return machine
  }
}

extension Choices {
  static func example(_ change: (inout Choices) -> Void = { _ in }) -> Choices {
    var choices = Choices(
      engine: .docker(port: 11434, graphics: false), model: "qwen3:1.7b", contextWindow: 32_768,
      shells: [.bash, .zsh, .fish])
    change(&choices)
    return choices
  }
}

/// The person of the tests: no variable but `HOME` and `PATH`.
let ada = ScriptedWorld().environment

func planned(
  _ choices: Choices, machine: Machine = .example(), survey: Survey = Survey(),
  environment: Environment = ada
) throws -> Plan {
  try Plan(
    choices, machine: machine, catalogue: .embedded(), survey: survey, environment: environment)
}

extension OllamaServer.Model {
  static func example(_ name: String, digest: String) -> OllamaServer.Model {
    OllamaServer.Model(name: name, size: 1_400_000_000, digest: digest)
  }
}

extension Survey {
  /// What a look finds after a plan was carried out to the last change: the effects as data.
  func after(_ plan: Plan) -> Survey {
    var survey = self
    var receipt = receipt ?? Receipt(tool: "test")
    receipt.choices = plan.choices
    receipt.entries.removeAll(where: plan.withdrawn.contains)
    var server = server ?? Survey.Server(version: "0.32.15", models: [], contexts: [:])
    func put(_ name: String, _ digest: String) {
      server.models.removeAll { $0.name == name || $0.name == name + ":latest" }
      server.models.append(.example(name.contains(":") ? name : name + ":latest", digest: digest))
    }
    for change in plan.changes {
      let undo: Undo
      switch change {
      case .writeFile(let write):
        survey.files[write.path] = .present(write.after)
        undo = .removeFile(path: write.path.string, after: Digest(of: write.after), folders: [])
      case .startEngine(let start):
        undo =
          if case .detached(let command, _) = start.how {
            .endProcess(id: 4711, program: command.program)
          } else {
            .stopEngine(commands: start.undo, storage: start.undoStorage)
          }
      case .pullModel(let pull):
        put(pull.model, "sha256:base")
        undo = .deleteModel(server: pull.server, name: pull.model, bytes: pull.bytes ?? 0)
      case .createModel(let creation):
        put(creation.name, "sha256:derived-\(creation.contextWindow)")
        server.contexts[creation.name] = creation.contextWindow
        undo = .deleteModel(server: creation.server, name: creation.name, bytes: nil)
      case .replaceModel(let replacement):
        undo = .deleteModel(server: replacement.server, name: replacement.name, bytes: nil)
      case .copyModel(let url, let from, let to):
        put(to, server.models.first { $0.name == from || $0.name == from + ":latest" }!.digest)
        undo = .deleteModel(server: url, name: to, bytes: nil)
      }
      receipt.note(
        Receipt.Entry(
          subject: change.subject, title: change.title, state: .done, undo: undo,
          at: Date(timeIntervalSince1970: 0)))
    }
    survey.server = server
    survey.receipt = receipt
    return survey
  }
}
