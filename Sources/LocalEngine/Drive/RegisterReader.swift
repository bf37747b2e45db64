import Control
import Modbus

/// Reads all registers of a device, and its permit register, in as few requests as the planner makes.
///
/// Keeps the plan, and what the device refused to give together, from cycle to cycle. Confined to the engine's loop.
final class RegisterReader {
  enum Outcome {
    case observed(Observation)
    case busy
    case failed(WireProblem)
  }

  private let items: [ReadItem]
  /// Where each item's words go; the permit register comes last and has none.
  private let offsets: [Int]
  private let wordCount: Int
  private let hasPermit: Bool
  private var planner: ReadPlanner
  private var groups: [ReadGroup]
  /// Goes up with each cycle, so that answers to an abandoned one are dropped.
  private var generation: UInt64 = 0

  private var words: [UInt16] = []
  private var refused: [Observation.RefusedRead] = []
  private var permit: UInt16?
  private var pending: [ReadGroup] = []
  private var done: ((Outcome) -> Void)?
  private var link: (any DeviceLink)?

  init(spec: DeviceSpec) {
    var items: [ReadItem] = []
    var offsets: [Int] = []
    var offset = 0
    for register in spec.registers {
      items.append(
        ReadItem(
          table: ModbusTable(register.table), address: register.address,
          count: UInt16(clamping: register.wordCount)))
      offsets.append(offset)
      offset += register.wordCount
    }
    if let permit = spec.correction.permit {
      items.append(ReadItem(table: ModbusTable(permit.table), address: permit.address))
    }
    self.items = items
    self.offsets = offsets
    hasPermit = spec.correction.permit != nil
    wordCount = offset
    planner = ReadPlanner(maxRegistersPerRequest: spec.maxRegistersPerRequest, maxGap: spec.maxGap)
    groups = planner.plan(items)
  }

  /// The reader for a changed specification: this one if what is read stays the same.
  func adapted(to spec: DeviceSpec) -> RegisterReader {
    let fresh = RegisterReader(spec: spec)
    let same =
      fresh.items == items && fresh.planner.maxGap == planner.maxGap && fresh.hasPermit == hasPermit
      && fresh.planner.maxRegistersPerRequest == planner.maxRegistersPerRequest
    if !same { abandon() }
    return same ? self : fresh
  }

  /// Forgets the cycle under way; its answers are dropped.
  func abandon() {
    generation &+= 1
    done = nil
    link = nil
  }

  /// Reads once; `done` comes exactly once unless the cycle is abandoned.
  func start(over link: any DeviceLink, done: @escaping (Outcome) -> Void) {
    generation &+= 1
    self.link = link
    self.done = done
    if words.count == wordCount {
      for index in words.indices { words[index] = 0 }
    } else {
      words = [UInt16](repeating: 0, count: wordCount)
    }
    refused.removeAll(keepingCapacity: true)
    permit = nil
    pending.removeAll(keepingCapacity: true)
    pending.append(contentsOf: groups.reversed())
    advance()
  }

  private func advance() {
    guard let group = pending.popLast() else {
      return finish(.observed(Observation(words: words, refused: refused, permit: permit)))
    }
    let current = generation
    link?.send(group.request) { [weak self] result in
      guard let self, self.generation == current else { return }
      self.take(result, group)
    }
  }

  private func finish(_ outcome: Outcome) {
    let done = self.done
    self.done = nil
    link = nil
    generation &+= 1
    done?(outcome)
  }

  private func take(_ result: Result<ModbusResponse, RequestFailure>, _ group: ReadGroup) {
    switch result {
    case .success(let response):
      for item in group.items { place(item, group, response) }
      advance()
    case .failure(.refused(let refusal)):
      if refusal.exception == .busy { return finish(.busy) }
      if refusal.exception == .illegalDataAddress {
        let parts = planner.refused(group, of: items)
        if !parts.isEmpty {
          groups = planner.plan(items)
          pending.append(contentsOf: parts.reversed())
          return advance()
        }
      }
      for item in group.items where item < offsets.count {
        refused.append(.init(register: item, exception: refusal.exception.rawValue))
      }
      advance()
    case .failure(.wire(let failure)): finish(.failed(WireProblem(failure)))
    case .failure(.notSent(let failure)): finish(.failed(WireProblem(failure)))
    }
  }

  private func place(_ index: Int, _ group: ReadGroup, _ response: ModbusResponse) {
    let item = items[index]
    let start = group.offset(of: item)
    if let block = response.registers, start >= 0, start + Int(item.count) <= block.count {
      if index < offsets.count {
        for word in 0..<Int(item.count) { words[offsets[index] + word] = block[start + word] }
      } else {
        permit = block[start]
      }
    } else if let bits = response.bits, start >= 0, start < bits.count {
      let word: UInt16 = bits[start] ? 1 : 0
      if index < offsets.count { words[offsets[index]] = word } else { permit = word }
    }
  }
}

extension ModbusTable {
  init(_ table: RegisterTable) {
    switch table {
    case .holding: self = .holding
    case .coil: self = .coil
    case .input: self = .input
    case .discrete: self = .discrete
    }
  }
}
