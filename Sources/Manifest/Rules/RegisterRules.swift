import Control

extension RegisterRule {
  static let readOnlyTables = RegisterRule { register in
    guard !register.spec.table.isWritable else { return [] }
    return ["value", "maxStep"].filter(register.has).map { field in
      Finding(register.source, field, "table \(register.spec.table.rawValue) can only be read")
    }
  }

  static let bitTables = RegisterRule { register in
    guard register.spec.table.isBits, register.spec.type != .bool else { return [] }
    return [
      Finding(register.source, "type", "table \(register.spec.table.rawValue) holds bits: type must be bool")
    ]
  }

  static let bits = RegisterRule { register in
    guard register.has("bit") else { return [] }
    if register.spec.type != .bool {
      return [
        Finding(register.source, "bit", "only type bool has a bit, this is \(register.spec.type.rawValue)")
      ]
    }
    if register.spec.table.isBits {
      return [
        Finding(
          register.source, "bit", "table \(register.spec.table.rawValue) has one bit an address already")
      ]
    }
    return []
  }

  static let strings = RegisterRule { register in
    let isString = register.spec.type == .string
    if isString, !register.has("length") {
      return [Finding(register.source, "length", "is required with type string")]
    }
    if !isString, register.has("length") {
      return [
        Finding(
          register.source, "length", "only type string has a length, this is \(register.spec.type.rawValue)")
      ]
    }
    if isString, register.spec.wordCount > 123, register.has("value") {
      return [
        Finding(
          register.source, "length", "\(register.spec.wordCount) words cannot be written in one request (123)"
        )
      ]
    }
    return []
  }

  /// Text and truth have no arithmetic.
  static let plainKinds = RegisterRule { register in
    guard register.spec.type == .string || register.spec.type == .bool else { return [] }
    return ["scale", "offset", "tolerance", "min", "max", "maxStep"].filter(register.has).map { field in
      Finding(register.source, field, "is not for type \(register.spec.type.rawValue)")
    }
  }

  static let scaling = RegisterRule { register in
    guard register.source.number("scale") == 0 else { return [] }
    return [Finding(register.source, "scale", "must not be 0")]
  }

  static let span = RegisterRule { register in
    let last = Int(register.spec.address) + register.spec.wordCount - 1
    guard !register.spec.table.isBits, last > 65_535 else { return [] }
    return [
      Finding(
        register.source, register.addressField,
        "\(register.spec.wordCount) words from here end beyond the last register (protocol address 65535)")
    ]
  }

  static let envelope = RegisterRule { register in
    var findings: [Finding] = []
    if let minimum = register.spec.minimum, let maximum = register.spec.maximum, minimum > maximum {
      findings.append(
        Finding(
          register.source, "min",
          "\(ManifestValue.described(minimum)) is above max \(ManifestValue.described(maximum))"))
    }
    if let step = register.spec.maxStep, step > 0, RegisterValueRule.isInteger(register.spec.type),
      step < abs(register.spec.scale)
    {
      findings.append(
        Finding(
          register.source, "maxStep",
          "\(ManifestValue.described(step)) is below one step of the register"
            + " (\(ManifestValue.described(abs(register.spec.scale))))"))
    }
    return findings
  }

  static let value = RegisterRule { register in
    guard let written = register.value else { return [] }
    if register.spec.type == .string, !register.has("length") { return [] }
    return RegisterValueRule.findings(written, register)
  }
}
