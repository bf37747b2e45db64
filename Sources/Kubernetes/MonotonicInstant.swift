/// A point on a clock that never steps back, meaningful within one process only.
///
/// Logic in this target takes one as an argument and never reads a clock; only the edge calls `now()`.
public struct MonotonicInstant: Hashable, Comparable, Sendable {
  /// Nanoseconds since an arbitrary origin.
  public var nanoseconds: Int64

  public init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

  /// The clock goes on while the machine is suspended, so that a lease held before a suspension is known
  /// to have run out after it.
  public static func now() -> MonotonicInstant {
    MonotonicInstant(nanoseconds: 0).advanced(by: origin.duration(to: .now))
  }

  /// This instant moved by `span`, clamped to what can be represented.
  public func advanced(by span: Duration) -> MonotonicInstant {
    let (sum, overflow) = nanoseconds.addingReportingOverflow(span.clampedNanoseconds)
    return MonotonicInstant(nanoseconds: overflow ? (span < .zero ? .min : .max) : sum)
  }

  /// The span from this instant to `other`; negative when `other` is earlier.
  public func duration(to other: MonotonicInstant) -> Duration {
    let (difference, overflow) = other.nanoseconds.subtractingReportingOverflow(nanoseconds)
    return .nanoseconds(overflow ? (other < self ? .min : .max) : difference)
  }

  public static func < (a: Self, b: Self) -> Bool { a.nanoseconds < b.nanoseconds }

  private static let origin = ContinuousClock.now
}

extension Duration {
  /// Whole nanoseconds, clamped to the range of `Int64` (292 years).
  var clampedNanoseconds: Int64 {
    let (seconds, attoseconds) = components
    let (scaled, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
    let (sum, carry) = scaled.addingReportingOverflow(attoseconds / 1_000_000_000)
    return overflow || carry ? (seconds < 0 ? .min : .max) : sum
  }

  /// Seconds as a `Double`.
  var inSeconds: Double { Double(components.seconds) + Double(components.attoseconds) / 1e18 }
}
