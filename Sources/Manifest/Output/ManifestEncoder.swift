import Control

/// Writes a device as a manifest: for `capture`, the demo and the `spec` of objects shown to users.
public enum ManifestEncoder {
  /// YAML text of one document. The short form is used where it says everything.
  public static func yaml(_ device: DeviceSpec) -> String { document(device).yaml() }

  /// The whole document.
  public static func document(_ device: DeviceSpec) -> ManifestValue {
    .object([
      .init("apiVersion", .string(DeviceFields.apiVersion)), .init("kind", .string(DeviceFields.kind)),
      .init("metadata", metadata(device)), .init("spec", spec(device)),
    ])
  }

  static func metadata(_ device: DeviceSpec) -> ManifestValue {
    var metadata = ObjectBuilder()
    metadata.add("name", .string(device.id.name))
    metadata.add("namespace", .string(device.id.namespace))
    if !device.labels.isEmpty {
      metadata.add("labels", .object(device.labels.map { .init($0.key, .string($0.value)) }))
    }
    return metadata.value
  }

  /// What `spec` must be to mean this device. Defaults are left out, save those that people look for.
  public static func spec(_ device: DeviceSpec) -> ManifestValue {
    var spec = ObjectBuilder()
    spec.add("deviceAddress", .string(device.address))
    spec.add("port", .integer(Int64(device.port)))
    spec.add("tls", device.security.flatMap(security))
    spec.add("unitId", Int(device.unitID), unless: 1)
    spec.add("timeoutMs", milliseconds(device.timeout), unless: 1000)
    if device.connection != .persistent { spec.add("connection", .string(device.connection.rawValue)) }
    spec.add("pauseAfterConnectMs", milliseconds(device.pauseAfterConnect), unless: 0)
    spec.add("pauseBetweenRequestsMs", milliseconds(device.pauseBetweenRequests), unless: 0)
    spec.add("maxRegistersPerRequest", device.maxRegistersPerRequest, unless: 125)
    spec.add("maxGap", device.maxGap, unless: 16)
    spec.add("addressBase", device.addressBase, unless: 0)
    spec.add("pollIntervalSecs", .integer(device.pollInterval.nanoseconds / 1_000_000_000))
    spec.add("autoCorrect", .bool(device.autoCorrect))
    if device.suspend { spec.add("suspend", true) }
    if !device.tags.isEmpty { spec.add("tags", .array(device.tags.map(ManifestValue.string))) }
    if let identity = device.identity { spec.add("identity", self.identity(identity)) }
    if let (address, value) = shortForm(device) {
      spec.add("targetRegister", .integer(Int64(address)))
      spec.add("targetValue", .integer(value))
    } else {
      spec.add("registers", .array(device.registers.map { register($0, base: device.addressBase) }))
    }
    spec.add("correction", correction(device.correction, base: device.addressBase))
    return spec.value
  }

  private static func milliseconds(_ span: TimeSpan) -> Int { Int(clamping: span.milliseconds) }

  /// How a manifest of this base writes an address; with base 1 so that it cannot be taken for another.
  static func written(_ address: UInt16, _ table: RegisterTable, base: Int) -> Int {
    guard base == 1 else { return Int(address) }
    switch table {
    case .holding: return 400_001 + Int(address)
    case .input: return 300_001 + Int(address)
    case .discrete: return 100_001 + Int(address)
    case .coil: return 1 + Int(address)
    }
  }

  private static func shortForm(_ device: DeviceSpec) -> (address: Int, value: Int64)? {
    guard device.registers.count == 1, let register = device.registers.first,
      case .integer(let value)? = register.desired
    else { return nil }
    let address = written(register.address, .holding, base: device.addressBase)
    let plain = RegisterSpec(
      name: "holding-\(address)", address: register.address, desired: register.desired)
    return register == plain && (0...65_535).contains(value) ? (address, value) : nil
  }
}

extension ManifestEncoder {
  private static func security(_ security: TransportSecurity) -> ManifestValue? {
    guard security != TransportSecurity() else { return nil }
    var object = ObjectBuilder()
    if security.credentials != TransportSecurity.defaultCredentials {
      object.add("credentials", .string(security.credentials))
    }
    object.add("serverName", security.serverName.map(ManifestValue.string))
    return object.value
  }

  private static func identity(_ identity: DeviceIdentity) -> ManifestValue {
    var object = ObjectBuilder()
    object.add("vendorName", identity.vendorName.map(ManifestValue.string))
    object.add("productCode", identity.productCode.map(ManifestValue.string))
    object.add("revision", identity.revision.map(ManifestValue.string))
    return object.value
  }

  static func register(_ register: RegisterSpec, base: Int) -> ManifestValue {
    var object = ObjectBuilder()
    let address = written(register.address, register.table, base: base)
    if register.name != "\(register.table.rawValue)-\(address)" { object.add("name", .string(register.name)) }
    object.add("address", .integer(Int64(address)))
    if register.table != .holding { object.add("table", .string(register.table.rawValue)) }
    if register.type != (register.table.isBits ? .bool : .uint16) {
      object.add("type", .string(register.type.rawValue))
    }
    if register.order != .abcd { object.add("order", .string(register.order.rawValue)) }
    object.add("bit", register.bit.map { .integer(Int64($0)) })
    if register.type == .string { object.add("length", .integer(Int64(register.wordCount))) }
    object.add("scale", register.scale, unless: 1)
    object.add("offset", register.offset, unless: 0)
    if !register.unit.isEmpty { object.add("unit", .string(register.unit)) }
    object.add("value", register.desired.map { ManifestValue($0) })
    object.add("tolerance", register.tolerance, unless: 0)
    object.add("min", register.minimum.map(ManifestValue.real))
    object.add("max", register.maximum.map(ManifestValue.real))
    object.add("maxStep", register.maxStep.map(ManifestValue.real))
    object.add("autoCorrect", register.autoCorrect.map(ManifestValue.bool))
    return object.value
  }

  private static func correction(_ policy: CorrectionPolicy, base: Int) -> ObjectBuilder {
    let fallback = CorrectionPolicy()
    var object = ObjectBuilder()
    object.add("confirmReads", policy.confirmReads, unless: fallback.confirmReads)
    object.add("maxWritesPerHour", policy.maxWritesPerHour, unless: fallback.maxWritesPerHour)
    object.add("writeEndurance", policy.writeEndurance.map { ManifestValue.integer(Int64(clamping: $0)) })
    object.add("contestedAfter", policy.contestedAfter, unless: fallback.contestedAfter)
    object.add(
      "contestedWithinSecs", milliseconds(policy.contestedWithin) / 1000,
      unless: milliseconds(fallback.contestedWithin) / 1000)
    if let permit = policy.permit {
      object.add(
        "permit",
        [
          "address": .integer(Int64(written(permit.address, permit.table, base: base))),
          "table": .string(permit.table.rawValue), "equals": .integer(Int64(permit.equals)),
        ])
    }
    if !policy.windows.isEmpty { object.add("windows", .array(policy.windows.map(window))) }
    return object
  }

  private static func window(_ window: CorrectionWindow) -> ManifestValue {
    [
      "schedule": .string(window.schedule.text), "durationMins": .integer(Int64(window.durationMinutes)),
      "timeZone": .string(window.zone.name),
    ]
  }
}
