import Foundation

extension JSONValue: Codable {
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if container.decodeNil() {
      self = .null
    } else if let value = try? container.decode(Bool.self) {
      self = .bool(value)
    } else if let value = try? container.decode(Int64.self) {
      self = .integer(value)
    } else if let value = try? container.decode(Double.self) {
      self = .number(value)
    } else if let value = try? container.decode(String.self) {
      self = .string(value)
    } else if let value = try? container.decode([String: JSONValue].self) {
      self = .object(value)
    } else {
      self = .array(try container.decode([JSONValue].self))
    }
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    switch self {
    case .null: try container.encodeNil()
    case .bool(let value): try container.encode(value)
    case .integer(let value): try container.encode(value)
    case .number(let value): try container.encode(value)
    case .string(let value): try container.encode(value)
    case .array(let value): try container.encode(value)
    case .object(let value): try container.encode(value)
    }
  }

  /// The JSON form of `value`, as its `Encodable` conformance gives it.
  public init(encoding value: some Encodable) throws {
    if let value = value as? JSONValue {
      self = value
    } else {
      let data = try JSONEncoder().encode(value)
      self = try JSONValue(parsing: Array(data))
    }
  }

  /// This value as a `T`. Errors are `DecodingError`s; `describe(_:)` in this file makes one line of them.
  public func decode<T: Decodable>(as type: T.Type = T.self) throws -> T {
    if let value = self as? T { return value }
    return try JSONDecoder().decode(T.self, from: Data(serialized()))
  }
}

/// One line naming the field at fault: `spec.port: expected Int`.
func describe(_ error: any Error) -> String {
  guard let error = error as? DecodingError else { return "\(error)" }
  func path(_ context: DecodingError.Context, _ last: (any CodingKey)? = nil) -> String {
    let keys = context.codingPath + (last.map { [$0] } ?? [])
    let text = keys.reduce(into: "") { text, key in
      if let index = key.intValue {
        text += "[\(index)]"
      } else {
        text += text.isEmpty ? key.stringValue : ".\(key.stringValue)"
      }
    }
    return text.isEmpty ? "the object" : text
  }
  switch error {
  case .typeMismatch(let type, let context): return "\(path(context)): expected \(type)"
  case .valueNotFound(let type, let context): return "\(path(context)): null where \(type) is expected"
  case .keyNotFound(let key, let context): return "\(path(context, key)): missing"
  case .dataCorrupted(let context): return "\(path(context)): \(context.debugDescription)"
  @unknown default: return "\(error)"
  }
}
