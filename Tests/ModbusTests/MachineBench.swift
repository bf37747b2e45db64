import NIOCore

@testable import Modbus

/// A connection machine in virtual time: milliseconds, whose actions are kept and whose wake-ups come when due.
struct MachineBench {
  typealias Machine = ClientConnectionMachine<Int>

  enum Seen: Equatable, CustomStringConvertible {
    case dial, hangUp
    case sent(id: UInt16, unit: UInt8, ModbusRequest)
    case answered(Int, ModbusResponse)
    case failed(Int, RequestFailure)
    case event(ConnectionEvent)

    var description: String {
      switch self {
      case .dial: "dial"
      case .hangUp: "hangUp"
      case .sent(let id, let unit, let request): "sent #\(id) unit \(unit) \(request)"
      case .answered(let token, let response): "answered \(token) \(response)"
      case .failed(let token, let failure): "failed \(token) \(failure)"
      case .event(let event): "event \(event)"
      }
    }
  }

  var machine: Machine
  var now: Int64 = 0
  private(set) var wakeAt: Int64?
  private(set) var wakeCount = 0
  private var seen: [Seen] = []

  init(_ options: ConnectionOptions = .init(), hasTransactionIds: Bool = true) {
    machine = Machine(options: options, hasTransactionIds: hasTransactionIds)
  }

  private static let millisecond: Int64 = 1_000_000

  /// A machine that is connected, with nothing else seen yet.
  static func connected(_ options: ConnectionOptions = .init()) -> MachineBench {
    var bench = MachineBench(options)
    bench.machine.connect()
    bench.machine.connected(at: bench.now)
    _ = bench.take()
    return bench
  }

  /// What happened since the last look.
  mutating func take() -> [Seen] {
    drain()
    defer { seen = [] }
    return seen
  }

  private mutating func drain() {
    while let action = machine.nextAction() {
      switch action {
      case .dial: seen.append(.dial)
      case .hangUp: seen.append(.hangUp)
      case .send(let id, let unit, let request): seen.append(.sent(id: id, unit: unit, request))
      case .complete(let token, .success(let response)): seen.append(.answered(token, response))
      case .complete(let token, .failure(let failure)): seen.append(.failed(token, failure))
      case .notify(let event): seen.append(.event(event))
      case .wake(let time):
        wakeAt = time
        wakeCount += 1
      }
    }
  }

  /// Lets time pass; due wake-ups happen on the way.
  mutating func pass(_ milliseconds: Int64) {
    drain()
    let end = now + milliseconds * Self.millisecond
    while let wake = wakeAt, wake <= end {
      now = max(now, wake)
      wakeAt = nil
      machine.timerFired(at: now)
      drain()
    }
    now = end
  }

  mutating func submit(_ token: Int, _ request: ModbusRequest, unit: UInt8 = 1, timeout: Int = 1000) {
    machine.submit(request, unitId: unit, timeout: .milliseconds(timeout), token: token, at: now)
  }

  mutating func answer(id: UInt16, unit: UInt8 = 1, _ pdu: [UInt8]) {
    machine.received(ModbusFrame(transactionId: id, unitId: unit, pdu: ByteBuffer(bytes: pdu)), at: now)
  }

  mutating func connected() { machine.connected(at: now) }

  mutating func broken(_ failure: WireFailure) { machine.broken(failure, at: now) }
}
