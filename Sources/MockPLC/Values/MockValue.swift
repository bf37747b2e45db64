/// A register's value in engineering units. Integers stay exact where the register has neither scale nor
/// offset.
public enum MockValue: Hashable, Sendable {
  case integer(Int64)
  /// Only above `Int64.max`.
  case unsigned(UInt64)
  case real(Double)
  case bool(Bool)
  case text(String)

  /// The value as a number; booleans are 0 and 1, text has none.
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
