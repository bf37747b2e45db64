/// A register's value in engineering units.
///
/// Integers stay exact: an integer type with scale 1 and offset 0 is `.integer`, or `.unsigned` above
/// `Int64.max` (and only there, so that equal values compare equal). Everything scaled and every float is
/// `.real`.
public enum RegisterValue: Hashable, Sendable {
  case integer(Int64)
  case unsigned(UInt64)
  case real(Double)
  case bool(Bool)
  case text(String)

  /// The value as a number for plotting and deltas; booleans are 0 and 1, text has none.
  public var number: Double? {
    switch self {
    case .integer(let value): Double(value)
    case .unsigned(let value): Double(value)
    case .real(let value): value
    case .bool(let value): value ? 1 : 0
    case .text: nil
    }
  }
}
