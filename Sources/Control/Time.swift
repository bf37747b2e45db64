/// A length of time in whole nanoseconds; negative spans are allowed.
public struct TimeSpan: Hashable, Comparable, Sendable {
  public var nanoseconds: Int64

  public init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

  public static let zero = TimeSpan(nanoseconds: 0)
  public static func seconds(_ value: Int) -> TimeSpan { scaled(value, by: 1_000_000_000) }
  public static func milliseconds(_ value: Int) -> TimeSpan { scaled(value, by: 1_000_000) }

  /// Fractional seconds, saturating at the ends of the range; a NaN is zero.
  public static func seconds(_ value: Double) -> TimeSpan {
    let nanoseconds = value * 1e9
    if nanoseconds.isNaN { return .zero }
    if nanoseconds >= 9.2e18 { return TimeSpan(nanoseconds: .max) }
    if nanoseconds <= -9.2e18 { return TimeSpan(nanoseconds: .min) }
    return TimeSpan(nanoseconds: Int64(nanoseconds))
  }

  public var seconds: Double { Double(nanoseconds) / 1e9 }
  public var milliseconds: Int64 { nanoseconds / 1_000_000 }

  public static func < (a: TimeSpan, b: TimeSpan) -> Bool { a.nanoseconds < b.nanoseconds }
  public static func + (a: TimeSpan, b: TimeSpan) -> TimeSpan {
    TimeSpan(nanoseconds: saturatingSum(a.nanoseconds, b.nanoseconds))
  }
  public static func * (a: TimeSpan, factor: Int) -> TimeSpan {
    TimeSpan(nanoseconds: saturatingProduct(a.nanoseconds, Int64(factor)))
  }

  private static func scaled(_ value: Int, by unit: Int64) -> TimeSpan {
    TimeSpan(nanoseconds: saturatingProduct(Int64(value), unit))
  }
}

/// A point on the monotonic clock: unaffected by clock steps, meaningful within one process only.
public struct Instant: Hashable, Comparable, Sendable {
  /// Nanoseconds since an arbitrary origin.
  public var nanoseconds: Int64

  public init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

  public static func < (a: Instant, b: Instant) -> Bool { a.nanoseconds < b.nanoseconds }
  public static func + (a: Instant, b: TimeSpan) -> Instant {
    Instant(nanoseconds: saturatingSum(a.nanoseconds, b.nanoseconds))
  }
  public static func - (a: Instant, b: Instant) -> TimeSpan {
    TimeSpan(nanoseconds: saturatingSum(a.nanoseconds, b.nanoseconds == .min ? .max : -b.nanoseconds))
  }
}

/// A point in civil time: milliseconds since 1970-01-01T00:00:00Z. May step; never used to measure spans.
public struct WallTime: Hashable, Comparable, Sendable {
  public var milliseconds: Int64

  public init(milliseconds: Int64) { self.milliseconds = milliseconds }

  public static func < (a: WallTime, b: WallTime) -> Bool { a.milliseconds < b.milliseconds }
  public static func + (a: WallTime, b: TimeSpan) -> WallTime {
    WallTime(milliseconds: saturatingSum(a.milliseconds, b.milliseconds))
  }
  /// The span from `b` to `a` as the civil clock had it.
  public static func - (a: WallTime, b: WallTime) -> TimeSpan {
    let difference = saturatingSum(a.milliseconds, b.milliseconds == .min ? .max : -b.milliseconds)
    return TimeSpan(nanoseconds: saturatingProduct(difference, 1_000_000))
  }
}

/// One instant on both clocks, read together at the edge and handed to logic as an argument.
public struct Moment: Hashable, Sendable {
  public var instant: Instant
  public var wall: WallTime

  public init(instant: Instant, wall: WallTime) {
    self.instant = instant
    self.wall = wall
  }
}

func saturatingSum(_ a: Int64, _ b: Int64) -> Int64 {
  let (sum, overflow) = a.addingReportingOverflow(b)
  return overflow ? (b > 0 ? .max : .min) : sum
}

func saturatingProduct(_ a: Int64, _ b: Int64) -> Int64 {
  let (product, overflow) = a.multipliedReportingOverflow(by: b)
  return overflow ? ((a < 0) == (b < 0) ? .max : .min) : product
}
