import Conversation
import Setup
import Synchronization

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// How long the detection took, in all and to each probe's answer, in milliseconds.
struct DetectionTimes: Sendable, Encodable {
  var milliseconds: Double
  var probes: [String: Double]
  /// Until the client had said what it does with a server; `nil` where it was not asked, or was known.
  var contract: Double?
}

/// The first screen: every probe in its row, filled in as it answers.
struct DetectionScreen: Sendable {
  let console: Console

  func detect(in world: World) async -> (Machine, DetectionTimes) {
    console.say([Text("What is on this machine", .heading)])
    let answers = Shared([Probe.ID: Probe]())
    let times = Shared([String: Double]())
    let began = world.clock.now()
    @Sendable func elapsed() -> Double { world.clock.now().timeIntervalSince(began) * 1000 }
    console.live(rows(answers.value))
    let machine = await Machine.detect(in: world) { probe in
      times.update { $0[probe.id.rawValue] = elapsed() }
      // One at a time: two probes that answer together must not draw into each other.
      answers.update { answers in
        answers[probe.id] = probe
        console.live(rows(answers))
      }
    }
    let whole = elapsed()
    // Drawn over a last time by lines that wrap and show their remedies.
    console.say(statusScreen(machine))
    return (machine, DetectionTimes(milliseconds: whole, probes: times.value))
  }

  private func rows(_ answers: [Probe.ID: Probe]) -> [Text] {
    Probe.ID.allCases.map { id in
      answers[id].map { probeLine($0) } ?? "  \("…", .dim) \(id.title, .dim)"
    }
  }
}
