import Control
import Fleet

/// Counts what tells whether the engine itself keeps up. Confined to the engine's loop.
///
/// Looks back over the last seconds by itself, however often anybody asks: a scrape every 15 s must not miss the one
/// second in which polls were late, and two readers must not take it from each other.
final class EngineHealthMeter {
  private struct Second {
    var number: Int64 = -1
    var polls = 0
    var worstLag = TimeSpan.zero
  }

  /// Seconds over which the worst lag is told: the usual interval between two scrapes.
  static let lagWindow: Int64 = 15
  /// Whole seconds over which polls are counted.
  static let rateWindow: Int64 = 5

  /// Polls that begin so late are a problem to be told, and not just a figure.
  static let lateness = TimeSpan.seconds(5)

  private var seconds = [Second](repeating: Second(), count: Int(lagWindow) + 1)
  private var began: Int64?

  func notePoll(at now: Instant) { seconds[slot(now)].polls += 1 }

  func noteLag(_ lag: TimeSpan, at now: Instant) {
    let slot = slot(now)
    if lag > seconds[slot].worstLag { seconds[slot].worstLag = lag }
  }

  func report(
    at now: Instant, connections: Int, problems: [String], controller: String?
  ) -> EngineHealth {
    let present = Self.second(now)
    var lag = TimeSpan.zero
    var polls = 0
    for second in seconds where second.number > present - Self.lagWindow && second.number <= present {
      lag = max(lag, second.worstLag)
      if second.number >= present - Self.rateWindow && second.number < present { polls += second.polls }
    }
    let counted = min(Self.rateWindow, max(1, present - (began ?? present)))
    let late = lag < Self.lateness ? [] : [Self.tooMuch(lag)]
    return EngineHealth(
      pollLag: lag, pollsPerSecond: Double(polls) / Double(counted), connections: connections,
      problems: problems + late, controller: controller)
  }

  private static func tooMuch(_ lag: TimeSpan) -> String {
    "overload: polls begin up to \(Int(lag.seconds)) s late, the longest due first; this process needs more processor,"
      + " longer intervals or fewer devices"
  }

  private static func second(_ now: Instant) -> Int64 { now.nanoseconds / 1_000_000_000 }

  private func slot(_ now: Instant) -> Int {
    let number = Self.second(now)
    if began == nil { began = number }
    let slot = Int(max(0, number) % Int64(seconds.count))
    if seconds[slot].number != number { seconds[slot] = Second(number: number) }
    return slot
  }
}
