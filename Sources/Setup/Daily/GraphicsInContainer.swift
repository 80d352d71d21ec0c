extension Choices {
  /// Gives the container the NVIDIA cards, or takes them away.
  /// - Throws: a `Failure` where no container could have them.
  public mutating func use(graphics: Bool, on machine: Machine) throws(Failure) {
    guard case .docker(let port, _) = engine else {
      if !graphics { return }
      throw EngineAtHand.noCardsToGive(engine.title)
    }
    if graphics, machine.graphics.nvidia.isEmpty || machine.graphics.toolkit != .working {
      throw Failure(
        "The container cannot have a GPU",
        why: machine.graphics.probe(on: machine.system, docker: machine.docker).finding.plain,
        tryNext: machine.graphics.remedies(on: machine.system, docker: machine.docker).first?.lines
          ?? ["`ccl-setup start` uses the CPU."])
    }
    engine = .docker(port: port, graphics: graphics)
  }
}

extension EngineAtHand {
  /// The answer to `--gpu` for anything but a container.
  public static func noCardsToGive(_ title: String) -> Failure {
    Failure(
      "--gpu is for Ollama in Docker", why: "\(title) finds its GPU by itself",
      tryNext: ["`ccl-setup start`", "`ccl-setup status` says what is on the GPU."], code: .usage)
  }
}
