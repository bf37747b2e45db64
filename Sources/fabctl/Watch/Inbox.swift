import Dashboard
import Fleet
import Synchronization
import Terminal

/// What waits for the dashboard's loop: everything in order, but of snapshots only the newest.
///
/// Any thread puts, one task takes. A burst costs one wake-up.
final class Inbox: Sendable {
  struct Batch: Sendable {
    var terminal: [TerminalEvent] = []
    var messages: [Message] = []
    var snapshot: FleetSnapshot?

    var isEmpty: Bool { terminal.isEmpty && messages.isEmpty && snapshot == nil }
  }

  private let waiting = Mutex(Batch())
  private let signal: AsyncStream<Void>.Continuation
  /// One element whenever something was put since the last take.
  let wakes: AsyncStream<Void>

  init() { (wakes, signal) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1)) }

  func put(_ event: TerminalEvent) {
    waiting.withLock { $0.terminal.append(event) }
    signal.yield()
  }

  func put(_ message: Message) {
    waiting.withLock { $0.messages.append(message) }
    signal.yield()
  }

  func put(_ snapshot: FleetSnapshot) {
    waiting.withLock { $0.snapshot = snapshot }
    signal.yield()
  }

  func take() -> Batch {
    waiting.withLock { batch in
      defer { batch = Batch() }
      return batch
    }
  }
}
