import Conversation
import Setup
import Synchronization

/// The first screen: every probe in its row, filled in as it answers.
struct DetectionScreen: Sendable {
  let console: Console

  func detect(in world: World) async -> Machine {
    console.say([Text("What is on this machine", .heading)])
    let answers = Shared([Probe.ID: Probe]())
    console.live(rows(answers.value))
    let machine = await Machine.detect(in: world) { probe in
      // One at a time: two probes that answer together must not draw into each other.
      answers.update { answers in
        answers[probe.id] = probe
        console.live(rows(answers))
      }
    }
    // Drawn over a last time by lines that wrap and show their remedies.
    console.say(statusScreen(machine))
    return machine
  }

  private func rows(_ answers: [Probe.ID: Probe]) -> [Text] {
    Probe.ID.allCases.map { id in
      answers[id].map { probeLine($0) } ?? "  \("…", .dim) \(id.title, .dim)"
    }
  }
}
