import Control

/// Writes times for people: local time, and ages against one moment.
struct TimeText: Sendable {
  var now: WallTime
  /// Seconds east of UTC at a time.
  var utcOffset: @Sendable (WallTime) -> Int32

  /// `14:02:05`.
  func clock(_ time: WallTime) -> String {
    let civil = time.civil(offset: utcOffset(time))
    return "\(two(civil.hour)):\(two(civil.minute)):\(two(civil.second))"
  }

  /// The shortest form that is not ambiguous now: `14:02:05`, `2 Jan 14:02`, `2024-01-02 14:02`.
  func moment(_ time: WallTime) -> String {
    let civil = time.civil(offset: utcOffset(time))
    let today = now.civil(offset: utcOffset(now))
    if civil.year == today.year, civil.month == today.month, civil.day == today.day { return clock(time) }
    let minutes = "\(two(civil.hour)):\(two(civil.minute))"
    if civil.year == today.year { return "\(date(civil)) \(minutes)" }
    return "\(civil.year)-\(two(civil.month))-\(two(civil.day)) \(minutes)"
  }

  /// A label on a time axis that spans `span`.
  func axisLabel(_ time: WallTime, span: TimeSpan) -> String {
    let civil = time.civil(offset: utcOffset(time))
    if span < .seconds(600) { return clock(time) }
    if span <= .seconds(86_400) { return "\(two(civil.hour)):\(two(civil.minute))" }
    return date(civil)
  }

  /// `12s`, `5m`, `3h`, `9d`, `4y`; a time in the future is `0s`.
  func age(_ time: WallTime) -> String { Self.short(now - time) }

  /// The same without seconds, which would change a cell every second: `<1m`, `5m`, …
  func coarseAge(_ time: WallTime) -> String {
    now - time < .seconds(60) ? "<1m" : Self.short(now - time)
  }

  /// `12s`, `5m`, `3h`, `9d`, `4y`: few columns, and few changes of them.
  static func short(_ span: TimeSpan) -> String {
    let seconds = max(span.nanoseconds / 1_000_000_000, 0)
    if seconds < 60 { return "\(seconds)s" }
    if seconds < 3600 { return "\(seconds / 60)m" }
    if seconds < 86_400 { return "\(seconds / 3600)h" }
    if seconds < 86_400 * 365 { return "\(seconds / 86_400)d" }
    return "\(seconds / (86_400 * 365))y"
  }

  private func date(_ civil: CivilTime) -> String {
    "\(civil.day) \(Self.months[min(max(civil.month, 1), 12) - 1])"
  }

  private func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }

  private static let months = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
  ]
}
