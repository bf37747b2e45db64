/// A JSON value, with members in order and integers exact: what objects from the API server are read from,
/// and what every output of this module is written through.
public indirect enum ManifestValue: Hashable, Sendable {
  case null
  case bool(Bool)
  case integer(Int64)
  /// Only above `Int64.max`.
  case unsigned(UInt64)
  case real(Double)
  case string(String)
  case array([ManifestValue])
  case object([Member])

  public struct Member: Hashable, Sendable {
    public var name: String
    public var value: ManifestValue
    public init(_ name: String, _ value: ManifestValue) {
      self.name = name
      self.value = value
    }
  }

  /// The member of an object; `nil` for anything else.
  public subscript(name: String) -> ManifestValue? {
    guard case .object(let members) = self else { return nil }
    return members.first { $0.name == name }?.value
  }

  public var text: String? {
    if case .string(let text) = self { text } else { nil }
  }

  public var elements: [ManifestValue]? {
    if case .array(let elements) = self { elements } else { nil }
  }

  /// Numbers as `Double`, also where that is not exact.
  public var number: Double? {
    switch self {
    case .integer(let value): Double(value)
    case .unsigned(let value): Double(value)
    case .real(let value): value
    default: nil
    }
  }

  /// For messages: short, and free of control characters.
  var described: String {
    switch self {
    case .null: "null"
    case .bool(let value): value ? "true" : "false"
    case .integer(let value): String(value)
    case .unsigned(let value): String(value)
    case .real(let value): ManifestValue.described(value)
    case .string(let text): "\"\(PrintableText.escaped(text, limit: 60))\""
    case .array: "a list"
    case .object: "a mapping"
    }
  }

  /// Whole numbers without a fraction, as people write them.
  static func described(_ value: Double) -> String {
    if value.rounded() == value, abs(value) < 1e15 { return String(Int64(value)) }
    return "\(value)"
  }
}

extension ManifestValue: ExpressibleByStringLiteral, ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral,
  ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
  public init(stringLiteral value: String) { self = .string(value) }
  public init(booleanLiteral value: Bool) { self = .bool(value) }
  public init(integerLiteral value: Int64) { self = .integer(value) }
  public init(arrayLiteral elements: ManifestValue...) { self = .array(elements) }
  public init(dictionaryLiteral elements: (String, ManifestValue)...) {
    self = .object(elements.map { Member($0.0, $0.1) })
  }
}

extension ManifestValue: Decodable {
  private struct Name: CodingKey {
    var stringValue: String
    var intValue: Int? { nil }
    init?(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
  }

  /// Members come sorted by name: decoders do not keep the order.
  public init(from decoder: any Decoder) throws {
    if let container = try? decoder.container(keyedBy: Name.self) {
      let names = container.allKeys.sorted { $0.stringValue < $1.stringValue }
      self = .object(
        try names.map { Member($0.stringValue, try container.decode(ManifestValue.self, forKey: $0)) })
      return
    }
    if var container = try? decoder.unkeyedContainer() {
      var elements: [ManifestValue] = []
      while !container.isAtEnd { elements.append(try container.decode(ManifestValue.self)) }
      self = .array(elements)
      return
    }
    let container = try decoder.singleValueContainer()
    if container.decodeNil() {
      self = .null
    } else if let value = try? container.decode(Bool.self) {
      self = .bool(value)
    } else if let value = try? container.decode(Int64.self) {
      self = .integer(value)
    } else if let value = try? container.decode(UInt64.self) {
      self = .unsigned(value)
    } else if let value = try? container.decode(Double.self) {
      self = .real(value)
    } else {
      self = .string(try container.decode(String.self))
    }
  }
}
