import SystemPackage

/// What is asked through the real client, with a relay of ours in between.
extension DeepExamination {
  func clientChecks(
    _ client: ClaudeCode.Installation, _ known: inout Known
  ) async -> [Check] {
    do throws(Failure) {
      let verify = try Verify(choices, in: world)
      let folder = try verify.proofFolder()
      // Should it stay behind, the next proof and uninstall remove it.
      defer { try? world.files.removeTree(folder) }
      let relay = try await listeners.relay(choices.engine.url, world)
      let session = try ClientCall(
        FilePath(client.path),
        ClientSettings(
          choices, through: relay.url, demands: ClientDemands(contract), document: nil),
        in: folder, world)
      began("a tool round trip of the real client")
      var checks = [try await roundTrip(session, relay, folder)]
      let first = relay.exchanges().filter { $0.prompt != nil }
      known.firstPrompt = first.first?.prompt
      known.firstPromptTokens = first.first.flatMap(tokens)
      began("a second turn of the same conversation")
      checks.append(try await secondTurn(session, relay, known))
      await relay.stop()
      began("the first answer with all tools, and with six")
      checks.append(await waitCheck(client, folder, known))
      return checks
    } catch {
      return [broken(.deepClient, "A tool round trip of the client", error)]
    }
  }

  /// Tokens of the prompt, where the server told them.
  private func tokens(_ exchange: PromptRelay.Exchange) -> Int? {
    let stream = exchange.stream
    let tokens = stream.promptTokens + (stream.cachedTokens ?? 0)
    return tokens > 0 ? tokens : nil
  }

  private func run(_ call: Invocation) async throws(Failure) -> ProgramResult {
    do { return try await world.programs.run(call, within: .seconds(3600)) } catch {
      throw programFailure(error)
    }
  }

  // MARK: - The round trip

  /// Exit codes lie (0 also where the tool was blocked): the file's word has to reach the model.
  private func roundTrip(
    _ session: ClientCall, _ relay: PromptRelay, _ folder: FilePath
  ) async throws(Failure) -> Check {
    let title = "A tool round trip of the client"
    let word = Filler.word()
    let file = folder.appending("secret.txt")
    do { try world.files.write(file, Array("the secret word is \(word)\n".utf8), 0o600) } catch {
      throw Failure(
        "The file to be read could not be written", why: "\(error.path): \(error.reason)")
    }
    let result = try await run(
      session([
        "--allowedTools=Read", "-p",
        "Read the file \(file) and reply with the word that stands in it.",
      ]))
    let prompts = relay.exchanges().filter { $0.prompt != nil }
    let said = printable(String(result.output.trimmed.prefix(80)))
    guard let first = prompts.first else {
      throw ClientComplaint.diagnose(
        result.output + "\n" + result.error, code: result.code, url: choices.engine.url)
    }
    var figures = ["requests": Double(prompts.count)]
    figures["secondsToFirstByte"] = first.secondsToFirstByte
    // In the answer to its own call, not in what the person asked.
    let isRead = prompts.dropFirst().contains {
      String(decoding: $0.request.body, as: UTF8.self).contains(word)
    }
    guard isRead else {
      guard first.status == 200 else {
        throw ClientComplaint.diagnose(
          result.output + "\n" + result.error, code: result.code, url: choices.engine.url)
      }
      return Check(
        .deepClient, .deep, title, .fail,
        "the word in a file never reached the model, the client ended with \(result.code) all the same and said “\(said)”",
        consequence: "Claude Code works through tools: this model will talk and do nothing.",
        remedy: await remedyOfModel(), figures: figures)
    }
    let isSaid = result.output.contains(word)
    return Check(
      .deepClient, .deep, title, .pass,
      "the model called Read, the word in the file reached it in \(prompts.count) requests"
        + (isSaid ? " and its answer says it" : ", though its answer does not say it: “\(said)”"),
      figures: figures)
  }

  // MARK: - The prefix cache

  private func secondTurn(
    _ session: ClientCall, _ relay: PromptRelay, _ known: Known
  ) async throws(Failure) -> Check {
    let title = "What a second turn evaluates again"
    let before = relay.exchanges().filter { $0.prompt != nil }
    let result = try await run(session(["--continue", "-p", "Reply with the word pong"]))
    let after = Array(relay.exchanges().filter { $0.prompt != nil }.dropFirst(before.count))
    guard let earlier = before.last, let later = after.first, let old = earlier.prompt,
      let new = later.prompt
    else {
      throw ClientComplaint.diagnose(
        result.output + "\n" + result.error, code: result.code, url: choices.engine.url)
    }
    let difference = PromptDifference.first(between: old, and: new)
    let stream = later.stream
    var figures: [String: Double] = [:]
    figures["secondsToFirstByte"] = later.secondsToFirstByte
    figures["secondsToFirstByteOfTurn1"] = before.first?.secondsToFirstByte
    // What comes in addition is evaluated in any case.
    let ratio = bytesPerToken(known)
    let size = (old: PromptDifference.bytes(of: old), new: PromptDifference.bytes(of: new))
    let lost = difference?.lostBytes ?? 0
    let added = Int((Double(max(0, size.new - size.old)) / ratio).rounded())
    let evaluated =
      stream.cachedTokens == nil
      ? Int((Double(lost) / ratio).rounded()) + added : stream.promptTokens
    figures["tokensEvaluated"] = Double(evaluated)
    figures["tokensAdded"] = Double(added)
    figures["tokensCached"] = stream.cachedTokens.map(Double.init)
    let blame = difference.map { "; \($0.words)" } ?? ""
    let times = [before.first?.secondsToFirstByte, later.secondsToFirstByte].compactMap { $0 }
      .map { Duration.seconds($0).inWords }.joined(separator: " in turn 1, then ")
    let words =
      if let cached = stream.cachedTokens {
        "\(evaluated) tokens, about \(added) of them new; \(cached) were there already"
      } else {
        "the server does not tell; the prompt \(difference == nil ? "carries the one before on to the byte" : "differs from the one before"), which leaves about \(evaluated) tokens, \(added) of them new"
      }
    let evidence = "\(words); first byte after \(times)\(blame)"
    // A second request, and a long one: it has the model sum up the conversation.
    if after.count > 1, added > 1_000 {
      return Check(
        .deepCache, .deep, title, .warn,
        "the client shortened the conversation in its second turn already (\(after.count) requests)",
        consequence:
          "Its own prompt leaves no room in a context of \(choices.contextWindow) tokens.",
        remedy: await remedyOfShortConversation(), figures: figures)
    }
    guard evaluated - added <= 1_000 else {
      let wait = Duration.seconds(Double(evaluated - added) / known.promptRate).inWords
      return Check(
        .deepCache, .deep, title, .fail, evidence,
        consequence: "Every turn waits \(wait) for what was evaluated before"
          + (difference == nil ? ": the server did not keep it." : "."),
        remedy: difference == nil ? nil : .fix, figures: figures)
    }
    // Nothing differs, yet it took as long as the first time.
    let isSlow =
      stream.cachedTokens == nil && (later.secondsToFirstByte ?? 0) > 3
      && (later.secondsToFirstByte ?? 0) > 0.6 * (before.first?.secondsToFirstByte ?? .infinity)
    return Check(
      .deepCache, .deep, title, isSlow ? .warn : .pass, evidence,
      consequence: isSlow
        ? "It took as long as the first time: the server seems to evaluate all of it again." : nil,
      figures: figures)
  }

  private func bytesPerToken(_ known: Known) -> Double {
    guard let prompt = known.firstPrompt, let tokens = known.firstPromptTokens else {
      return known.bytesPerToken
    }
    return Double(PromptDifference.bytes(of: prompt)) / Double(tokens)
  }

  // MARK: - The wait for a first answer

  private func waitCheck(
    _ client: ClaudeCode.Installation, _ folder: FilePath, _ known: Known
  ) async -> Check {
    let title = "The wait for a first answer"
    var speed = MeasuredSpeed(
      model: model, url: choices.engine.url, clientVersion: client.version ?? "unknown",
      promptRate: known.promptRate, answerRate: known.answerRate, firstPrompts: [:])
    let ratio = bytesPerToken(known)
    for profile in Profile.allCases {
      do throws(Failure) {
        let prompt =
          profile == choices.profile && known.firstPrompt != nil
          ? known.firstPrompt : try await firstPrompt(profile, client, folder)
        guard let prompt else { continue }
        speed.firstPrompts[profile.rawValue] = Int(
          (Double(PromptDifference.bytes(of: prompt)) / ratio).rounded())
      } catch {
        return broken(.deepWait, title, error)
      }
    }
    speed.keep(in: world)
    return speed.check(for: choices.profile, title)
  }

  /// The first prompt of the client in another profile, which no server has to answer.
  private func firstPrompt(
    _ profile: Profile, _ client: ClaudeCode.Installation, _ folder: FilePath
  ) async throws(Failure) -> JSON? {
    let listener = try await listeners.probe()
    let call = try ClientCall(
      FilePath(client.path),
      ClientSettings(
        choices, through: listener.url, profile: profile, demands: ClientDemands(contract),
        document: nil), in: folder,
      world)
    return await listener.firstPrompt(
      of: call(["-p", "Reply with the word pong"]), in: world, within: .seconds(60))
  }
}

extension MeasuredSpeed {
  /// What each profile's first answer takes, and whether the lean one is worth its loss.
  func check(for profile: Profile, _ title: String) -> Check {
    let waits = Profile.allCases.compactMap { profile in
      wait(profile).map { (profile: profile, seconds: $0) }
    }
    let words = waits.map { profile, seconds in
      "\(profile == .full ? "with all tools" : "with six tools") about \(Duration.seconds(seconds).inWords) (\(firstPrompts[profile.rawValue] ?? 0) tokens)"
    }
    var figures: [String: Double] = [:]
    for (profile, seconds) in waits {
      figures["\(profile.rawValue)Seconds"] = (seconds * 10).rounded() / 10
      figures["\(profile.rawValue)Tokens"] = firstPrompts[profile.rawValue].map(Double.init)
    }
    let isLong = (wait(profile) ?? 0) > Self.patience
    let offersLean = isLong && profile == .full && wait(.lean) != nil
    return Check(
      .deepWait, .deep, title, offersLean ? .warn : .pass,
      "predicted: \(words.joined(separator: ", ")); claude-local uses the \(profile.rawValue) profile",
      consequence: offersLean ? "Six tools make it shorter, and do for most work." : nil,
      remedy: offersLean ? Remedy("Use six tools", run: "ccl-setup profile lean") : nil,
      figures: figures)
  }
}
