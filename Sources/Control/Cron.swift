/// Offsets of one civil time zone from UTC, as a table of transitions: what a window needs to know about
/// daylight saving without a clock or a time zone database in the logic.
public struct ZoneRules: Hashable, Sendable {
  public struct Transition: Hashable, Sendable {
    /// Seconds since 1970-01-01T00:00:00Z from which the offset holds.
    public var at: Int64
    /// Seconds east of UTC.
    public var offset: Int32
    public init(at: Int64, offset: Int32) {
      self.at = at
      self.offset = offset
    }
  }

  /// IANA name, for display.
  public var name: String
  /// Offset before the first transition.
  public var initialOffset: Int32
  /// Ascending by `at`.
  public var transitions: [Transition]

  public init(name: String, initialOffset: Int32 = 0, transitions: [Transition] = []) {
    self.name = name
    self.initialOffset = initialOffset
    self.transitions = transitions
  }

  public static let utc = ZoneRules(name: "UTC")

  /// Seconds east of UTC at an instant given in seconds since 1970.
  public func offset(at second: Int64) -> Int32 {
    var low = 0
    var high = transitions.count
    while low < high {
      let middle = (low + high) / 2
      if transitions[middle].at <= second { low = middle + 1 } else { high = middle }
    }
    return low == 0 ? initialOffset : transitions[low - 1].offset
  }
}

/// A five-field cron expression: minute hour day-of-month month day-of-week.
public struct CronSchedule: Hashable, Sendable {
  /// As written.
  public var text: String
  var minutes: UInt64
  var hours: UInt32
  var days: UInt32
  var months: UInt16
  var weekdays: UInt8
  /// In cron, if both day fields are restricted, either may match.
  var daysRestricted: Bool
  var weekdaysRestricted: Bool
}
