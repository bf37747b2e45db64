import Modbus
import Yams

extension MockDevice {
  /// Reads a map: the YAML that `--map` takes.
  ///
  /// - Parameter file: what to call it in messages.
  /// - Throws: every mistake at once.
  public init(yaml text: String, file: String) throws(FileProblems) {
    let problems = ProblemList(file: file)
    let device = problems.document(text).flatMap { MapParser(problems: problems).device($0) }
    try problems.check()
    guard let device else { throw FileProblems(list: []) }
    self = device
  }
}

/// Turns the nodes of a map into a device.
struct MapParser {
  let problems: ProblemList

  private static let deviceKeys = ["name", "identity", "registers", "ranges", "faults", "units"]
  private static let unitKeys = ["ids", "registers", "ranges", "faults"]
  private static let rangeKeys = ["table", "from", "to"]

  func device(_ node: Node) -> MockDevice? {
    guard let fields = FieldReader(node, path: "", keys: Self.deviceKeys, problems: problems) else {
      return nil
    }
    let common = contents(fields)
    var units: [MockUnit] = []
    var taken: Set<UInt8> = []
    for (path, node) in fields.items("units", most: 256) {
      guard let unitFields = FieldReader(node, path: path, keys: Self.unitKeys, problems: problems) else {
        continue
      }
      let ids = unitFields.required("ids", unitFields.unitIDs("ids")) ?? []
      for id in ids where !taken.insert(id).inserted { unitFields.report("ids", "unit \(id) is there twice") }
      let own = contents(unitFields)
      units.append(unit(common.joined(own), ids: ids))
    }
    if !fields.has("units") {
      if common.registers.isEmpty && common.ranges.isEmpty && !fields.has("registers") {
        fields.report("registers", "is required")
      }
      units = [unit(common, ids: nil)]
    }
    return MockDevice(name: name(fields), identity: identity(fields), units: units)
  }

  private func name(_ fields: FieldReader) -> String? {
    guard let name = fields.text("name") else { return nil }
    guard !name.isEmpty, name.allSatisfy({ $0.isLetter || $0.isNumber || "-_.".contains($0) }) else {
      fields.report("name", "'\(name)' may have letters, digits, '-', '_' and '.' only")
      return nil
    }
    return name
  }

  private func identity(_ fields: FieldReader) -> MockIdentity {
    var identity = MockIdentity()
    let names = MockIdentity.keys.map(\.name)
    guard let node = fields.node("identity"),
      let own = FieldReader(node, path: fields.child("identity"), keys: names, problems: problems)
    else { return identity }
    for key in MockIdentity.keys {
      guard let text = own.text(key.name) else { continue }
      if text.utf8.count > IdentificationObject.longestValue {
        own.report(key.name, "is longer than \(IdentificationObject.longestValue) bytes")
      }
      identity.set(key.id, text)
    }
    return identity
  }

  private struct Contents {
    var registers: [PlacedRegister] = []
    /// Also of registers that have mistakes: what follows them is no mistake.
    var names: Set<String> = []
    var ranges: [(table: ModbusTable, range: ClosedRange<Int>)] = []
    var faults: [FaultSpec] = []

    func joined(_ other: Contents) -> Contents {
      Contents(
        registers: registers + other.registers, names: names.union(other.names),
        ranges: ranges + other.ranges,
        faults: faults + other.faults)
    }
  }

  private func contents(_ fields: FieldReader) -> Contents {
    var contents = Contents(faults: fields.faults("faults"))
    for (path, node) in fields.items("registers") {
      if case .mapping(let mapping) = node, case .scalar(let name)? = mapping["name"] {
        contents.names.insert(name.string)
      }
      if let register = RegisterParser(problems: problems).register(node, path: path) {
        contents.registers.append(register)
      }
    }
    for (path, node) in fields.items("ranges") {
      guard let own = FieldReader(node, path: path, keys: Self.rangeKeys, problems: problems) else {
        continue
      }
      let table = own.table("table")
      let from = own.required("from", own.integer("from", in: 0...65_535))
      let to = own.required("to", own.integer("to", in: 0...65_535))
      guard let table, let from, let to else { continue }
      guard from <= to else {
        own.report("to", "\(to) is below from, \(from)")
        continue
      }
      contents.ranges.append((table, from...to))
    }
    return contents
  }

  /// Reports what contradicts itself once all registers of the image are known.
  private func unit(_ contents: Contents, ids: [UInt8]?) -> MockUnit {
    checkNames(contents)
    checkOverlaps(contents.registers)
    let registers = contents.registers.map(\.register)
    var ranges: [ModbusTable: [ClosedRange<Int>]] = [:]
    for register in registers { ranges[register.table, default: []].append(register.addresses) }
    for (table, range) in contents.ranges { ranges[table, default: []].append(range) }
    return MockUnit(
      ids: ids, registers: registers, addresses: ranges.mapValues(AddressSet.init), faults: contents.faults)
  }

  private func checkNames(_ contents: Contents) {
    var byName: [String: MockRegister] = [:]
    for placed in contents.registers {
      if byName[placed.register.name] != nil {
        placed.fields.report("name", "'\(placed.register.name)' is there twice")
      }
      byName[placed.register.name] = placed.register
    }
    for placed in contents.registers {
      guard let followed = placed.register.behaviour.follows else { continue }
      if followed == placed.register.name {
        placed.fields.report("behaviour", "a register cannot follow itself")
      } else if let target = byName[followed] {
        guard target.behaviour.moves || target.format.kind == .string else { continue }
        placed.fields.report("behaviour", "follows '\(followed)', which is not a constant number")
      } else if !contents.names.contains(followed) {
        let hint = Spelling.suggestion(for: followed, among: contents.names.union(byName.keys).sorted()) ?? ""
        placed.fields.report("behaviour", "follows '\(followed)', but there is no such register" + hint)
      }
    }
  }

  private func checkOverlaps(_ registers: [PlacedRegister]) {
    let sorted = registers.enumerated().sorted {
      ($0.element.register.table, $0.element.register.address, $0.offset)
        < ($1.element.register.table, $1.element.register.address, $1.offset)
    }.map(\.element)
    for (left, right) in zip(sorted, sorted.dropFirst()) {
      let (a, b) = (left.register, right.register)
      guard a.table == b.table, a.addresses.overlaps(b.addresses) else { continue }
      if a.address == b.address, let first = a.format.bit, let second = b.format.bit, first != second {
        continue
      }
      right.fields.report(
        "address", "overlaps '\(a.name)' at \(a.addresses.lowerBound)...\(a.addresses.upperBound)")
    }
  }
}
