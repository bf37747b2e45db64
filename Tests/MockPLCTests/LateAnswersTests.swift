import Foundation
import Modbus
import Testing

@testable import MockPLC

/// One late answer must never be taken for a later request's: every register says whose it is. `FABGITOPS_LATE_READS`
/// sets how many reads (Tests/Interop/late_answers.sh); a fifth of them is answered too late for the timeout of 1 s, on
/// every other PLC late but in time.
@Suite(.timeLimit(.minutes(20))) struct LateAnswersTests {
  private static let reads = Int(ProcessInfo.processInfo.environment["FABGITOPS_LATE_READS"] ?? "") ?? 1000
  private static let plcs = min(250, max(1, reads / 4))
  private static let units: [UInt8] = [1, 2, 3]
  private static let registers = 16

  /// Different for every register of every unit of every PLC.
  private static func value(_ plc: Int, _ unit: UInt8, _ address: Int) -> UInt16 {
    UInt16(clamping: (plc * (units.count + 1) + Int(unit)) * registers + address)
  }

  private struct Tally: Sendable {
    var answered = 0
    var timedOut = 0
    var failed: [String] = []
    var wrong: [String] = []
  }

  private func device(_ plc: Int) throws -> MockDevice {
    let late = try FaultSpec.list(plc % 2 == 0 ? "late=0.2" : "late=0.2:150ms")
    return MockDevice(
      units: Self.units.map { unit in
        MockUnit(
          ids: [unit],
          registers: (0..<Self.registers).map { address in
            MockRegister(
              "r\(address)", address: UInt16(address),
              value: .integer(Int64(Self.value(plc, unit, address))))
          }, faults: late)
      })
  }

  @Test func noValueIsAttributedToTheWrongRequest() async throws {
    let fleet = try await MockFleet.start(
      FleetConfiguration(plcs: try (0..<Self.plcs).map(device), seed: 7))
    let ports = fleet.ports
    let tally = try await withThrowingTaskGroup(of: Tally.self) { group in
      for plc in 0..<Self.plcs {
        let count = Self.reads / Self.plcs + (plc < Self.reads % Self.plcs ? 1 : 0)
        group.addTask { try await Self.read(plc, port: ports[plc], count: count) }
      }
      return try await group.reduce(into: Tally()) { sum, one in
        sum.answered += one.answered
        sum.timedOut += one.timedOut
        sum.failed += one.failed
        sum.wrong += one.wrong
      }
    }
    await fleet.stop()
    print("late answers: \(tally.answered) answered, \(tally.timedOut) too late, \(tally.wrong.count) wrong")
    #expect(tally.wrong.isEmpty)
    #expect(tally.failed.isEmpty)
    #expect(tally.answered + tally.timedOut == Self.reads)
    #expect(tally.timedOut > 0)
  }

  private static func read(_ plc: Int, port: Int, count: Int) async throws -> Tally {
    var tally = Tally()
    var draw = Seed(UInt64(plc) &+ 1).bits(0)
    let client = try await ModbusClient.connect(host: "127.0.0.1", port: port)
    for index in 0..<count {
      draw = Seed(draw).bits(UInt64(index))
      let unit = units[Int((draw >> 8) % UInt64(units.count))]
      let address = Int((draw >> 16) % UInt64(registers))
      let words = 1 + Int((draw >> 32) % UInt64(registers - address))
      do {
        let values = try await client.readRegisters(
          address: UInt16(address), count: UInt16(words), unitId: unit)
        let expected = (0..<words).map { value(plc, unit, address + $0) }
        if values != expected { tally.wrong.append("plc \(plc) unit \(unit) \(address)+\(words): \(values)") }
        tally.answered += 1
      } catch RequestFailure.wire(.timedOut) {
        tally.timedOut += 1
        try await client.reconnect()
      } catch {
        tally.failed.append("\(error)")
        try await client.reconnect()
      }
    }
    await client.close()
    return tally
  }
}
