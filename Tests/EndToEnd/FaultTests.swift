import Setup
import Support
import Synchronization
import SystemPackage
import Testing

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// The program is killed, or its disk fails it, at each of the steps in which it changes a file, and at random moments.
/// After each: every file is the old or the new one, running again finishes, and uninstall gives the old bytes back.
///
/// `make test` runs a sample, `make faults` all of it.
@Suite(
  .requires(
    .namespace, .superuser, .busybox, .claude(.a), .program("bash"), .program("zsh"),
    .program("fish"), .program("cc")), .timeLimit(.minutes(60)))
struct FaultTests {
  static let isWhole = Part.variable("CCL_SETUP_FAULTS") == "all"

  /// What is spoiled.
  enum Word: String, Sendable, CaseIterable { case install, fix, uninstall }
  /// How a step is spoiled: `Faults/shim.c`.
  enum How: String, Sendable, CaseIterable {
    case before, after, half, full
    case inputOutput = "5"
    case noSpace = "28"
    case readOnly = "30"
    case quota = "122"

    var name: String {
      switch self {
      case .before: "killed-before-a-step"
      case .after: "killed-after-a-step"
      case .half: "killed-in-the-middle-of-a-write"
      case .full: "disk-full-from-a-step-on"
      case .inputOutput: "EIO"
      case .noSpace: "ENOSPC"
      case .readOnly: "EROFS"
      case .quota: "EDQUOT"
      }
    }
    var isDeath: Bool { [.before, .after, .half].contains(self) }
  }

  /// A share of the steps: number `part` of `of`.
  struct Share: Sendable, CustomTestStringConvertible {
    var word: Word
    var how: How?
    var part = 0
    var of = 1
    var testDescription: String { "\(word.rawValue) \(how?.name ?? "random") \(part + 1)/\(of)" }
  }

  static let shares: [Share] = Word.allCases.flatMap { word -> [Share] in
    guard isWhole else {
      return [Share(word: word, how: .after), Share(word: word, how: .noSpace)]
    }
    return How.allCases.map { Share(word: word, how: $0) } + [Share(word: word)]
  }

  @Test(arguments: shares)
  func nothingIsLost(_ share: Share) async throws {
    try await Victim.alone { victim in
      var tally = Tally()
      let steps = try await victim.steps(of: share.word)
      #expect(steps.count > 20, "\(steps)")
      if let how = share.how {
        for number in Self.chosen(steps, how) {
          try await victim.endure(share.word, step: number, how, steps[number - 1], &tally)
        }
      } else {
        var random = Generator(state: 4)
        for _ in 0..<20 {
          let moment = Double.random(in: 0...1.1, using: &random)
          try await victim.endure(share.word, moment: moment, &tally)
        }
      }
      tally.print("\(share.word.rawValue)-\(share.how?.name ?? "killed-at-a-random-moment")")
    }
  }

  /// The steps that are spoiled, from 1: of the deaths those around every change of a name, which is what counts.
  private static func chosen(_ steps: [String], _ how: How) -> [Int] {
    let numbers = steps.indices.filter { index in
      let kind = steps[index].prefix { $0 != " " }
      return switch how {
      case .before: kind != "fsync" && kind != "chmod" && kind != "write"
      case .after: kind == "rename" || kind == "unlink" || kind == "mkdir" || kind == "rmdir"
      case .half: kind == "write"
      case .full, .noSpace, .quota: kind == "create" || kind == "write" || kind == "mkdir"
      case .inputOutput: true
      case .readOnly: kind != "write" && kind != "fsync"
      }
    }.map { $0 + 1 }
    // The errors all take the same way, so there are fewer of them; all are spread over the whole run.
    let most = isWhole ? (how.isDeath ? 26 : 7) : 4
    guard numbers.count > most else { return numbers }
    return (0..<most).map { numbers[$0 * numbers.count / most] }
  }

  @Test func theSecondOfTwoSaysWhoHoldsTheLock() async throws {
    try await Victim.alone { victim in
      var tally = Tally()
      for _ in 0..<(Self.isWhole ? 10 : 1) {
        async let first = victim.run(.install)
        async let second = victim.run(.install)
        tally.injected += 1
        let results = try await [first, second]
        #expect(results.contains { $0.code == 0 })
        for result in results where result.code != 0 {
          #expect(result.code == 1)
          // It came while the other one was at work, or planned for what that one has changed since.
          let told = flowed(result.error)
          #expect(
            told.contains("is held by process") || told.contains("has changed since the plan"),
            "\(told)")
        }
        try await victim.finish("two at once", &tally)
      }
      tally.print("install-two-at-once")
    }
  }

  /// A process that died holding the lock holds it no more.
  @Test func aStaleLockIsNoLock() async throws {
    try await Victim.alone { victim in
      _ = try await victim.run(.install)
      let lock = ".local/state/ccl-setup/lock"
      try victim.person.home.put(.file("4194303\n", mode: 0o600), at: lock)
      let again = try await victim.run(.install)
      #expect(again.code == 0, "\(again.error)")
      var tally = Tally()
      try await victim.finish("a stale lock", &tally)
    }
  }
}

/// What became of the faults.
struct Tally: Sendable {
  var injected = 0
  var survived = 0
  var bytesLost = 0

  func print(_ name: String) {
    Swift.print("FAULTS \(name) injected=\(injected) survived=\(survived) lost=\(bytesLost)")
  }
}

/// The same numbers on every run.
struct Generator: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
    return mixed ^ (mixed >> 31)
  }
}
