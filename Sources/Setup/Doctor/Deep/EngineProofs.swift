/// What is asked of the server itself.
extension DeepExamination {
  // MARK: - Speed

  func speed() async throws(Failure) -> Known {
    let prompt = Filler.text(bytes: 4_500) + "\nReply with the word pong"
    let reading = try await server.evaluate(
      prompt, on: model, maxTokens: 1, clock: world.clock, within: .seconds(600))
    let answer = try await server.read(
      model, prompt: "Count from one to twenty in words.", clock: world.clock,
      within: .seconds(600))
    let tokens = reading.promptTokens > 0 ? reading.promptTokens : prompt.utf8.count / 4
    let evaluated = reading.evaluatedTokens > 0 ? reading.evaluatedTokens : tokens
    return Known(
      promptRate: Double(evaluated) / max(reading.seconds, 0.001),
      answerRate: answer.tokensPerSecond,
      bytesPerToken: Double(prompt.utf8.count) / Double(tokens))
  }

  func speedCheck(_ known: Known) -> Check {
    var figures = ["promptTokensPerSecond": known.promptRate.rounded()]
    figures["answerTokensPerSecond"] = known.answerRate?.rounded()
    let answers = known.answerRate.map { ", answers at \(Int($0.rounded())) tokens/s" } ?? ""
    return Check(
      .deepSpeed, .deep, "Speed", .pass,
      "prompts are evaluated at \(Int(known.promptRate.rounded())) tokens/s\(answers)",
      figures: figures)
  }

  // MARK: - Context

  /// A prompt with a marker at its start, as long as a minute allows: both generations of Ollama cut without a word,
  /// with a 200, and only the count of tokens shows it.
  func contextCheck(_ known: Known) async -> Check {
    let title = "The context that is really there"
    let window = choices.contextWindow
    do throws(Failure) {
      let proof = try await Verify(choices, in: world).contextProof(server)
      if case .failure(let failure) = proof.outcome { throw failure }
      let affordable = max(6_000, Int(known.promptRate * 60))
      let sent = min(window - 512, affordable)
      let marker = Filler.word()
      let prompt = """
        The marker is \(marker).
        \(Filler.text(bytes: Int(Double(sent) * known.bytesPerToken)))
        Reply with the marker alone: the word behind "The marker is" in the first line.
        """
      let expected = Double(prompt.utf8.count) / known.bytesPerToken
      let reading = try await server.evaluate(
        prompt, on: model, maxTokens: 48, clock: world.clock, within: .seconds(1800))
      let isRepeated = reading.text.contains(marker)
      let counted = reading.promptTokens
      var figures = ["contextWindow": Double(window), "tokensSent": expected.rounded()]
      figures["tokensCounted"] = counted > 0 ? Double(counted) : nil
      let whole = sent < window - 512 ? " (more takes longer than a minute here)" : ""
      guard counted > 0 || isRepeated else {
        return Check(
          .deepContext, .deep, title, .warn,
          "not known: the server counts no tokens, and the model did not repeat the marker at the start of \(Int(expected)) tokens",
          figures: figures)
      }
      guard isRepeated || Double(counted) >= expected * 0.9 else {
        return Check(
          .deepContext, .deep, title, .fail,
          "of about \(Int(expected)) tokens \(counted) reached the model: the server cut the rest off, with a 200",
          consequence: "Claude Code's instructions and tools are what is cut off.",
          remedy: remedyOfCut(counted), figures: figures)
      }
      let proved = counted > 0 ? "the server counted \(counted)" : "the server counts none"
      let survived =
        isRepeated
        ? "the marker at its start came back"
        : "the model did not repeat the marker, its count proves it"
      return Check(
        .deepContext, .deep, title, .pass,
        "a prompt of about \(Int(expected)) of \(window) tokens arrived whole\(whole): \(proved), \(survived)",
        figures: figures)
    } catch {
      return broken(.deepContext, title, error)
    }
  }

  /// The server says that it loaded the whole context, and cuts all the same: a smaller one that the client knows of.
  private func remedyOfCut(_ counted: Int) -> Remedy {
    let kept = counted / 1024 * 1024
    return kept >= 4096
      ? Remedy(
        "Choose a context that it keeps", run: "ccl-setup --yes --context \(contextInWords(kept))")
      : Remedy("Choose another model or server", run: "ccl-setup")
  }

  // MARK: - GPU

  func graphicsCheck() async -> Check {
    let title = "The model's place"
    guard choices.engine.isOllama else {
      return notOffered(.deepGPU, title, "it does not tell what is on the GPU")
    }
    do throws(Failure) {
      guard let loaded = try await Verify(choices, in: world).loaded(server) else {
        throw Failure("The model is not loaded", why: "/api/ps does not list \(model)")
      }
      let share =
        loaded.size == 0 ? 0 : min(1, Double(loaded.sizeVram ?? 0) / Double(loaded.size))
      let percent = Int((share * 100).rounded())
      let words = "\(percent) % of \(ByteCount(loaded.size).inMemoryWords) is in GPU memory"
      let figures = ["graphicsShare": share, "bytes": Double(loaded.size)]
      guard share > 0, share < 0.995 else {
        return Check(
          .deepGPU, .deep, title, .pass, share > 0 ? words : "\(words): the CPU computes",
          figures: figures)
      }
      return Check(
        .deepGPU, .deep, title, .warn, words,
        consequence: "The rest is computed by the CPU, which sets the pace.",
        remedy: await remedyOfSplit(loaded), figures: figures)
    } catch {
      return broken(.deepGPU, title, error)
    }
  }

  // MARK: - Tiers and loads

  /// What the client asks for by each tier's name; `claude-local` sends all of them to one model.
  private var tierNames: [(tier: String, model: String)] {
    ClientProbe.tiers.compactMap { tier in
      // An older client takes the word itself for a model's name: there the tier does not exist.
      contract?.unknownTiers.contains(tier) == true ? nil : (tier, model)
    }
  }

  /// Asks every name once, and looks after each answer whether the server had to load something.
  func tierChecks() async -> [Check] {
    // Names that the person gave to other models are meant to load those.
    let others =
      choices.engine.isOllama
      ? Tier.allCases.flatMap(\.anthropicNames).filter { choices.additions.aliases[$0] == nil }
      : []
    var refused: [String] = []
    var isTold = choices.engine.isOllama
    var loads = 0
    var loaded = await loadedNow()
    // As a session does: its own model, subagents and the background's (haiku), then its own again.
    for name in tierNames.map(\.model) + others + [model] {
      do throws(Failure) {
        _ = try await server.evaluate(
          "Reply with the word pong", on: name, maxTokens: 1, clock: world.clock,
          within: .seconds(600))
      } catch {
        refused.append("\(printable(name)): \(error.why)")
      }
      guard isTold else { continue }
      guard let now = await loadedNow(), let before = loaded else {
        isTold = false
        continue
      }
      loads += now.subtracting(before).count
      loaded = now
    }
    let tiers = tierNames.map { $0.tier == "none" ? "the session itself" : $0.tier }
    let title = "Every tier and the background model"
    let more = others.isEmpty ? "" : ", and \(others.count) Anthropic names for other clients"
    let answered =
      refused.isEmpty
      ? Check(
        .deepTiers, .deep, title, .pass,
        "\(printable(model)) answers for \(tiers.joined(separator: ", "))\(more)")
      : Check(
        .deepTiers, .deep, title, .fail, refused.joined(separator: "; "),
        consequence: "Whoever asks for such a name gets no answer.", remedy: .fix)
    let loading = "Loads of a session with subagents"
    guard isTold else {
      return [
        answered, notOffered(.deepLoads, loading, "it does not tell what it has loaded"),
      ]
    }
    let figures = ["loads": Double(loads)]
    return [
      answered,
      loads == 0
        ? Check(
          .deepLoads, .deep, loading, .pass,
          "none beyond the first: session, subagents and background requests share one loaded model",
          figures: figures)
        : Check(
          .deepLoads, .deep, loading, .warn,
          "\(loads) more while its names were asked for one after the other",
          consequence: "Each load takes the time that starting takes, and forgets the prompt.",
          remedy: .fix, figures: figures),
    ]
  }

  /// One runner for each digest and context; `nil` where the server does not tell.
  private func loadedNow() async -> Set<String>? {
    guard let models = try? await server.loadedModels() else { return nil }
    return Set(models.map { "\($0.digest ?? $0.name) \($0.contextLength ?? 0)" })
  }

  // MARK: - Tools

  func toolCheck(_ known: Known) async -> Check {
    let title = "A tool among ten"
    let path = "/srv/notes/list.txt"
    let bytes = Int(Double(min(5_000, choices.contextWindow / 2)) * known.bytesPerToken)
    let prompt = """
      \(Filler.text(bytes: bytes))
      Use the tool Read to read the file \(path), then say what it says.
      """
    do throws(Failure) {
      let reading = try await server.evaluate(
        prompt, tools: Filler.tools, on: model, maxTokens: 400, clock: world.clock,
        within: .seconds(1800))
      let figures = [
        "promptTokens": Double(reading.promptTokens), "tools": Double(Filler.tools.count),
        "seconds": reading.seconds,
      ]
      guard let call = reading.call else {
        return Check(
          .deepTools, .deep, title, .fail,
          "it answered in words instead of calling one: “\(printable(String(reading.text.trimmed.prefix(60))))”",
          consequence: "Claude Code works through tools: this model will talk and do nothing.",
          remedy: await remedyOfModel(), figures: figures)
      }
      let argument = call.input["file_path"]?.text
      guard call.name == "Read", argument != nil else {
        return Check(
          .deepTools, .deep, title, .warn,
          "it called \(printable(call.name)) with \(printable(String(call.input.compact.prefix(80)))) where Read was asked for",
          consequence: "The model mixes up tools once there are many.", figures: figures)
      }
      let isRight = argument == path
      return Check(
        .deepTools, .deep, title, isRight ? .pass : .warn,
        "behind \(reading.promptTokens) tokens it called Read with \(printable(argument ?? ""))"
          + (isRight ? "" : " where \(path) was asked for"), figures: figures)
    } catch {
      return broken(.deepTools, title, error)
    }
  }
}

/// Text and tools that mean nothing, and that no cache has seen.
enum Filler {
  /// A word that no text contains by chance.
  static func word() -> String {
    "MARK" + String((0..<8).map { _ in "BCDFGHKLMNPRSTVWXZ".randomElement() ?? "X" })
  }

  static func text(bytes: Int) -> String {
    // The number in front of it makes every text another one from its first token on.
    var text = "Record \(Int.random(in: 100_000...999_999)).\n"
    var line = 0
    while text.utf8.count < bytes {
      line += 1
      let (room, shelf, count) = (line * 7 % 31, line * 13 % 97, line * 29 % 211)
      text +=
        "Line \(line): room \(room), shelf \(shelf), holds \(count) boxes of the old archive.\n"
    }
    return text
  }

  static let tools: [JSON] = [
    tool("Bash", "Run a command in a shell.", "command"),
    tool(
      "Edit", "Replace a piece of a file by another one.", "file_path", "old_string", "new_string"),
    tool("Glob", "List the files whose names match a pattern.", "pattern"),
    tool("Grep", "Search the contents of files.", "pattern", "path"),
    tool("ListFolder", "List what is in a folder.", "path"),
    tool("Read", "Read a file.", "file_path"),
    tool("Remember", "Keep a note for later.", "note"),
    tool("TodoWrite", "Write the list of things to do.", "todos"),
    tool("WebFetch", "Fetch a page.", "url"),
    tool("Write", "Write a file.", "file_path", "content"),
  ]

  private static func tool(_ name: String, _ description: String, _ fields: String...) -> JSON {
    [
      "name": .string(name), "description": .string(description),
      "input_schema": [
        "type": "object",
        "properties": .object(fields.map { JSON.Member($0, ["type": "string"]) }),
        "required": .array(fields.map { .string($0) }),
      ],
    ]
  }
}
