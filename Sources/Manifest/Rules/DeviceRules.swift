import Control

extension DeviceRule {
  static let registerNames = DeviceRule { device in
    var first: [String: RegisterDraft] = [:]
    var findings: [Finding] = []
    for register in device.registers where register.isNamed {
      if let earlier = first[register.spec.name] {
        findings.append(
          Finding(
            register.source, "name", "\(register.spec.name) is already the name of \(earlier.source.path)",
            related: earlier.source.position))
      } else {
        first[register.spec.name] = register
      }
    }
    return findings
  }

  /// A word belongs to one register, unless each takes its own bit of it.
  static let overlaps = DeviceRule { device in
    var findings: [Finding] = []
    for table in RegisterTable.allCases {
      let registers = device.registers.filter { $0.spec.table == table }
        .sorted {
          ($0.spec.address, $0.source.path.count, $0.source.path) < (
            $1.spec.address, $1.source.path.count, $1.source.path
          )
        }
      var reaching: RegisterDraft?
      var bits: [RegisterDraft] = []
      for register in registers {
        defer {
          let end = lastAddress(register)
          if reaching.map({ lastAddress($0) < end }) ?? true { reaching = register }
        }
        bits.removeAll { $0.spec.address != register.spec.address }
        guard let other = reaching, lastAddress(other) >= Int(register.spec.address) else {
          bits = [register]
          continue
        }
        let rival = isBit(register) && isBit(other) ? bits.first { $0.spec.bit == register.spec.bit } : other
        bits.append(register)
        if let rival { findings.append(overlap(register, rival)) }
      }
    }
    return findings
  }

  private static func overlap(_ register: RegisterDraft, _ other: RegisterDraft) -> Finding {
    // Named on the one that comes later in the file.
    let isLater = (other.source.position?.line ?? 0) <= (register.source.position?.line ?? 0)
    let (late, early) = isLater ? (register, other) : (other, register)
    let what = late.spec.type == early.spec.type ? "" : " of type \(early.spec.type.rawValue)"
    return Finding(
      late.source, late.addressField, "overlaps \(early.source.path) (\(early.spec.name))\(what)",
      related: early.source.position)
  }

  private static func lastAddress(_ register: RegisterDraft) -> Int {
    Int(register.spec.address) + (register.spec.table.isBits ? 1 : max(1, register.spec.wordCount)) - 1
  }

  private static func isBit(_ register: RegisterDraft) -> Bool {
    register.spec.type == .bool && register.spec.bit != nil
  }

  static let requestSize = DeviceRule { device in
    guard let limit = device.spec.integer("maxRegistersPerRequest") else { return [] }
    return device.registers.filter { !$0.spec.table.isBits && $0.spec.wordCount > limit }.map { register in
      Finding(
        register.source, register.has("length") ? "length" : "type",
        "\(register.spec.wordCount) words cannot be read in one request (maxRegistersPerRequest is \(limit))")
    }
  }

  static let permit = DeviceRule { device in
    guard let permit = device.spec.object("correction")?.object("permit") else { return [] }
    let table = permit.choice("table", RegisterTable.self) ?? .holding
    var findings: [Finding] = []
    if let written = permit.integer("address"), permit.has("table") == (permit.fields["table"] != nil) {
      do throws(AddressNotation.Problem) {
        _ = try AddressNotation.protocolAddress(
          written, base: device.spec.integer("addressBase") ?? 0, table: table)
      } catch {
        findings.append(Finding(permit, "address", error.message))
      }
    }
    if table.isBits, let equals = permit.integer("equals"), equals > 1 {
      findings.append(Finding(permit, "equals", "\(equals) is above 1 (table \(table.rawValue) holds bits)"))
    }
    return findings
  }

  static let windows = DeviceRule { device in
    guard let correction = device.spec.object("correction") else { return [] }
    return correction.list("windows").flatMap { field -> [Finding] in
      guard case .object(let window) = field.content else { return [] }
      var findings: [Finding] = []
      if let text = window.text("schedule"), let problem = WindowText.scheduleProblem(text) {
        findings.append(Finding(window, "schedule", problem))
      }
      if let name = window.text("timeZone"), WindowText.zone(name) == nil {
        findings.append(
          Finding(window, "timeZone", "unknown time zone \(ManifestValue.string(name).described)"))
      }
      return findings
    }
  }
}
