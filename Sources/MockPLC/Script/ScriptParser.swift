import Modbus
import Yams

extension Script {
  /// Reads a script: the YAML that `--script` takes, a list of events.
  ///
  /// - Parameters:
  ///   - file: what to call it in messages.
  ///   - devices: the fleet that it is for; names are checked against it.
  /// - Throws: every mistake at once.
  public init(yaml text: String, file: String, for devices: [MockDevice]) throws(FileProblems) {
    let problems = ProblemList(file: file)
    var parser = ScriptParser(problems: problems, devices: devices)
    let events = problems.document(text).map { parser.events($0) } ?? []
    try problems.check()
    self.init(events)
  }
}

struct ScriptParser {
  let problems: ProblemList
  private let registers: [String: MockRegister]
  private let names: Set<String>
  private let count: Int

  private static let actions = ["set", "rival", "fault", "clear", "reboot", "disconnect"]
  private static let keys = ["at", "every", "until", "plc", "unit"] + actions
  private static let targetKeys = [
    "register", "address", "table", "type", "order", "scale", "offset", "length", "value",
  ]

  init(problems: ProblemList, devices: [MockDevice]) {
    self.problems = problems
    registers = Dictionary(
      devices.flatMap(\.registers).map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    names = Set(devices.compactMap(\.name))
    count = devices.count
  }

  mutating func events(_ node: Node) -> [ScriptEvent] {
    guard case .sequence(let sequence) = node else {
      problems.report(node.mark, "", "must be a list of events, each with 'at' and an action")
      return []
    }
    return sequence.enumerated().compactMap { event($0.element, path: "[\($0.offset)]") }
  }

  private func event(_ node: Node, path: String) -> ScriptEvent? {
    guard let fields = FieldReader(node, path: path, keys: Self.keys, problems: problems) else { return nil }
    let at = fields.required("at", fields.span("at"))
    let every = fields.span("every", atLeast: .milliseconds(1))
    let until = fields.span("until", default: .never)
    if fields.has("until") && !fields.has("every") { fields.report("until", "needs 'every'") }
    if let at, let until, until < at { fields.report("until", "is before 'at'") }
    let unit = fields.integer("unit", in: 0...255).map { UInt8($0) }
    let plc = self.plc(fields)
    let given = Self.actions.filter(fields.has)
    guard given.count == 1, let kind = given.first else {
      let message =
        given.isEmpty ? "needs one of" : "has \(given.joined(separator: " and ")), may have one of"
      problems.report(fields.mark, path, "\(message) \(Self.actions.joined(separator: ", "))")
      return nil
    }
    guard let action = action(kind, fields), let at, let until else { return nil }
    return ScriptEvent(at: at, every: every, until: until, plc: plc, unit: unit, action)
  }

  private func plc(_ fields: FieldReader) -> String? {
    guard let plc = fields.text("plc") else { return nil }
    if names.contains(plc) { return plc }
    if let number = Int(plc), (1...max(1, count)).contains(number) { return plc }
    let hint = Spelling.suggestion(for: plc, among: names.sorted()) ?? ""
    fields.report("plc", "'\(plc)' is neither a PLC's name nor a number in 1...\(count)" + hint)
    return nil
  }

  private func action(_ kind: String, _ fields: FieldReader) -> ScriptAction? {
    switch kind {
    case "set": return assignment(kind, fields).map { .set($0, $1) }
    case "rival": return assignment(kind, fields).map { .rival($0, $1) }
    case "fault":
      let specs = fields.faults(kind)
      return specs.isEmpty ? nil : .enable(specs)
    case "clear": return clear(fields)
    case "disconnect":
      guard fields.flag(kind, default: true) == true else {
        fields.report(kind, "can only be true")
        return nil
      }
      return .disconnect
    default: return reboot(fields)
    }
  }

  private func clear(_ fields: FieldReader) -> ScriptAction? {
    guard let text = fields.text("clear") else { return nil }
    if text == "all" { return .disable([]) }
    let words = text.split(whereSeparator: { $0 == " " || $0 == "," }).map(String.init)
    let known = knownFaults.map { $0.name }
    for word in words where !known.contains(word) {
      let hint =
        Spelling.suggestion(for: word, among: known) ?? ", 'all' or one of \(known.joined(separator: ", "))"
      fields.report("clear", "unknown fault '\(word)'" + hint)
    }
    return words.isEmpty ? nil : .disable(words)
  }

  /// `true`, or `{ down: 3s }`.
  private func reboot(_ fields: FieldReader) -> ScriptAction? {
    guard let node = fields.node("reboot") else { return nil }
    if case .scalar(let scalar) = node {
      guard scalar.string == "true" else {
        fields.report("reboot", "must be true or { down: 3s }")
        return nil
      }
      return .reboot(down: .zero)
    }
    let own = FieldReader(node, path: fields.child("reboot"), keys: ["down"], problems: problems)
    return own?.span("down", default: .zero).map { .reboot(down: $0) }
  }

  /// `{ register: NAME, value: V }` or `{ address: N, value: V }` with `table` and `type` as in a map.
  private func assignment(_ key: String, _ fields: FieldReader) -> (ScriptTarget, MockValue)? {
    guard let node = fields.node(key),
      let own = FieldReader(node, path: fields.child(key), keys: Self.targetKeys, problems: problems)
    else { return nil }
    if let name = own.text("register") {
      for extra in Self.targetKeys.dropFirst().dropLast() where own.has(extra) {
        own.report(extra, "comes from the register, leave it out")
      }
      guard let register = registers[name] else {
        let hint = Spelling.suggestion(for: name, among: registers.keys.sorted()) ?? ""
        own.report("register", "there is no register '\(name)'" + hint)
        return nil
      }
      let value = own.value("value", as: register.format, isBit: register.table.isBits)
      return own.required("value", value).map { (.named(name), $0) }
    }
    guard own.has("address") else {
      own.report("register", "is required, or address")
      return nil
    }
    guard let address = own.integer("address", in: 0...65_535), let table = own.table("table"),
      let format = format(own, table)
    else { return nil }
    if address + format.words > 65_536 { own.report("address", "goes beyond address 65535") }
    let value = own.value("value", as: format, isBit: table.isBits)
    return own.required("value", value).map { (.address(table, UInt16(address), format), $0) }
  }

  private func format(_ own: FieldReader, _ table: ModbusTable) -> ValueFormat? {
    let kind = own.choice("type", of: ValueFormat.Kind.self, default: table.isBits ? .bool : .uint16)
    let order = own.choice("order", of: ValueFormat.Order.self, default: .abcd)
    let scale = own.number("scale", default: 1)
    let offset = own.number("offset", default: 0)
    let length = own.integer("length", in: 1...125, default: 8)
    guard let kind, let order, let scale, let offset, let length else { return nil }
    guard scale != 0 else {
      own.report("scale", "must not be 0")
      return nil
    }
    if table.isBits && kind != .bool { own.report("type", "a \(table) holds a bool, not \(kind)") }
    return ValueFormat(kind, order: order, length: length, scale: scale, offset: offset)
  }
}
