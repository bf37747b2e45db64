import NIOCore

/// The one place where a fleet meets real time: elapsed time since the start, and one timer for whatever is
/// due next in the whole fleet. Confined to its event loop.
final class FleetClock {
  private let core: FleetCore
  private let eventLoop: any EventLoop
  /// `nil` until the fleet's time begins.
  private var start: NIODeadline?
  private var timer: (at: Elapsed, task: Scheduled<Void>)?
  private var isStopped = false

  init(_ core: FleetCore, on eventLoop: any EventLoop) {
    self.core = core
    self.eventLoop = eventLoop
  }

  /// Zero until ``begin()``.
  var now: Elapsed {
    guard let start else { return .zero }
    return Elapsed(nanoseconds: (eventLoop.now - start).nanoseconds)
  }

  /// Time begins, and what is due will happen.
  func begin() {
    start = eventLoop.now
    dueChanged()
  }

  /// Sets the timer for what is due next; call it after anything that may have added something.
  func dueChanged() {
    guard !isStopped, let start, let next = core.nextDue else { return }
    if let timer, timer.at <= next { return }
    timer?.task.cancel()
    let deadline = start + .nanoseconds(min(next.nanoseconds, Self.furthest))
    let task = eventLoop.assumeIsolated().scheduleTask(deadline: deadline) { [weak self] in
      guard let self else { return }
      self.timer = nil
      self.core.advance(to: self.now)
      self.dueChanged()
    }
    timer = (next, task)
  }

  /// A timer never lies further ahead than a year; then it is set again.
  private static let furthest: Int64 = 86_400_000_000_000 * 365

  func stop() {
    isStopped = true
    timer?.task.cancel()
    timer = nil
  }
}
