import Control
import Modbus
import NIOCore

/// One timer of the engine's wheel.
final class EngineTimer: LoopTimerTarget {
  private var fire: (() -> Void)?
  private var token: LoopTimer.Token?
  private weak var wheel: LoopTimer?

  init(on wheel: LoopTimer, at instant: Instant, _ fire: @escaping () -> Void) {
    self.fire = fire
    self.wheel = wheel
    token = wheel.schedule(at: instant.nanoseconds, self)
  }

  func cancel() {
    if let token { wheel?.cancel(token) }
    token = nil
    fire = nil
  }

  func timerFired(_ token: LoopTimer.Token, tag: Int) {
    let fire = self.fire
    self.fire = nil
    self.token = nil
    fire?()
  }
}
