import Conversation
import Setup
import Synchronization

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// The progress of an apply: a line for each change, one bar for the whole download.
struct ApplyScreen: Sendable {
  let console: Console
  let clock: Clock
  private let bar: Shared<(ProgressBar, began: Double?)>

  init(console: Console, clock: Clock) {
    self.console = console
    self.clock = clock
    bar = Shared((ProgressBar(), nil))
  }

  func show(_ event: ApplyEvent) {
    switch event {
    case .began(_, let title): console.say("  \(title, .emphasis)")
    case .changing(.copyModel(_, _, let to)):
      console.live(["    \("·", .dim) alias \(printable(to))"])
    case .changing(let change):
      console.say("    \("·", .dim) \(printable(change.title))")
    case .output(let line): console.live(["      \(printable(line.text), .dim)"])
    case .waiting(let url, let waited):
      console.live(["      \("waiting for \(url) … \(waited.inWords)", .dim)"])
    case .pull(_, .progress(let progress)):
      let now = clock.now().timeIntervalSinceReferenceDate
      let width = console.terminal.width - 4
      let line = bar.update { state in
        let began = state.began ?? now
        state.began = began
        return state.0.line(progress, at: .seconds(now - began), width: width)
      }
      console.live([Text("    " + line)])
      if progress.phase == .done { console.keepLive() }
    case .pull(_, .interrupted(let failure, let again)):
      console.say(
        "      \("!", .warning) \(failure.why); going on from there (attempt \(again + 1))")
    case .finished: console.say("    \("✓", .good) done")
    case .withdrew(let entry, .undone):
      console.say("    \("−", .removed) took back: \(printable(entry.title))")
    case .withdrew(let entry, .alreadyGone):
      console.say("    \("−", .removed) was gone already: \(printable(entry.title))")
    case .withdrew(let entry, .kept(let reason)):
      console.say("    \("!", .warning) kept (\(reason)): \(printable(entry.title))")
    case .rolledBack(let titles):
      for title in titles { console.say("    \("−", .removed) took back: \(printable(title))") }
    }
  }
}
