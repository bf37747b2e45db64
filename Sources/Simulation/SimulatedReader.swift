import Control
import Modbus

/// One poll cycle over the real read planner.
struct SimulatedReader {
  private(set) var items: [ReadItem] = []
  private(set) var groups: [ReadGroup] = []
  private var planner = ReadPlanner()
  private var layout = RegisterLayout([])
  private var pending: [ReadGroup] = []
  private var observation = Observation(words: [])
  /// Goes up with each cycle, so that answers to a superseded one are told apart.
  private(set) var cycle = 0
  private(set) var current: ReadGroup?

  init() {}

  init(_ spec: DeviceSpec, after older: SimulatedReader) {
    cycle = older.cycle + 1
    layout = RegisterLayout(spec.registers)
    planner = ReadPlanner(maxRegistersPerRequest: spec.maxRegistersPerRequest, maxGap: spec.maxGap)
    items = spec.registers.map {
      ReadItem(table: Self.table($0.table), address: $0.address, count: UInt16($0.layoutWords))
    }
    if let permit = spec.correction.permit {
      items.append(ReadItem(table: Self.table(permit.table), address: permit.address))
    }
    groups = planner.plan(items)
  }

  static func table(_ table: RegisterTable) -> ModbusTable {
    switch table {
    case .holding: .holding
    case .coil: .coil
    case .input: .input
    case .discrete: .discrete
    }
  }

  /// Begins a cycle; the first request.
  mutating func start() -> ModbusRequest? {
    cycle += 1
    pending = groups.reversed()
    observation = Observation(words: [UInt16](repeating: 0, count: layout.wordCount))
    return next()
  }

  enum Step {
    case ask(ModbusRequest)
    case done(Input)
  }

  /// The answer to the last request.
  mutating func take(_ outcome: Result<ModbusResponse, RequestFailure>) -> Step {
    guard let group = current else { return .done(.readFailed(WireProblem(.local, "no request"))) }
    switch outcome {
    case .success(let response): for item in group.items { place(item, group, response) }
    case .failure(.refused(let refusal)):
      if refusal.exception == .busy { return .done(.readBusy) }
      let parts = refusal.exception == .illegalDataAddress ? planner.refused(group, of: items) : []
      if !parts.isEmpty {
        groups = planner.plan(items)
        pending.append(contentsOf: parts.reversed())
      } else {
        for item in group.items where item < layout.registerCount {
          observation.refused.append(.init(register: item, exception: refusal.exception.rawValue))
        }
      }
    case .failure(let failure): return .done(.readFailed(WireProblem(.timeout, failure.description)))
    }
    return next().map(Step.ask) ?? .done(.read(observation))
  }

  private mutating func next() -> ModbusRequest? {
    current = pending.popLast()
    return current?.request
  }

  private mutating func place(_ index: Int, _ group: ReadGroup, _ response: ModbusResponse) {
    let start = group.offset(of: items[index])
    for offset in 0..<Int(items[index].count) {
      let word = response.registers?[start + offset] ?? (response.bits?[start + offset] == true ? 1 : 0)
      if index < layout.registerCount {
        observation.words[layout.range(of: index).lowerBound + offset] = word
      } else {
        observation.permit = word
      }
    }
  }
}
