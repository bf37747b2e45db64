import Control
import Dashboard
import Dispatch
import Fleet
import Synchronization
import Terminal

/// What waits for the dashboard's loop: everything in order, but of snapshots only the newest.
///
/// Any thread puts, one takes. A burst costs one wake-up.
final class Inbox: Sendable {
  struct Batch: Sendable {
    var terminal: [TerminalEvent] = []
    var messages: [Message] = []
    var snapshot: FleetSnapshot?

    var isEmpty: Bool { terminal.isEmpty && messages.isEmpty && snapshot == nil }
  }

  /// More keys than this have not been typed to be answered: a file was pasted into a terminal without bracketed paste,
  /// or something else writes into it. All that wait are dropped, since part of them would mean something else.
  static let mostKeys = 4096

  private let waiting = Mutex(Batch())
  private let signal = DispatchSemaphore(value: 0)

  func put(_ event: TerminalEvent) {
    put { batch in
      if batch.terminal.count >= Self.mostKeys, event.isInput {
        let before = batch.terminal.count
        batch.terminal.removeAll(where: \.isInput)
        let dropped = before - batch.terminal.count
        batch.messages.append(
          .notice("\(dropped) keys came faster than they can be answered: dropped", .warning))
      }
      batch.terminal.append(event)
    }
  }

  func put(_ message: Message) { put { $0.messages.append(message) } }

  func put(_ snapshot: FleetSnapshot) { put { $0.snapshot = snapshot } }

  private func put(_ change: (inout Batch) -> Void) {
    let isFirst = waiting.withLock { batch in
      let isFirst = batch.isEmpty
      change(&batch)
      return isFirst
    }
    if isFirst { signal.signal() }
  }

  /// Everything that has come; waits until there is something, or nothing for so long: then it is empty. For one thread
  /// of its own, not for a task.
  func take(within milliseconds: Int) -> Batch {
    let deadline = DispatchTime.now() + .milliseconds(milliseconds)
    while true {
      let batch = waiting.withLock { batch in
        defer { batch = Batch() }
        return batch
      }
      if !batch.isEmpty { return batch }
      if signal.wait(timeout: deadline) == .timedOut { return Batch() }
    }
  }
}

extension TerminalEvent {
  /// What an operator typed or pointed at.
  fileprivate var isInput: Bool {
    switch self {
    case .key, .paste, .mouse: true
    case .resize, .resumed, .request, .hangup: false
    }
  }
}
