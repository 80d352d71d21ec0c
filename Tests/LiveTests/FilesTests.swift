import CSupport
import Live
import Setup
import Support
import SystemPackage
import Testing

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

@Suite("Live: files", .timeLimit(.minutes(4)))
struct FilesTests {
  private let files = Files.live
  private let folder: FilePath

  init() throws { folder = try TemporaryFolder.make("files") }

  private func mode(_ path: FilePath) throws -> UInt16? { try files.status(path)?.mode }
  private func names() throws -> [String] { try files.list(folder) }

  @Test(
    "A file keeps its mode when it is replaced", arguments: [0o600, 0o644, 0o640, 0o755, 0o400])
  func keepsMode(mode: UInt16) throws {
    let path = folder.appending("f")
    try write("old".utf8, to: path, mode: mode)
    try files.write(path, Array("new".utf8), nil)
    #expect(try files.read(path) == Array("new".utf8))
    #expect(try self.mode(path) == mode)
    try files.write(path, [], 0o604)
    #expect(try self.mode(path) == 0o604)
    #expect(try names() == ["f"], "no temporary file is left")
  }

  @Test("A new file is 0644, whatever the umask")
  func newMode() throws {
    let path = folder.appending("f")
    try files.write(path, [1], nil)
    #expect(try mode(path) == 0o644)
  }

  @Test("A file keeps its owner and group", .requires(.superuser))
  func keepsOwner() throws {
    let path = folder.appending("f")
    try write("old".utf8, to: path, mode: 0o640)
    #expect(chown(path.string, 1234, 4321) == 0)
    try files.write(path, [1], nil)
    var found = stat()
    #expect(stat(path.string, &found) == 0)
    #expect(found.st_uid == 1234 && found.st_gid == 4321)
    #expect(try mode(path) == 0o640)
  }

  @Test(
    "A link stays a link, and its target is what is written",
    arguments: ["relative", "absolute", "chained", "dangling", "dangling in a folder"])
  func links(kind: String) throws {
    let home = folder.appending("home")
    let dotfiles = folder.appending("dotfiles")
    for path in [home, dotfiles] { _ = try files.makeFolder(path) }
    let target = dotfiles.appending("rc")
    let link = home.appending(".rc")
    if !kind.hasPrefix("dangling") { try write("old".utf8, to: target, mode: 0o600) }
    switch kind {
    case "absolute": #expect(symlink(target.string, link.string) == 0)
    case "chained":
      #expect(symlink("../home/second", link.string) == 0)
      #expect(symlink("third", home.appending("second").string) == 0)
      #expect(symlink("../dotfiles/rc", home.appending("third").string) == 0)
    case "dangling in a folder":
      #expect(symlink("../dotfiles", home.appending("linked").string) == 0)
      #expect(symlink("linked/rc", link.string) == 0)
    default: #expect(symlink("../dotfiles/rc", link.string) == 0)
    }
    // The folder of the tests may itself lie behind a link.
    let real = try files.resolve(dotfiles).appending("rc")
    #expect(try files.resolve(link) == real)
    #expect(files.isWritable(link))
    try files.write(link, Array("new".utf8), nil)
    guard case .link? = try files.status(link)?.kind else {
      Issue.record("the link was replaced")
      return
    }
    #expect(try files.read(target) == Array("new".utf8))
    #expect(try mode(target) == (kind.hasPrefix("dangling") ? 0o644 : 0o600))
    try files.remove(link)
    #expect(files.exists(target) && !files.exists(link))
  }

  @Test("A loop of links is an error, and ends")
  func loop() throws {
    let path = folder.appending("a")
    #expect(symlink("b", path.string) == 0)
    #expect(symlink("a", folder.appending("b").string) == 0)
    #expect(throws: FileProblem.self) { try files.write(path, [1], nil) }
    #expect(!files.isWritable(path))
  }

  @Test("Links planted beside a file are not followed: its temporary name cannot be known")
  func planted() throws {
    let victim = folder.appending("victim")
    try write("safe".utf8, to: victim)
    let path = folder.appending("rc")
    for name in [".rc.ccl-0", ".rc.ccl-", ".rc.ccl-1", "rc.tmp", ".rc.tmp", "rc~"] {
      #expect(symlink("victim", folder.appending(name).string) == 0)
    }
    let before = try names()
    for round in 0..<20 {
      try files.write(path, [UInt8(round)], nil)
      #expect(try files.read(path) == [UInt8(round)])
    }
    #expect(try files.read(victim) == Array("safe".utf8))
    #expect(try names() == (before + ["rc"]).sorted())
  }

  @Test("What a killed write leaves is known by its name, and nothing else is")
  func leftovers() throws {
    let made = (0..<50).map { _ in TemporaryName.beside(folder.appending(".bashrc")) }
    for path in made {
      let name = try #require(path.lastComponent?.string)
      #expect(path.removingLastComponent() == folder && TemporaryName.isOne(name))
      // Another file's, a changed one, and what somebody else could think of.
      for other in [
        name.replacing("bashrc", with: "zshrc"), String(name.dropLast()), name + "0",
        String(name.dropFirst()),
        ".bashrc.ccl-123456789012", ".bashrc.ccl-0123456789abcdef-0123456789abcdef", ".ccl-", "",
      ] {
        #expect(!TemporaryName.isOne(other), "\(other)")
      }
    }
    #expect(Set(made).count == made.count)
  }

  #if os(Linux)
    @Test(
      "A file keeps its access list and what programs have attached to it", .requires(.superuser))
    func keepsAttributes() throws {
      let path = folder.appending("f")
      try write("old".utf8, to: path, mode: 0o640)
      // Version 2; owner rw, user 1234 r, group r, mask r, others nothing.
      let list: [UInt8] =
        [2, 0, 0, 0] + [1, 0, 6, 0, 255, 255, 255, 255] + [2, 0, 4, 0, 210, 4, 0, 0]
        + [4, 0, 4, 0, 255, 255, 255, 255] + [16, 0, 4, 0, 255, 255, 255, 255]
        + [32, 0, 0, 0, 255, 255, 255, 255]
      let wanted = ["user.mine": Array("word".utf8), "system.posix_acl_access": list]
      for (name, value) in wanted {
        #expect(support_set_attribute(path.string, name, value, value.count) == 0)
      }
      try files.write(path, Array("new".utf8), nil)
      for (name, value) in wanted {
        var found = [UInt8](repeating: 0, count: 100)
        let count = support_get_attribute(path.string, name, &found, found.count)
        #expect(count == value.count && found.starts(with: value), "\(name)")
      }
      #expect(try mode(path) == 0o640 && files.read(path) == Array("new".utf8))
    }
  #endif

  @Test("A file with a second name is not replaced, since that one would keep the old bytes")
  func hardLinks() throws {
    let path = folder.appending("f")
    let other = folder.appending("g")
    try write("old".utf8, to: path)
    #expect(link(path.string, other.string) == 0)
    #expect(!files.isWritable(path))
    #expect(throws: FileProblem.self) { try files.write(path, [1], nil) }
    #expect(try files.read(path) == Array("old".utf8) && names() == ["f", "g"])
  }

  @Test("What is no regular file is not replaced")
  func irregular() throws {
    let path = folder.appending("fifo")
    #expect(mkfifo(path.string, 0o600) == 0)
    #expect(
      throws: FileProblem.other(try files.resolve(path), reason: "this is not a regular file")
    ) {
      try files.write(path, [1], nil)
    }
    #expect(!files.isWritable(path) && !files.isWritable(folder))
    #expect(throws: FileProblem.self) { try files.write(folder, [1], nil) }
    #expect(throws: FileProblem.self) { try files.read(folder) }
  }

  @Test("What has no end is not waited for: a FIFO, a device, and links to them")
  func endless() throws {
    let fifo = folder.appending("fifo")
    #expect(mkfifo(fifo.string, 0o600) == 0)
    let link = folder.appending("link")
    #expect(symlink("/dev/zero", link.string) == 0)
    for path in [fifo, link, "/dev/zero"] {
      let problem = FileProblem.other(path, reason: "this is not a regular file")
      #expect(throws: problem) { try files.read(path) }
      #expect(files.text(path) == nil)
    }
  }

  @Test("What a shell hands over by number is read to its end")
  func handedOver() throws {
    var ends: [Int32] = [0, 0]
    #expect(pipe(&ends) == 0)
    var text = Array("abc".utf8)
    let written = text.withUnsafeMutableBytes { bytes in
      var part = iovec(iov_base: bytes.baseAddress, iov_len: bytes.count)
      return writev(ends[1], &part, 1)
    }
    #expect(written == 3)
    close(ends[1])
    defer { close(ends[0]) }
    #expect(try files.read(FilePath("/dev/fd/\(ends[0])")) == Array("abc".utf8))
  }

  @Test("A link into a folder that is not there cannot be written through")
  func linkIntoNothing() throws {
    for (name, target, isWritable) in [("a", "none/b", false), ("c", "d", true)] {
      let path = folder.appending(name)
      #expect(symlink(target, path.string) == 0)
      #expect(files.isWritable(path) == isWritable)
    }
    #expect(files.isWritable(folder.appending("new/folder/file")))
  }

  @Test("A read-only mark is respected, even by root")
  func readOnly() throws {
    let path = folder.appending("f")
    try write("mine".utf8, to: path, mode: 0o444)
    #expect(!files.isWritable(path))
    #expect(files.isWritable(folder.appending("new")))
    #expect(files.isWritable(folder.appending("no/such/folder/yet")))
  }

  @Test("Missing things are missing, not errors of another kind")
  func missing() throws {
    let path = folder.appending("no/such/file")
    #expect(throws: FileProblem.missing(path)) { try files.read(path) }
    #expect(try files.readIfPresent(path) == nil)
    #expect(try files.status(path) == nil)
    #expect(throws: FileProblem.missing(path)) { try files.list(path) }
    try files.remove(path)
    try files.removeTree(path)
    #expect(try files.removeEmptyFolder(path) == false)
    #expect(try files.resolve(folder.appending("x")).lastComponent == "x")
    #expect(throws: FileProblem.self) { try files.write(path, [1], nil) }
    #expect(try files.freeBytes(path) > 0)
  }

  @Test("A file in a file's place is missing too, or said to be in the way")
  func fileInTheWay() throws {
    let path = folder.appending("f")
    try write("x".utf8, to: path)
    #expect(try files.readIfPresent(path.appending("g")) == nil)
    #expect(throws: FileProblem.self) { try files.makeFolder(path) }
    #expect(throws: FileProblem.self) { try files.makeFolder(path.appending("g")) }
  }

  @Test("Folders are made with their parents, told outermost first, and taken back when empty")
  func folders() throws {
    let inner = folder.appending("a/b/c")
    #expect(try files.makeFolder(inner) == ["a", "a/b", "a/b/c"].map { folder.appending($0) })
    #expect(try files.makeFolder(inner) == [])
    #expect(try mode(inner) == 0o700)
    #expect(try files.removeEmptyFolder(folder.appending("a/b")) == false)
    #expect(try files.removeEmptyFolder(inner))
    #expect(!files.exists(inner) && files.exists(folder.appending("a/b")))
  }

  @Test("A tree is removed without following its links")
  func tree() throws {
    let outside = folder.appending("outside")
    let inside = folder.appending("tree/inside")
    for path in [outside, inside] { _ = try files.makeFolder(path) }
    try write("safe".utf8, to: outside.appending("f"))
    #expect(symlink(outside.string, inside.appending("link").string) == 0)
    #expect(symlink("/nowhere", inside.appending("dangling").string) == 0)
    try write("x".utf8, to: inside.appending("g"), mode: 0o000)
    try files.removeTree(folder.appending("tree"))
    #expect(try names() == ["outside"])
    #expect(try files.read(outside.appending("f")) == Array("safe".utf8))
    #expect(symlink(outside.string, folder.appending("link").string) == 0)
    try files.removeTree(folder.appending("link"))
    #expect(try names() == ["outside"] && files.exists(outside.appending("f")))
  }

  @Test("A full disk leaves the old file whole, and nothing beside it", .requires(.superuser))
  func full() async throws {
    let (files, folder) = (files, folder)
    try await onThreadOfItsOwn {
      try #require(support_mount_for_thread(folder.string, "size=64k") == 0)
      let path = folder.appending("f")
      try files.write(path, Array("old".utf8), nil)
      let tooMuch = [UInt8](repeating: 0, count: 1 << 20)
      #expect(throws: FileProblem.full(path)) { try files.write(path, tooMuch, nil) }
      #expect(try files.read(path) == Array("old".utf8))
      #expect(try files.list(folder) == ["f"])
      #expect(try files.freeBytes(path) < 1 << 17)
    }
  }

  @Test("A read-only file system is said to be one", .requires(.superuser))
  func readOnlySystem() async throws {
    let (files, folder) = (files, folder)
    try await onThreadOfItsOwn {
      try #require(support_mount_for_thread(folder.string, "size=64k") == 0)
      let path = folder.appending("f")
      try files.write(path, Array("old".utf8), nil)
      try #require(support_protect_mount(folder.string) == 0)
      #expect(!files.isWritable(path) && !files.isWritable(folder.appending("new")))
      #expect(throws: FileProblem.readOnly(path)) { try files.write(path, [1], nil) }
      #expect(throws: FileProblem.readOnly(path)) { try files.remove(path) }
      let inner = folder.appending("a")
      #expect(throws: FileProblem.readOnly(inner)) { try files.makeFolder(inner) }
      #expect(throws: FileProblem.readOnly(folder.appending("l"))) {
        try files.lock(folder.appending("l"))
      }
      #expect(try files.read(path) == Array("old".utf8))
    }
  }

  @Test("A person without rights is told so, and loses nothing", .requires(.superuser))
  func denied() async throws {
    let (files, folder) = (files, folder)
    let path = folder.appending("f")
    try write("old".utf8, to: path, mode: 0o644)
    let secret = folder.appending("secret")
    try write("s".utf8, to: secret, mode: 0o600)
    let own = folder.appending("own")
    _ = try files.makeFolder(own)
    let foreign = own.appending("foreign")
    try write("theirs".utf8, to: foreign, mode: 0o666)
    try #require(chown(own.string, 1234, 1234) == 0 && chmod(folder.string, 0o755) == 0)
    // The folder of all the tests' folders is root's alone.
    let parent = folder.removingLastComponent()
    try #require(chmod(parent.string, 0o711) == 0)
    try await onThreadOfItsOwn {
      try #require(support_become_for_thread(1234) == 0)
      #expect(!files.isWritable(path) && !files.isWritable(folder.appending("new")))
      #expect(throws: FileProblem.denied(path)) { try files.write(path, [1], nil) }
      #expect(throws: FileProblem.denied(path)) { try files.remove(path) }
      #expect(throws: FileProblem.denied(secret)) { try files.read(secret) }
      #expect(throws: FileProblem.denied(secret)) { try files.readIfPresent(secret) }
      #expect(throws: FileProblem.denied(folder.appending("l"))) {
        try files.lock(folder.appending("l"))
      }
      #expect(try files.read(path) == Array("old".utf8))
      // A file that somebody else owns keeps its owner, or is left alone.
      #expect(throws: FileProblem.denied(foreign)) { try files.write(foreign, [1], nil) }
      #expect(try files.read(foreign) == Array("theirs".utf8))
      #expect(try files.list(own) == ["foreign"])
    }
  }

  @Test("A lock is held by one process at a time, and lost with it, even by kill -9")
  func lock() async throws {
    let path = folder.appending("lock")
    let lock = try #require(try files.lock(path))
    #expect(try files.lock(path) == nil)
    #expect(files.text(path) == "\(getpid())\n")
    lock.release()
    let log = folder.appending("log")
    let holder = try RunningProgram(
      .clean("flock", [path.string, "sh", "-c", "echo locked; read -r _"]), input: .lifeline,
      output: log)
    try await eventually(within: .seconds(10)) { try text(of: log) == "locked\n" ? true : nil }
    #expect(try files.lock(path) == nil)
    holder.signal(SIGKILL)
    _ = try await holder.exit(within: .seconds(10))
    let again = try await eventually(within: .seconds(10)) { try files.lock(path) }
    #expect(files.text(path) == "\(getpid())\n")
    again.release()
  }

  @Test("A link in the lock's place is no lock")
  func lockLink() throws {
    let victim = folder.appending("victim")
    try write("safe".utf8, to: victim)
    let path = folder.appending("lock")
    #expect(symlink(victim.string, path.string) == 0)
    #expect(throws: FileProblem.self) { try files.lock(path) }
    #expect(try files.read(victim) == Array("safe".utf8))
  }
}

/// Runs work on a thread that ends with it: what it changes of itself (its mounts, its user) changes no other.
private func onThreadOfItsOwn(_ work: @escaping @Sendable () throws -> Void) async throws {
  final class Work: Sendable {
    let run: @Sendable () -> Void
    init(_ run: @escaping @Sendable () -> Void) { self.run = run }
  }
  try await withCheckedThrowingContinuation { (done: CheckedContinuation<Void, any Error>) in
    let work = Work { done.resume(with: Result { try work() }) }
    #if canImport(Darwin)
      var thread: pthread_t?
    #else
      var thread = pthread_t()
    #endif
    let code = pthread_create(
      &thread, nil,
      { pointer in
        #if canImport(Darwin)
          Unmanaged<Work>.fromOpaque(pointer).takeRetainedValue().run()
        #else
          Unmanaged<Work>.fromOpaque(pointer!).takeRetainedValue().run()
        #endif
        return nil
      }, Unmanaged.passRetained(work).toOpaque())
    if code != 0 { done.resume(throwing: Errno(rawValue: code)) }
  }
}
