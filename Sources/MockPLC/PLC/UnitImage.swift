import Modbus

/// The registers of one unit id as clients see them, with what moves them. Pure: time is an argument, and
/// nothing that moves is computed before somebody reads it.
struct UnitImage {
  let registers: [MockRegister]
  private let addresses: [ModbusTable: AddressSet]
  private let seed: Seed
  private var tables: [SparseWords]
  private var moving: [Moving]
  private(set) var chaos: [ChaosTurn]
  private var bootedAt = Elapsed.zero

  /// A register that moves by itself.
  private struct Moving {
    let register: Int
    /// The register that it follows.
    let setpoint: Int?
    let seed: Seed
    var state = ProcessState()
  }

  /// - Parameters:
  ///   - chaos: for every setpoint, unless registers of the map have their own.
  ///   - spreadsChaos: whether the first turn comes at a random point of the interval instead of at its end.
  init(_ unit: MockUnit, seed: Seed, chaos: ChaosPlan?, spreadsChaos: Bool) {
    registers = unit.registers
    addresses = unit.addresses
    self.seed = seed
    tables = Array(repeating: SparseWords(), count: ModbusTable.allCases.count)
    moving = registers.indices.filter { unit.registers[$0].behaviour.moves }.map { index in
      let followed = unit.registers[index].behaviour.follows
      return Moving(
        register: index, setpoint: unit.registers.firstIndex { $0.name == followed },
        seed: seed.derived("process").derived(unit.registers[index].name))
    }
    let ownPlans = registers.contains { $0.chaos != nil }
    self.chaos = registers.indices.compactMap { index in
      let register = unit.registers[index]
      guard let plan = ownPlans ? register.chaos : register.isSetpoint ? chaos : nil else { return nil }
      let turnSeed = seed.derived("chaos").derived(register.name)
      let lead = spreadsChaos ? plan.interval.seconds * turnSeed.fraction(.max) : 0
      return ChaosTurn(
        register: index, plan: plan, seed: turnSeed, lead: .seconds(lead), baseline: register.value)
    }
    boot(at: .zero)
  }

  /// Everything as at power-up.
  mutating func boot(at time: Elapsed) {
    bootedAt = time
    tables = Array(repeating: SparseWords(), count: ModbusTable.allCases.count)
    for register in registers { store(register.format.encode(register.value), as: register) }
    for index in chaos.indices { chaos[index].baseline = registers[chaos[index].register].value }
    for index in moving.indices {
      moving[index].state = ProcessState(target: target(of: moving[index]))
    }
  }

  private func target(of process: Moving) -> Double {
    process.setpoint.flatMap { held(registers[$0]).number } ?? 0
  }

  // MARK: Access by address

  func exists(_ table: ModbusTable, _ address: UInt16, count: Int) -> Bool {
    addresses[table]?.contains(address, count: count) ?? false
  }

  /// What a client reads at `time`; bits are 0 and 1. The addresses must exist.
  mutating func read(_ table: ModbusTable, _ address: UInt16, count: Int, at time: Elapsed) -> [UInt16] {
    if !moving.isEmpty {
      let range = Self.range(address, count)
      for process in moving {
        let register = registers[process.register]
        guard register.table == table, register.addresses.overlaps(range) else { continue }
        let value = register.behaviour.value(at: time - bootedAt, seed: process.seed, state: process.state)
        store(register.format.encode(.real(value)), as: register)
      }
    }
    return tables[Int(table.rawValue)].words(from: address, count: count)
  }

  /// Sets words as somebody from outside does. The addresses must exist.
  mutating func write(
    _ table: ModbusTable, _ address: UInt16, _ words: [UInt16], at time: Elapsed, isChaos: Bool = false
  ) {
    let range = Self.range(address, words.count)
    settle(range, table, at: time)
    for (offset, word) in words.enumerated() {
      tables[Int(table.rawValue)][address &+ UInt16(truncatingIfNeeded: offset)] = word
    }
    retarget(range, table)
    guard !isChaos else { return }
    for index in chaos.indices {
      let register = registers[chaos[index].register]
      guard register.table == table, register.addresses.overlaps(range) else { continue }
      chaos[index].baseline = held(register)
    }
  }

  /// Whether a client may write all of this.
  func isWritable(_ table: ModbusTable, _ address: UInt16, count: Int) -> Bool {
    let range = Self.range(address, count)
    return !registers.contains { $0.isReadOnly && $0.table == table && $0.addresses.overlaps(range) }
  }

  private static func range(_ address: UInt16, _ count: Int) -> ClosedRange<Int> {
    Int(address)...(Int(address) + max(1, count) - 1)
  }

  // MARK: Processes that follow a setpoint

  /// Fixes where the followers of these addresses are, before their setpoint changes.
  private mutating func settle(_ range: ClosedRange<Int>, _ table: ModbusTable, at time: Elapsed) {
    let local = time - bootedAt
    for index in moving.indices where follows(moving[index], range, table) {
      let behaviour = registers[moving[index].register].behaviour
      let value = behaviour.trueValue(at: local, seed: moving[index].seed, state: moving[index].state)
      moving[index].state.value = value
      moving[index].state.since = local
    }
  }

  private mutating func retarget(_ range: ClosedRange<Int>, _ table: ModbusTable) {
    for index in moving.indices where follows(moving[index], range, table) {
      moving[index].state.target = target(of: moving[index])
    }
  }

  private func follows(_ process: Moving, _ range: ClosedRange<Int>, _ table: ModbusTable) -> Bool {
    guard let setpoint = process.setpoint.map({ registers[$0] }) else { return false }
    return setpoint.table == table && setpoint.addresses.overlaps(range)
  }

  // MARK: Access by register

  /// The words that hold `value` in `register` now: for one bit of a word, with its other bits as they are.
  func words(of value: MockValue, in register: MockRegister) -> [UInt16] {
    let words = register.format.encode(value)
    guard let bit = register.format.bit, let word = words.first else { return words }
    let current = tables[Int(register.table.rawValue)][register.address]
    return [word != 0 ? current | 1 << UInt16(bit) : current & ~(1 << UInt16(bit))]
  }

  /// What the image holds for `register`, without moving it.
  func held(_ register: MockRegister) -> MockValue {
    let words = tables[Int(register.table.rawValue)].words(
      from: register.address, count: register.format.words)
    return register.format.decode(words[...]) ?? .integer(0)
  }

  private mutating func store(_ encoded: [UInt16], as register: MockRegister) {
    var words = encoded
    if let bit = register.format.bit, let word = words.first {
      let current = tables[Int(register.table.rawValue)][register.address]
      words = [word != 0 ? current | 1 << UInt16(bit) : current & ~(1 << UInt16(bit))]
    }
    for (offset, word) in words.enumerated() where Int(register.address) + offset <= 65_535 {
      tables[Int(register.table.rawValue)][register.address &+ UInt16(truncatingIfNeeded: offset)] = word
    }
  }

  // MARK: Chaos

  /// The register and words of turn `count` of chaos `index`.
  func turn(_ index: Int, count: Int64) -> (register: MockRegister, words: [UInt16])? {
    guard chaos.indices.contains(index) else { return nil }
    let register = registers[chaos[index].register]
    let value = chaos[index].value(of: count, format: register.format, isBit: register.table.isBits)
    return (register, words(of: value, in: register))
  }

  /// What a watchdog sets: a map's `safe` values, else 0 for every register that chaos turns.
  var safeState: [(register: MockRegister, value: MockValue)] {
    let declared = registers.compactMap { register in register.safe.map { (register, $0) } }
    guard declared.isEmpty else { return declared }
    let turned = chaos.map { registers[$0.register] }
    let affected = turned.isEmpty ? registers.filter(\.isSetpoint) : turned
    return affected.map { ($0, $0.format.limits?.contains(0) == true ? .integer(0) : $0.value) }
  }
}
