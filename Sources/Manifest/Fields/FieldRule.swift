/// What one field of a manifest may be. The validator, the JSON Schema for editors and the schema of the
/// custom resource are all made from these.
struct FieldRule: Sendable {
  var name: String
  var kind: FieldKind
  var isRequired = false
  /// What holds when the field is absent, for documentation.
  var fallback: ManifestValue?
  /// Whether the API server fills `fallback` in.
  var isDefaultedByServer = false
  var description: String
}

/// The type and range of a field.
indirect enum FieldKind: Sendable {
  case integer(ClosedRange<Int64>)
  case number(NumberRange)
  case boolean
  case text(TextFormat)
  case choice([String])
  /// A number, a boolean or text: a register's value.
  case scalar
  case object(ObjectRule)
  case list(FieldKind, count: ClosedRange<Int>)
  /// Any names with text values of this format.
  case map(TextFormat, count: Int)
  /// Belongs to Kubernetes; not looked at.
  case ignored
}

/// A range of real numbers; `nil` bounds are open.
struct NumberRange: Sendable {
  var minimum: Double?
  var maximum: Double?
  /// The minimum itself is not allowed.
  var excludesMinimum = false

  static let any = NumberRange()
  static let notNegative = NumberRange(minimum: 0)
  static let positive = NumberRange(minimum: 0, excludesMinimum: true)
}

/// A mapping with known fields.
struct ObjectRule: Sendable {
  var fields: [FieldRule]
  /// Rules over several fields that the API server can check by itself.
  var serverRules: [ServerRule] = []

  func field(_ name: String) -> FieldRule? { fields.first { $0.name == name } }
}

/// One `x-kubernetes-validations` entry (Common Expression Language).
struct ServerRule: Sendable {
  var expression: String
  var message: String
}
