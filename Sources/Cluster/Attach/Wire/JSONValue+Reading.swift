import Control
import Kubernetes
import Manifest

extension JSONValue {
  /// The time that a member tells; nil when it is missing or tells none.
  func time(_ key: String) -> WallTime? { self[key]?.stringValue.flatMap(WallTime.init(rfc3339:)) }

  func text(_ key: String) -> String { self[key]?.stringValue ?? "" }

  /// A count that is never negative; 0 when it is missing.
  func count(_ key: String) -> UInt64 { self[key]?.integerValue.flatMap { UInt64(exactly: $0) } ?? 0 }

  /// A span in seconds, bounded to what a span can hold.
  func seconds(_ key: String) -> TimeSpan? {
    self[key]?.doubleValue.map { TimeSpan.seconds($0) }
  }

  /// Words of 16 bits; what is none is left out.
  func words(_ key: String) -> [UInt16] {
    (self[key]?.arrayValue ?? []).prefix(1000).compactMap { $0.integerValue.flatMap { UInt16(exactly: $0) } }
  }
}

extension RegisterValue {
  /// A value as the API writes it, of a register's type; nil for null and for what cannot be one.
  ///
  /// - Parameter raw: the words it was read from, which are exact where JSON's numbers are not.
  init?(_ json: JSONValue?, as spec: RegisterSpec, raw: [UInt16] = []) {
    guard let json else { return nil }
    switch json {
    case .bool(let value): self = .bool(value)
    case .string(let value): self = .text(value)
    case .integer(let value):
      if spec.table.isBits || spec.type == .bool {
        self = .bool(value != 0)
      } else {
        self = spec.isWhole ? .integer(value) : .real(Double(value))
      }
    case .number(let value):
      let exact = spec.isWhole && raw.count == spec.wordCount ? RegisterCodec.decode(raw, as: spec) : nil
      let whole = spec.isWhole ? UInt64(exactly: value).map(RegisterValue.unsigned) : nil
      self = exact ?? whole ?? .real(value)
    case .null, .array, .object: return nil
    }
  }
}

extension RegisterSpec {
  /// Values are whole numbers: an integer type without scaling.
  var isWhole: Bool {
    guard scale == 1, offset == 0, !table.isBits else { return false }
    switch type {
    case .uint16, .int16, .uint32, .int32, .uint64, .int64: return true
    case .float32, .float64, .bool, .string: return false
    }
  }
}
