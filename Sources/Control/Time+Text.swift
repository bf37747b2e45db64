extension TimeSpan {
  /// Short and human: `250 ms`, `0.8 s`, `5 s`, `3 min`, `2 h 5 min`, `4 d`. Negative spans read as zero.
  public var brief: String {
    let milliseconds = max(0, self.milliseconds)
    let seconds = milliseconds / 1000
    if milliseconds < 500 { return "\(milliseconds) ms" }
    if milliseconds < 9_950 {
      let tenths = (milliseconds + 50) / 100
      return tenths % 10 == 0 ? "\(tenths / 10) s" : "\(tenths / 10).\(tenths % 10) s"
    }
    if seconds < 120 { return "\(seconds) s" }
    if seconds < 7200 { return "\(seconds / 60) min" }
    if seconds < 172_800 {
      let minutes = seconds % 3600 / 60
      return minutes == 0 ? "\(seconds / 3600) h" : "\(seconds / 3600) h \(minutes) min"
    }
    return "\(seconds / 86_400) d"
  }
}

/// A civil date and time of the proleptic Gregorian calendar.
public struct CivilTime: Hashable, Sendable {
  public var year: Int
  public var month: Int
  public var day: Int
  public var hour: Int
  public var minute: Int
  public var second: Int
  /// 0 is Sunday.
  public var weekday: Int

  /// - Parameter seconds: since 1970-01-01T00:00:00, in whatever zone the caller added the offset of.
  public init(secondsSince1970 seconds: Int64) {
    let days = seconds >= 0 ? seconds / 86_400 : -((-(seconds + 1)) / 86_400) - 1
    let rest = Int(seconds - days * 86_400)
    hour = rest / 3600
    minute = rest % 3600 / 60
    second = rest % 60
    weekday = Int((days % 7 + 11) % 7)
    // Days → year, month, day by eras of 400 years that begin on 1 March.
    let shifted = days + 719_468
    let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
    let dayOfEra = shifted - era * 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let shiftedMonth = (5 * dayOfYear + 2) / 153
    day = Int(dayOfYear - (153 * shiftedMonth + 2) / 5 + 1)
    month = Int(shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9)
    year = Int(yearOfEra + era * 400) + (month <= 2 ? 1 : 0)
  }
}

extension WallTime {
  /// The civil time in a zone `offset` seconds east of UTC.
  public func civil(offset: Int32 = 0) -> CivilTime {
    let seconds = milliseconds >= 0 ? milliseconds / 1000 : -((-(milliseconds + 1)) / 1000) - 1
    // Keep within years that calendars know: ±200,000 years fit Int64 easily.
    let bounded = min(max(seconds, -6_000_000_000_000), 6_000_000_000_000)
    return CivilTime(secondsSince1970: bounded + Int64(offset))
  }

  /// RFC 3339 in UTC with whole seconds: `2026-01-02T03:04:05Z`.
  public var rfc3339: String {
    let c = civil()
    return "\(Self.pad(c.year, 4))-\(Self.pad(c.month))-\(Self.pad(c.day))T\(Self.pad(c.hour)):"
      + "\(Self.pad(c.minute)):\(Self.pad(c.second))Z"
  }

  /// `14:02:05 UTC`.
  public var utcClock: String {
    let c = civil()
    return "\(Self.pad(c.hour)):\(Self.pad(c.minute)):\(Self.pad(c.second)) UTC"
  }

  static func pad(_ value: Int, _ width: Int = 2) -> String {
    let digits = String(value)
    return digits.count >= width ? digits : String(repeating: "0", count: width - digits.count) + digits
  }
}
