import Control

/// One register as far as it could be understood; what the rules over several fields look at.
struct RegisterDraft {
  /// Where the fields are.
  var source: CheckedObject
  /// Field names that play the roles of `address` and `value` (the short form has its own).
  var addressField = "address"
  var valueField = "value"
  var spec: RegisterSpec
  /// The desired value as written; `nil`: none, or not understood.
  var value: ManifestValue?
  var isNamed: Bool

  func has(_ field: String) -> Bool { source.has(field) }

  var location: (position: SourcePosition?, path: String) { (source.position, source.path) }
}

/// Everything of a device that the rules look at.
struct DeviceDraft {
  var metadata: CheckedObject
  var spec: CheckedObject
  var registers: [RegisterDraft]
}

/// What a rule found: on which field, and what.
struct Finding {
  var severity = Diagnostic.Severity.error
  var position: SourcePosition?
  var path: String
  var message: String
  var related: SourcePosition?

  init(
    _ object: CheckedObject, _ field: String? = nil, _ message: String,
    severity: Diagnostic.Severity = .error,
    related: SourcePosition? = nil
  ) {
    self.severity = severity
    self.position = field.map { object.position(of: $0) } ?? object.position
    self.path = field.map { ShapeChecker.join(object.path, $0) } ?? object.path
    self.message = message
    self.related = related
  }

  init(at field: CheckedField, _ message: String) {
    position = field.position
    path = field.path
    self.message = message
  }
}

/// A rule over the fields of one register.
struct RegisterRule: Sendable {
  let check: @Sendable (RegisterDraft) -> [Finding]

  /// All of them, in the order of their findings.
  static let all: [RegisterRule] = [
    .readOnlyTables, .bitTables, .bits, .strings, .plainKinds, .scaling, .span, .envelope, .value,
  ]
}

/// A rule over a whole device.
struct DeviceRule: Sendable {
  let check: @Sendable (DeviceDraft) -> [Finding]

  static let all: [DeviceRule] = [
    .registerNames, .overlaps, .requestSize, .permit, .windows, .transport,
  ]
}
