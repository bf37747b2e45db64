import Control

/// Reads one `IndustrialPLC` document: shape, rules, and the specification when nothing is wrong.
struct DeviceDecoder {
  let file: String

  struct Reading {
    /// `nil` when there is an error among the diagnostics.
    var device: ManifestDevice?
    var diagnostics: [Diagnostic]
  }

  /// - Parameter prefix: path of the document, for items of a `List`.
  func read(_ node: SourceNode, document: Int, prefix: String) -> Reading {
    var checker = ShapeChecker(file: file)
    guard let root = checker.object(node, DeviceFields.document, path: prefix) else {
      return Reading(device: nil, diagnostics: checker.diagnostics)
    }
    guard let metadata = root.object("metadata"), let spec = root.object("spec") else {
      return Reading(device: nil, diagnostics: checker.diagnostics)
    }
    var diagnostics = checker.diagnostics
    let registers = registers(of: spec, &diagnostics)
    let draft = DeviceDraft(metadata: metadata, spec: spec, registers: registers)
    for register in registers {
      for rule in RegisterRule.all { diagnostics += rule.check(register).map(diagnostic) }
    }
    for rule in DeviceRule.all { diagnostics += rule.check(draft).map(diagnostic) }
    let isSound = !diagnostics.contains { $0.severity == .error }
    let device = isSound ? device(draft, root, document: document, prefix: prefix) : nil
    return Reading(device: device, diagnostics: diagnostics)
  }

  private func diagnostic(_ finding: Finding) -> Diagnostic {
    Diagnostic(
      severity: finding.severity, location: location(finding.position), path: finding.path,
      message: finding.message,
      related: finding.related.map(location))
  }

  private func location(_ position: SourcePosition?) -> ManifestLocation {
    ManifestLocation(file: file, line: position?.line ?? 0, column: position?.column ?? 0)
  }
}

extension DeviceDecoder {
  private func registers(of spec: CheckedObject, _ diagnostics: inout [Diagnostic]) -> [RegisterDraft] {
    let short = ["targetRegister", "targetValue"].filter(spec.has)
    if spec.has("registers") {
      for field in short {
        diagnostics.append(diagnostic(Finding(spec, field, "cannot be given together with registers")))
      }
      return spec.list("registers").compactMap { field in
        guard case .object(let object) = field.content else { return nil }
        return register(object, of: spec, &diagnostics)
      }
    }
    switch short {
    case []:
      diagnostics.append(
        diagnostic(Finding(spec, nil, "needs targetRegister and targetValue, or a list of registers")))
    case ["targetRegister"]:
      diagnostics.append(diagnostic(Finding(spec, "targetValue", "is required with targetRegister")))
    case ["targetValue"]:
      diagnostics.append(diagnostic(Finding(spec, "targetRegister", "is required with targetValue")))
    default: return shortForm(spec, &diagnostics)
    }
    return []
  }

  private func shortForm(_ spec: CheckedObject, _ diagnostics: inout [Diagnostic]) -> [RegisterDraft] {
    guard let written = spec.integer("targetRegister"), let value = spec.integer("targetValue") else {
      return []
    }
    guard let address = address(written, .holding, spec, "targetRegister", base: spec, &diagnostics) else {
      return []
    }
    return [
      RegisterDraft(
        source: spec, addressField: "targetRegister", valueField: "targetValue",
        spec: RegisterSpec(
          name: "holding-\(written)", address: address, desired: .integer(Int64(value))),
        value: .integer(Int64(value)), isNamed: false)
    ]
  }

  private func address(
    _ written: Int, _ table: RegisterTable, _ object: CheckedObject, _ field: String,
    base spec: CheckedObject,
    _ diagnostics: inout [Diagnostic]
  ) -> UInt16? {
    do throws(AddressNotation.Problem) {
      return try AddressNotation.protocolAddress(
        written, base: spec.integer("addressBase") ?? 0, table: table)
    } catch {
      diagnostics.append(diagnostic(Finding(object, field, error.message)))
      return nil
    }
  }

  private func register(_ object: CheckedObject, of spec: CheckedObject, _ diagnostics: inout [Diagnostic])
    -> RegisterDraft?
  {
    // A field that failed its own rule must not make others look wrong.
    for field in ["table", "type", "address", "length", "bit"]
    where object.has(field) && object.fields[field] == nil {
      return nil
    }
    let table = object.choice("table", RegisterTable.self) ?? .holding
    guard let written = object.integer("address"),
      let address = address(written, table, object, "address", base: spec, &diagnostics)
    else { return nil }
    let type = object.choice("type", RegisterType.self) ?? (table.isBits ? .bool : .uint16)
    var register = RegisterSpec(
      name: object.text("name") ?? "\(table.rawValue)-\(written)", address: address, table: table, type: type,
      order: object.choice("order", ByteOrder.self) ?? .abcd,
      bit: object.integer("bit").flatMap(UInt8.init(exactly:)),
      length: object.integer("length"), scale: object.number("scale") ?? 1,
      offset: object.number("offset") ?? 0,
      unit: object.text("unit") ?? "", tolerance: object.number("tolerance") ?? 0,
      minimum: object.number("min"),
      maximum: object.number("max"), maxStep: object.number("maxStep"),
      autoCorrect: object.bool("autoCorrect"))
    let value = object.scalar("value")
    if let value, case .success(let desired) = RegisterValueRule.value(value, as: register) {
      register.desired = desired
    }
    return RegisterDraft(source: object, spec: register, value: value, isNamed: true)
  }
}

extension DeviceDecoder {
  private func device(_ draft: DeviceDraft, _ root: CheckedObject, document: Int, prefix: String)
    -> ManifestDevice?
  {
    guard let name = draft.metadata.text("name"), let address = draft.spec.text("deviceAddress") else {
      return nil
    }
    let spec = draft.spec
    var device = DeviceSpec(
      id: DeviceID(namespace: draft.metadata.text("namespace") ?? "default", name: name), address: address,
      registers: draft.registers.map(\.spec))
    device.port = DeviceAddress.port(of: address, given: spec.integer("port"))
    device.security = security(spec.object("tls"), address)
    device.unitID = UInt8(clamping: spec.integer("unitId") ?? 1)
    device.timeout = .milliseconds(spec.integer("timeoutMs") ?? 1000)
    device.connection = spec.choice("connection") ?? .persistent
    device.pauseAfterConnect = .milliseconds(spec.integer("pauseAfterConnectMs") ?? 0)
    device.pauseBetweenRequests = .milliseconds(spec.integer("pauseBetweenRequestsMs") ?? 0)
    device.maxRegistersPerRequest = spec.integer("maxRegistersPerRequest") ?? 125
    device.maxGap = spec.integer("maxGap") ?? 16
    device.addressBase = spec.integer("addressBase") ?? 0
    device.pollInterval = .seconds(spec.integer("pollIntervalSecs") ?? 5)
    device.autoCorrect = spec.bool("autoCorrect") ?? true
    device.suspend = spec.bool("suspend") ?? false
    device.identity = spec.object("identity").map(identity)
    if let correction = spec.object("correction") {
      device.correction = policy(correction, device.addressBase)
    }
    device.tags = spec.list("tags").compactMap { if case .text(let tag) = $0.content { tag } else { nil } }
    device.labels = labels(draft.metadata.map("labels"))
    return ManifestDevice(
      spec: device, location: location(draft.metadata.position(of: "name")), document: document,
      sources: draft.registers.map { source(of: $0) }, annotations: labels(draft.metadata.map("annotations")),
      object: prefix)
  }

  private func labels(_ pairs: [(key: String, value: String)]) -> [DeviceSpec.Label] {
    pairs.sorted { $0.key < $1.key }.map { DeviceSpec.Label(key: $0.key, value: $0.value) }
  }

  private func security(_ object: CheckedObject?, _ address: String) -> TransportSecurity? {
    guard DeviceAddress.parts(address).scheme == DeviceAddress.secureScheme else { return nil }
    return TransportSecurity(
      credentials: object?.text("credentials") ?? TransportSecurity.defaultCredentials,
      serverName: object?.text("serverName"))
  }

  private func identity(_ object: CheckedObject) -> DeviceIdentity {
    DeviceIdentity(
      vendorName: object.text("vendorName"), productCode: object.text("productCode"),
      revision: object.text("revision"))
  }

  private func policy(_ object: CheckedObject, _ base: Int) -> CorrectionPolicy {
    var policy = CorrectionPolicy()
    policy.confirmReads = object.integer("confirmReads") ?? policy.confirmReads
    policy.maxWritesPerHour = object.integer("maxWritesPerHour") ?? policy.maxWritesPerHour
    policy.writeEndurance = object.integer("writeEndurance").flatMap(UInt64.init(exactly:))
    policy.contestedAfter = object.integer("contestedAfter") ?? policy.contestedAfter
    policy.contestedWithin =
      object.integer("contestedWithinSecs").map(TimeSpan.seconds) ?? policy.contestedWithin
    policy.permit = object.object("permit").flatMap { permit in
      let table = permit.choice("table", RegisterTable.self) ?? .holding
      guard let written = permit.integer("address"),
        let equals = permit.integer("equals").flatMap(UInt16.init(exactly:)),
        let address = try? AddressNotation.protocolAddress(written, base: base, table: table)
      else { return nil }
      return PermitRule(address: address, table: table, equals: equals)
    }
    policy.windows = object.list("windows").compactMap { field in
      guard case .object(let window) = field.content else { return nil }
      return WindowText.window(window)
    }
    return policy
  }

  private func source(of register: RegisterDraft) -> RegisterSource {
    let field = register.has(register.valueField) ? register.valueField : register.addressField
    return RegisterSource(
      location: location(register.source.position(of: field)),
      path: ShapeChecker.join(register.source.path, field))
  }
}
