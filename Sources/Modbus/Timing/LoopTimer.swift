import NIOCore

/// Something that a `LoopTimer` calls.
public protocol LoopTimerTarget: AnyObject {
  /// A timer that this object scheduled is due. `tag` is what it was scheduled with.
  func timerFired(_ token: LoopTimer.Token, tag: Int)
}

/// All timers of one event loop on one timing wheel. Confined to its event loop.
///
/// However many timers there are, the loop holds one scheduled callback, and only while there are any. A timer
/// fires up to one tick (10 ms) late, never early.
public final class LoopTimer {
  /// One scheduled timer.
  public typealias Token = TimingWheel<Entry>.Token

  /// What is scheduled: whom to call with what. The target is kept alive until then.
  public struct Entry {
    let target: any LoopTimerTarget
    let tag: Int
  }

  public let eventLoop: any EventLoop
  private var wheel: TimingWheel<Entry>
  private var armed: NIOScheduledCallback?
  private var armedFor = Int64.max
  private var isFiring = false

  /// Only on `eventLoop`.
  public init(eventLoop: any EventLoop, tick: Duration = .milliseconds(10)) {
    self.eventLoop = eventLoop
    wheel = TimingWheel(
      tick: TimeAmount(tick).nanoseconds, start: Int64(clamping: eventLoop.now.uptimeNanoseconds))
  }

  /// Monotonic nanoseconds, the clock of every deadline here.
  public var now: Int64 { Int64(clamping: eventLoop.now.uptimeNanoseconds) }

  /// Timers that wait.
  public var count: Int { wheel.count }

  /// Calls `target` once `deadline` (in `now`'s nanoseconds) has passed.
  @discardableResult
  public func schedule(at deadline: Int64, _ target: any LoopTimerTarget, tag: Int = 0) -> Token {
    let token = wheel.schedule(Entry(target: target, tag: tag), at: deadline)
    if !isFiring, deadline < armedFor { arm() }
    return token
  }

  /// Calls `target` once `delay` has passed.
  @discardableResult
  public func schedule(in delay: Duration, _ target: any LoopTimerTarget, tag: Int = 0) -> Token {
    schedule(at: now.addingClamped(TimeAmount(delay).nanoseconds), target, tag: tag)
  }

  /// Takes a timer back. False when it has fired or was cancelled before.
  @discardableResult
  public func cancel(_ token: Token) -> Bool { wheel.cancel(token) }

  private func arm() {
    guard let wake = wheel.nextWake else {
      armedFor = .max
      return
    }
    armed?.cancel()
    armedFor = wake
    let deadline = NIODeadline.uptimeNanoseconds(UInt64(clamping: wake))
    // Fails only on a loop that is shutting down, where no timer matters any more.
    armed = try? eventLoop.scheduleCallback(at: deadline, handler: Callback(self))
  }

  private func fire() {
    armed = nil
    armedFor = .max
    isFiring = true
    let now = now
    while let due = wheel.next(dueAt: now) { due.payload.target.timerFired(due.token, tag: due.payload.tag) }
    isFiring = false
    arm()
  }

  private struct Callback: NIOScheduledCallbackHandler {
    let timer: NIOLoopBound<LoopTimer>

    init(_ timer: LoopTimer) { self.timer = NIOLoopBound(timer, eventLoop: timer.eventLoop) }

    func handleScheduledCallback(eventLoop: some EventLoop) { timer.value.fire() }
  }
}

extension Int64 {
  /// The sum, held at the ends of the range.
  func addingClamped(_ other: Int64) -> Int64 {
    let (sum, overflow) = addingReportingOverflow(other)
    return overflow ? (other < 0 ? .min : .max) : sum
  }
}
