import Modbus
import Yams

/// A register and where in the file it stands.
struct PlacedRegister {
  var register: MockRegister
  var fields: FieldReader
}

/// Turns one item of `registers` into a register.
struct RegisterParser {
  let problems: ProblemList

  private static let keys = [
    "name", "address", "table", "type", "order", "bit", "length", "scale", "offset", "unit", "value",
    "access",
    "behaviour", "chaos", "safe",
  ]

  private enum Access: String, CaseIterable {
    case readWrite = "read-write"
    case readOnly = "read-only"
  }

  func register(_ node: Node, path: String) -> PlacedRegister? {
    guard let fields = FieldReader(node, path: path, keys: Self.keys, problems: problems) else { return nil }
    let address = fields.required("address", fields.integer("address", in: 0...65_535))
    guard let table = fields.table("table") else { return nil }
    let access = fields.choice("access", of: Access.self, default: .readWrite)
    let behaviour = self.behaviour(fields)
    guard let format = format(fields, table: table), let address, let access, let behaviour else {
      return nil
    }
    let value = fields.value("value", as: format, isBit: table.isBits)
    let safe = fields.value("safe", as: format, isBit: table.isBits)
    let register = MockRegister(
      fields.text("name") ?? "\(table)-\(address)", table: table, address: UInt16(address), format: format,
      unit: fields.text("unit") ?? "", value: value ?? Self.zero(format), isReadOnly: access == .readOnly,
      behaviour: behaviour, chaos: chaos(fields, format, moves: behaviour.moves), safe: safe)
    let words = table.isBits ? 1 : format.words
    if address + words > 65_536 { fields.report("address", "its \(words) words go beyond address 65535") }
    if behaviour.moves && fields.has("value") {
      fields.report("value", "a register that moves has no value of its own")
    }
    if behaviour.moves && format.kind == .string { fields.report("behaviour", "a string cannot move") }
    return PlacedRegister(register: register, fields: fields)
  }

  private static func zero(_ format: ValueFormat) -> MockValue {
    format.kind == .string ? .text("") : format.offset == 0 ? .integer(0) : .real(format.offset)
  }

  private func format(_ fields: FieldReader, table: ModbusTable) -> ValueFormat? {
    let kind = fields.choice("type", of: ValueFormat.Kind.self, default: table.isBits ? .bool : .uint16)
    let order = fields.choice("order", of: ValueFormat.Order.self, default: .abcd)
    let bit = fields.integer("bit", in: 0...15)
    let length = fields.integer("length", in: 1...125, default: 8)
    let scale = fields.number("scale", default: 1)
    let offset = fields.number("offset", default: 0)
    guard let kind, let order, let length, let scale, let offset else { return nil }
    if table.isBits && kind != .bool { fields.report("type", "a \(table) holds a bool, not \(kind)") }
    if bit != nil && (kind != .bool || table.isBits) {
      fields.report("bit", "counts only for type bool in a holding or input register")
    }
    if kind == .string && !fields.has("length") { fields.report("length", "is required for type string") }
    if kind != .string && fields.has("length") { fields.report("length", "counts only for type string") }
    if kind == .string || kind == .bool {
      for key in ["scale", "offset"] where fields.has(key) {
        fields.report(key, "makes no sense for \(kind)")
      }
    }
    guard scale != 0 else {
      fields.report("scale", "must not be 0")
      return nil
    }
    return ValueFormat(
      kind, order: order, bit: bit.map { UInt8($0) }, length: length, scale: scale, offset: offset)
  }

  /// `constant`, or a mapping with `kind`.
  private func behaviour(_ fields: FieldReader) -> (any Behaviour)? {
    guard let node = fields.node("behaviour") else { return Constant() }
    if case .scalar(let scalar) = node, scalar.string == Constant.kind { return Constant() }
    let path = fields.child("behaviour")
    let kinds = declaredBehaviours.map { $0.kind }
    guard case .mapping(let mapping) = node else {
      problems.report(node.mark, path, "must be a mapping with kind: \(kinds.joined(separator: ", "))")
      return nil
    }
    guard case .scalar(let kind)? = mapping["kind"] else {
      problems.report(node.mark, path, "kind is required: \(kinds.joined(separator: ", "))")
      return nil
    }
    guard let type = declaredBehaviours.first(where: { $0.kind == kind.string }) else {
      let hint = Spelling.suggestion(for: kind.string, among: kinds) ?? ""
      problems.report(
        kind.mark, path + ".kind", "'\(kind.string)' is none of \(kinds.joined(separator: ", "))" + hint)
      return nil
    }
    return read(type, node, path)
  }

  private func read<Kind: DeclaredBehaviour>(_ type: Kind.Type, _ node: Node, _ path: String) -> (
    any Behaviour
  )? {
    // Measurement noise goes with everything that moves and is not noise already.
    let mayBeNoisy = type != Constant.self && type != Noise.self
    let keys = ["kind"] + Kind.keys + (mayBeNoisy ? ["noise", "noiseEvery"] : [])
    guard let own = FieldReader(node, path: path, keys: keys, problems: problems) else { return nil }
    let behaviour = Kind.read(own)
    guard own.has("noise") else { return behaviour }
    let noise = own.number("noise", in: 0...1e12)
    let every = own.span("noiseEvery", atLeast: .milliseconds(1), default: .seconds(1))
    guard let behaviour, let noise, let every else { return nil }
    return behaviour.noisy(noise, every: every)
  }

  /// `{ interval: 10s, maxDrift: 5 }`.
  private func chaos(_ fields: FieldReader, _ format: ValueFormat, moves: Bool) -> ChaosPlan? {
    guard let node = fields.node("chaos") else { return nil }
    guard !moves, format.kind != .string else {
      fields.report("chaos", "is for constant numbers and booleans")
      return nil
    }
    let path = fields.child("chaos")
    guard let own = FieldReader(node, path: path, keys: ["interval", "maxDrift"], problems: problems) else {
      return nil
    }
    let interval = own.span("interval", atLeast: .milliseconds(1), default: .seconds(10))
    let drift = own.number("maxDrift", in: 0...1e18, default: format.kind == .bool ? 1 : nil)
    if format.kind != .bool { _ = own.required("maxDrift", drift) }
    guard let interval, let drift else { return nil }
    return ChaosPlan(interval: interval, maxDrift: drift)
  }
}
