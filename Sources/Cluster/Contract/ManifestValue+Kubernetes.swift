import Kubernetes
import Manifest

extension ManifestValue {
  /// The same value as the validator reads it; members sorted by name.
  public init(_ json: JSONValue) {
    switch json {
    case .null: self = .null
    case .bool(let value): self = .bool(value)
    case .integer(let value): self = .integer(value)
    case .number(let value): self = .real(value)
    case .string(let value): self = .string(value)
    case .array(let elements): self = .array(elements.map { ManifestValue($0) })
    case .object(let members):
      self = .object(
        members.sorted { $0.key < $1.key }.map { Member($0.key, ManifestValue($0.value)) })
    }
  }
}

extension JSONValue {
  /// The same value as the API server takes it.
  public init(_ value: ManifestValue) {
    switch value {
    case .null: self = .null
    case .bool(let value): self = .bool(value)
    case .integer(let value): self = .integer(value)
    // The server itself keeps what does not fit Int64 as a double.
    case .unsigned(let value): self = .number(Double(value))
    case .real(let value): self = .number(value)
    case .string(let value): self = .string(value)
    case .array(let elements): self = .array(elements.map { JSONValue($0) })
    case .object(let members):
      self = .object(
        Dictionary(members.map { ($0.name, JSONValue($0.value)) }, uniquingKeysWith: { _, last in last }))
    }
  }
}
