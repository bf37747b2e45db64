import Control

/// The fields of one entry of `spec.registers`.
enum RegisterFields {
  /// Registers of one device.
  static let maxCount = 1000

  static let register = ObjectRule(fields: place + meaning + target, serverRules: serverRules)

  private static let place: [FieldRule] = [
    FieldRule(
      name: "name", kind: .text(.registerName),
      description: "Unique within the device. Default: <table>-<address>."),
    FieldRule(
      name: "address", kind: .integer(0...465_536), isRequired: true,
      description: "Address within the table, counted as spec.addressBase says."),
    FieldRule(
      name: "table", kind: .choice(RegisterTable.allCases.map(\.rawValue)), fallback: "holding",
      isDefaultedByServer: true, description: "Modbus table; input and discrete can only be read."),
  ]

  private static let meaning: [FieldRule] = [
    FieldRule(
      name: "type", kind: .choice(RegisterType.allCases.map(\.rawValue)),
      description: "How the words are understood. Default: uint16; bool for coils and discrete inputs."),
    FieldRule(
      name: "order", kind: .choice(ByteOrder.allCases.map(\.rawValue)), fallback: "ABCD",
      description: "Byte order of values of more than one byte."),
    FieldRule(
      name: "bit", kind: .integer(0...15),
      description: "Type bool: one bit of a word, 0 is the least significant. Default: the whole word."),
    FieldRule(name: "length", kind: .integer(1...125), description: "Type string: length in words."),
    FieldRule(
      name: "scale", kind: .number(.any), fallback: 1,
      description: "Engineering value = raw * scale + offset. Not 0."),
    FieldRule(name: "offset", kind: .number(.any), fallback: 0, description: "See scale."),
    FieldRule(name: "unit", kind: .text(.free(16)), description: "Engineering unit, for people."),
  ]

  private static let target: [FieldRule] = [
    FieldRule(
      name: "value", kind: .scalar, description: "Desired value in engineering units. Absent: monitored only."
    ),
    FieldRule(
      name: "tolerance", kind: .number(.notNegative), fallback: 0,
      description: "Deadband: a difference of at most this is in sync."),
    FieldRule(
      name: "min", kind: .number(.any), description: "Smallest value that may ever be desired or written."),
    FieldRule(
      name: "max", kind: .number(.any), description: "Largest value that may ever be desired or written."),
    FieldRule(
      name: "maxStep", kind: .number(.positive),
      description: "Largest change one write may make; a larger gap is ramped."),
    FieldRule(
      name: "autoCorrect", kind: .boolean,
      description: "Overrides the device's autoCorrect for this register."),
  ]

  private static let serverRules: [ServerRule] = [
    ServerRule(
      expression: "!has(self.min) || !has(self.max) || self.min <= self.max",
      message: "min must not be above max"),
    ServerRule(expression: "!has(self.scale) || self.scale != 0.0", message: "scale must not be 0"),
    ServerRule(
      expression: "!has(self.bit) || (has(self.type) && self.type == 'bool')",
      message: "bit is only for type bool"),
    ServerRule(
      expression: "has(self.length) == (has(self.type) && self.type == 'string')",
      message: "type string needs length, and only it may have one"),
    ServerRule(
      expression:
        "!has(self.type) || !(self.type in ['string', 'bool']) || !(has(self.scale) || has(self.offset)"
        + " || has(self.tolerance) || has(self.min) || has(self.max) || has(self.maxStep))",
      message: "string and bool have no scale, offset, tolerance, min, max or maxStep"),
    ServerRule(
      expression: "!has(self.table) || !(self.table in ['coil', 'discrete']) || !has(self.type)"
        + " || self.type == 'bool'",
      message: "coils and discrete inputs are of type bool"),
  ]
}
