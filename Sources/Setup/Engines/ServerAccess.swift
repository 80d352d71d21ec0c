import SystemPackage

/// How a server elsewhere is reached, beyond its address. Only places are kept here and in the receipt, never a secret.
public struct ServerAccess: Sendable, Hashable, Codable {
  public enum Token: Sendable, Hashable, Codable {
    /// A file of the person's that only they can read, with the token in one line.
    case file(path: String)
    /// A generic password of the macOS keychain, by its service name.
    case keychain(service: String)
  }
  public var token: Token?
  /// A PEM file of certificate authorities that count beside the system's own.
  public var authority: String?

  public init(token: Token? = nil, authority: String? = nil) {
    self.token = token
    self.authority = authority
  }

  public var isEmpty: Bool { token == nil && authority == nil }
}

extension ServerAccess {
  /// Looks whether files are there, and the token's is nobody else's to read.
  func check(in world: World) throws(Failure) {
    if let authority {
      do { _ = try world.files.read(FilePath(authority)) } catch {
        throw Failure(
          "The certificate authority cannot be read", why: "\(authority): \(error.reason)",
          tryNext: ["`--ca FILE` takes a PEM file."], code: .usage)
      }
    }
    guard case .file(let path)? = token else { return }
    let place = FilePath(path)
    let status: FileStatus?
    do { status = try world.files.status(world.files.resolve(place)) } catch {
      throw Failure("The token cannot be read", why: "\(path): \(error.reason)", code: .usage)
    }
    guard let status else {
      throw Failure("The token cannot be read", why: "there is no \(path)", code: .usage)
    }
    guard status.mode & 0o077 == 0 else {
      throw Failure(
        "The token's file is not private",
        why:
          "\(path) has mode \(String(status.mode, radix: 8)): others on this machine can read it",
        tryNext: ["`chmod 600 \(shellQuoted(path))`"], code: .usage)
    }
  }

  /// The token itself, `nil` when none is needed.
  func secret(in world: World) async throws(Failure) -> String? {
    switch token {
    case nil: return nil
    case .file(let path):
      try check(in: world)
      let text: String
      do { text = String(decoding: try world.files.read(FilePath(path)), as: UTF8.self) } catch {
        throw Failure("The token cannot be read", why: "\(path): \(error.reason)")
      }
      return try token(in: text, from: path)
    case .keychain(let service):
      let call = Self.keychainCall(service)
      do {
        let result = try await world.programs.run(call, within: .seconds(60))
        guard result.succeeded else { throw commandFailure(call, result) }
        return try token(in: result.output, from: "the keychain's \(service)")
      } catch let problem as ProgramProblem {
        throw programFailure(problem)
      } catch let failure as Failure {
        throw failure
      } catch {
        throw Failure("The keychain could not be asked", why: "\(error)")
      }
    }
  }

  /// The same words stand in the function `claude-local`.
  static func keychainCall(_ service: String) -> Invocation {
    Invocation("security", ["find-generic-password", "-s", service, "-w"])
  }

  private func token(in text: String, from place: String) throws(Failure) -> String {
    let token = text.trimmed
    // A header of several lines, or with control characters, would be another request.
    guard !token.isEmpty, token.utf8.allSatisfy({ (0x21...0x7e).contains($0) }) else {
      throw Failure(
        "There is no token", why: "\(place) is empty, or has more than one word",
        tryNext: ["The token alone, in one line."], code: .usage)
    }
    return token
  }
}

extension World {
  /// The same world, whose requests to this server carry its token and trust its authority.
  public func reaching(
    _ url: String, by access: ServerAccess?
  ) async throws(Failure) -> World {
    guard let access, !access.isEmpty else { return self }
    try access.check(in: self)
    let secret = try await access.secret(in: self)
    var world = self
    let (exchange, stream) = (network.exchange, network.stream)
    @Sendable func admitted(_ request: WebRequest) -> WebRequest {
      guard request.url == url || request.url.hasPrefix(url + "/") else { return request }
      var request = request
      request.authority = access.authority
      if let secret { request.headers.append(WebHeader("authorization", "Bearer \(secret)")) }
      return request
    }
    world.network.exchange = { request throws(NetworkProblem) in
      try await exchange(admitted(request))
    }
    world.network.stream = { request, head, receive in
      try await stream(admitted(request), head, receive)
    }
    return world
  }

  /// The same world, which reaches the server of the setup as it wants to be reached.
  public func admitted() async throws(Failure) -> World {
    // A receipt that cannot be read is told by whoever needs what is in it.
    guard let choices = (try? ReceiptStore(in: self).read())?.choices else { return self }
    return try await reaching(choices.engine.url, by: choices.access)
  }

  /// As `admitted`; where the token or the authority is gone the server says so itself, and nothing else is kept from
  /// being looked at or taken back.
  public func admittedIfPossible() async -> World { (try? await admitted()) ?? self }
}
