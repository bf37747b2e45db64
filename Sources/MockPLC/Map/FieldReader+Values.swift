import Modbus
import Yams

extension FieldReader {
  /// An engineering value for a register of `format`; reports what is not one, or does not fit.
  func value(_ key: String, as format: ValueFormat, isBit: Bool) -> MockValue? {
    guard has(key), let text = text(key) else { return nil }
    if format.kind == .string {
      guard text.utf8.count <= format.words * 2 else {
        report(key, "'\(text)' is longer than \(format.words * 2) bytes")
        return nil
      }
      return .text(text)
    }
    if isBit || format.kind == .bool {
      if let flag = Bool(text) { return .bool(flag) }
      if text == "0" || text == "1" { return .bool(text == "1") }
      report(key, "'\(text)' is neither true nor false")
      return nil
    }
    guard let value = Self.number(text), let number = value.number else {
      report(key, "'\(text)' is not a number")
      return nil
    }
    guard let limits = format.limits, limits.contains(number) else {
      let limits = format.limits.map { " (\(Self.plain($0.lowerBound))...\(Self.plain($0.upperBound)))" }
      report(key, "\(text) does not fit \(format.kind)" + (limits ?? ""))
      return nil
    }
    return value
  }

  /// A number in decimal or `0x`, exact where it is whole.
  static func number(_ text: String) -> MockValue? {
    if let whole = integer(text) { return .integer(Int64(whole)) }
    if let large = UInt64(text) { return .unsigned(large) }
    guard let real = Double(text), real.isFinite else { return nil }
    return .real(real)
  }

  /// One of the tables' names.
  func table(_ key: String) -> ModbusTable? {
    switch choice(key, of: TableName.self, default: .holding) {
    case .holding: .holding
    case .input: .input
    case .coil: .coil
    case .discrete: .discrete
    case nil: nil
    }
  }

  private enum TableName: String, CaseIterable {
    case holding, coil, input, discrete
  }

  /// Unit ids: `3`, `1-16`, or a list of those.
  func unitIDs(_ key: String) -> [UInt8]? {
    guard let node = node(key) else { return nil }
    let nodes: [Node]
    if case .sequence(let sequence) = node { nodes = Array(sequence) } else { nodes = [node] }
    var ids: [UInt8] = []
    for item in nodes {
      guard case .scalar(let scalar) = item, let range = UnitRange.parse(scalar.string) else {
        problems.report(item.mark, child(key), "is not a unit id or range in 0...255")
        return nil
      }
      ids += Array(range)
    }
    return Array(Set(ids)).sorted()
  }

  /// Faults: one text or a list of texts, each with its own report.
  func faults(_ key: String) -> [FaultSpec] {
    guard let node = node(key) else { return [] }
    let nodes: [Node]
    if case .sequence(let sequence) = node { nodes = Array(sequence) } else { nodes = [node] }
    var specs: [FaultSpec] = []
    for item in nodes {
      guard case .scalar(let scalar) = item else {
        problems.report(item.mark, child(key), "must be a fault such as latency=20ms")
        continue
      }
      do throws(FaultProblem) {
        specs += try FaultSpec.list(scalar.string)
      } catch {
        problems.report(item.mark, child(key), error.description)
      }
    }
    return specs
  }
}
