import Control

/// Civil time in Berlin, worked out from the rule of the European Union (directive 2000/84/EC: summer time from the
/// last Sunday of March to that of October, both at 01:00 UTC) and not from the tables that the windows use.
enum BerlinTime {
  /// Seconds since 1970 at which a year's summer time begins and ends.
  static func changes(of year: Int64) -> (begins: Int64, ends: Int64) {
    (lastSunday(of: 3, year) + 3600, lastSunday(of: 10, year) + 3600)
  }

  static func isSummer(_ second: Int64) -> Bool {
    // Close enough to name the year: neither change is near its ends.
    let (begins, ends) = changes(of: year(of: second))
    return begins <= second && second < ends
  }

  static func offset(at second: Int64) -> Int64 { isSummer(second) ? 7200 : 3600 }

  /// The instant at which a wall clock first shows this, or the end of the hour that it skips.
  static func instant(ofLocal local: Int64) -> Int64 {
    let inSummer = local - 7200
    let inWinter = local - 3600
    if isSummer(inSummer) { return inSummer }
    if !isSummer(inWinter) { return inWinter }
    return changes(of: year(of: inWinter)).begins
  }

  /// As the machines are told of it.
  static let rules: ZoneRules = {
    var rules = ZoneRules(name: "Europe/Berlin", initialOffset: 3600)
    for year in Int64(1900)...2200 {
      let (begins, ends) = changes(of: year)
      rules.transitions.append(.init(at: begins, offset: 7200))
      rules.transitions.append(.init(at: ends, offset: 3600))
    }
    return rules
  }()

  static func year(of second: Int64) -> Int64 {
    let days = Double(second) / 86_400
    return 1970 + Int64((days / 365.2425).rounded(.down))
  }

  /// Midnight UTC of the last Sunday of a month of 31 days.
  private static func lastSunday(of month: Int64, _ year: Int64) -> Int64 {
    let last = days(year, month, 31)
    // Day 0 of 1970 was a Thursday.
    return (last - ((last + 4) % 7 + 7) % 7) * 86_400
  }

  /// Days from 1970-01-01 to a date.
  private static func days(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
    // Fliegel and Van Flandern's formula, counted from 1970.
    let shift = (month - 14) / 12
    let first = 1461 * (year + 4800 + shift) / 4
    let second = 367 * (month - 2 - 12 * shift) / 12
    let third = 3 * ((year + 4900 + shift) / 100) / 4
    return first + second - third + day - 32_075 - 2_440_588
  }
}
