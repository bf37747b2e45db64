/// A field that has passed its own rule.
struct CheckedField {
  enum Content {
    case integer(Int64)
    case number(Double)
    case bool(Bool)
    case text(String)
    case scalar(ManifestValue)
    case object(CheckedObject)
    case list([CheckedField])
    case map([(key: String, value: String)])
    case ignored
  }
  var position: SourcePosition?
  var path: String
  var content: Content
}

/// A mapping whose fields have been checked one by one; fields that failed are missing from `fields` but
/// named in `present`.
struct CheckedObject {
  var position: SourcePosition?
  var path: String
  var fields: [String: CheckedField] = [:]
  var keys: [String: SourcePosition] = [:]
  var present: Set<String> = []

  func has(_ name: String) -> Bool { present.contains(name) }

  /// Where a field's value is, or the object itself.
  func position(of name: String) -> SourcePosition? { fields[name]?.position ?? keys[name] ?? position }

  func integer(_ name: String) -> Int? {
    if case .integer(let value)? = fields[name]?.content { Int(exactly: value) } else { nil }
  }
  func number(_ name: String) -> Double? {
    if case .number(let value)? = fields[name]?.content { value } else { nil }
  }
  func bool(_ name: String) -> Bool? {
    if case .bool(let value)? = fields[name]?.content { value } else { nil }
  }
  func text(_ name: String) -> String? {
    if case .text(let value)? = fields[name]?.content { value } else { nil }
  }
  func scalar(_ name: String) -> ManifestValue? {
    if case .scalar(let value)? = fields[name]?.content { value } else { nil }
  }
  func object(_ name: String) -> CheckedObject? {
    if case .object(let value)? = fields[name]?.content { value } else { nil }
  }
  func list(_ name: String) -> [CheckedField] {
    if case .list(let value)? = fields[name]?.content { value } else { [] }
  }
  func map(_ name: String) -> [(key: String, value: String)] {
    if case .map(let value)? = fields[name]?.content { value } else { [] }
  }
  func choice<Choice: RawRepresentable>(_ name: String, _: Choice.Type = Choice.self) -> Choice?
  where Choice.RawValue == String {
    text(name).flatMap(Choice.init(rawValue:))
  }
}
