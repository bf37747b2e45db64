/// How long to wait after failures.
enum Backoff {
  /// Failure n of a connection waits min(2ⁿ, 60) seconds, ±10 % so that a thousand devices behind one switch
  /// do not come back in step.
  static func connection(failures: Int, random: inout SplitMix64) -> TimeSpan {
    let seconds = exponential(failures, limit: 60)
    return .seconds(seconds * (0.9 + 0.2 * random.unit()))
  }

  /// After n failed writes of one register, an automatic write waits min(2ⁿ, 300) seconds.
  static func write(failures: Int) -> TimeSpan { .seconds(exponential(failures, limit: 300)) }

  /// A contested register is left alone for 1, 2, 4 … minutes, at most an hour.
  static func contest(level: Int) -> TimeSpan { .seconds(60 * exponential(level, limit: 60)) }

  private static func exponential(_ n: Int, limit: Double) -> Double {
    n >= 12 ? limit : min(Double(1 << max(0, n)), limit)
  }
}
