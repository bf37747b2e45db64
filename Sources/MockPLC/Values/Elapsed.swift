/// Time since a fleet started, in nanoseconds. Everything scheduled in a mock PLC is a function of it, so
/// that two runs of one seed are alike whatever the wall clock says.
public struct Elapsed: Hashable, Comparable, Sendable {
  public var nanoseconds: Int64

  public static let zero = Elapsed(nanoseconds: 0)
  /// About 292 years: the end of every saturating sum.
  public static let never = Elapsed(nanoseconds: .max)

  public init(nanoseconds: Int64) {
    self.nanoseconds = nanoseconds
  }

  /// Saturates at ±292 years; not-a-number counts as zero.
  public static func seconds(_ seconds: Double) -> Elapsed {
    let scaled = (seconds * 1_000_000_000).rounded()
    if scaled.isNaN { return .zero }
    if scaled >= 9.2e18 { return .never }
    if scaled <= -9.2e18 { return Elapsed(nanoseconds: .min) }
    return Elapsed(nanoseconds: Int64(scaled))
  }

  public static func milliseconds(_ milliseconds: Double) -> Elapsed { .seconds(milliseconds / 1000) }

  public var seconds: Double { Double(nanoseconds) / 1_000_000_000 }

  public static func < (left: Elapsed, right: Elapsed) -> Bool { left.nanoseconds < right.nanoseconds }

  /// Saturating.
  public static func + (left: Elapsed, right: Elapsed) -> Elapsed {
    let (sum, overflow) = left.nanoseconds.addingReportingOverflow(right.nanoseconds)
    if overflow { return left.nanoseconds < 0 ? Elapsed(nanoseconds: .min) : .never }
    return Elapsed(nanoseconds: sum)
  }

  /// Saturating.
  public static func - (left: Elapsed, right: Elapsed) -> Elapsed {
    let (difference, overflow) = left.nanoseconds.subtractingReportingOverflow(right.nanoseconds)
    if overflow { return left.nanoseconds < 0 ? Elapsed(nanoseconds: .min) : .never }
    return Elapsed(nanoseconds: difference)
  }

  /// This span times `count`, saturating.
  public func times(_ count: Int64) -> Elapsed {
    let (product, overflow) = nanoseconds.multipliedReportingOverflow(by: count)
    return overflow ? .never : Elapsed(nanoseconds: product)
  }
}

extension Elapsed {
  /// Longest span a user may write: 10 years.
  static let longest = Elapsed.seconds(10 * 366 * 86_400)

  /// Reads `250us`, `20ms`, `1.5s`, `2m`, `1h`; a bare number counts as seconds.
  /// `nil` when it is anything else, negative, or above ``longest``.
  public init?(text: String) {
    let units: [(suffix: String, seconds: Double)] = [
      ("us", 0.000_001), ("µs", 0.000_001), ("ms", 0.001), ("min", 60), ("s", 1), ("m", 60), ("h", 3600),
    ]
    var digits = Substring(text)
    var factor = 1.0
    if let unit = units.first(where: { text.hasSuffix($0.suffix) }) {
      digits = digits.dropLast(unit.suffix.count)
      factor = unit.seconds
    }
    guard digits.allSatisfy({ $0.isASCII && ($0.isNumber || $0 == ".") }), let number = Double(digits) else {
      return nil
    }
    self = .seconds(number * factor)
    guard self <= Self.longest else { return nil }
  }

  /// Seconds with three decimals, `12.040`: the form the log uses. Independent of locale.
  public var logText: String {
    let milliseconds = max(0, nanoseconds) / 1_000_000
    let fraction = String(milliseconds % 1000)
    return "\(milliseconds / 1000)." + String(repeating: "0", count: 3 - fraction.count) + fraction
  }
}
