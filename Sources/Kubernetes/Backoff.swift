/// Waits that double from `base` up to `cap`, each spread over ±`jitter` so that many clients which lost the
/// same server do not come back at the same moment.
public struct Backoff: Hashable, Sendable {
  public var base: Duration
  public var cap: Duration
  /// Fraction of the wait by which it may differ, 0...1.
  public var jitter: Double

  public init(base: Duration, cap: Duration, jitter: Double = 0.25) {
    self.base = base
    self.cap = cap
    self.jitter = min(max(jitter, 0), 1)
  }

  /// The wait before try number `attempt` + 1, where `attempt` failures (1 or more) have been seen.
  public func delay(afterFailure attempt: Int, using generator: inout SeededGenerator) -> Duration {
    let doublings = min(max(attempt &- 1, 0), 30)
    let plain = min(base.inSeconds * Double(UInt64(1) << UInt64(doublings)), cap.inSeconds)
    let factor = 1 + jitter * (2 * generator.unit() - 1)
    return .milliseconds(Int64(max(plain * factor, 0) * 1000))
  }
}
