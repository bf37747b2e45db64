import Control
import Fleet

/// Counts what tells whether the engine itself keeps up. Confined to the engine's loop.
final class EngineHealthMeter {
  private var polls = 0
  private var worstLag = TimeSpan.zero
  private var windowStart: Instant?
  private var lastRate = 0.0
  private var lastLag = TimeSpan.zero

  func notePoll() { polls += 1 }

  func noteLag(_ lag: TimeSpan) {
    if lag > worstLag { worstLag = lag }
  }

  /// Rates over windows of at least two seconds.
  func report(
    at now: Instant, connections: Int, problems: [String], controller: String?
  ) -> EngineHealth {
    let start = windowStart ?? now
    windowStart = start
    let elapsed = now - start
    if elapsed >= .seconds(2) {
      lastRate = Double(polls) / elapsed.seconds
      lastLag = worstLag
      polls = 0
      worstLag = .zero
      windowStart = now
    }
    return EngineHealth(
      pollLag: max(lastLag, worstLag), pollsPerSecond: lastRate, connections: connections, problems: problems,
      controller: controller)
  }
}
