import Testing

@testable import Modbus

@Suite struct UnitPatienceTests {
  private static let millisecond: Int64 = 1_000_000
  private let asked = 1000 * millisecond

  /// Unit 1 answers after `elapsed` milliseconds, unit 7 was silent `silences` times.
  private func patience(neighbourAfter elapsed: Int64, silences: Int) -> UnitPatience {
    var patience = UnitPatience()
    patience.answered(1, after: elapsed * Self.millisecond)
    for _ in 0..<silences { patience.wasSilent(7) }
    return patience
  }

  @Test func aSilentUnitIsNotWaitedForMuchLongerThanItsNeighboursNeed() {
    var quick = patience(neighbourAfter: 10, silences: 1)
    #expect(quick.timeout(asked, unitId: 7, isWrite: false) == UnitPatience.least)
    #expect(quick.timeout(asked, unitId: 1, isWrite: false) == asked)
    var slow = patience(neighbourAfter: 120, silences: 1)
    #expect(slow.timeout(asked, unitId: 7, isWrite: false) == 480 * Self.millisecond)
    var slower = patience(neighbourAfter: 400, silences: 1)
    #expect(slower.timeout(asked, unitId: 7, isWrite: false) == asked)
    #expect(quick.timeout(50 * Self.millisecond, unitId: 7, isWrite: false) == 50 * Self.millisecond)
  }

  @Test func nowAndThenItGetsAllItsTime() {
    let times = (0...8).map { silences in
      var patience = patience(neighbourAfter: 10, silences: silences)
      return patience.timeout(asked, unitId: 7, isWrite: false) == asked
    }
    #expect(times == [true, false, false, false, true, false, false, false, true])
  }

  @Test func oneAnswerRestoresTrust() {
    var patience = patience(neighbourAfter: 10, silences: 3)
    patience.answered(7, after: 700 * Self.millisecond)
    #expect(patience.timeout(asked, unitId: 7, isWrite: false) == asked)
  }

  @Test func writesAlwaysGetAllTheirTime() {
    var patience = patience(neighbourAfter: 10, silences: 1)
    #expect(patience.timeout(asked, unitId: 7, isWrite: true) == asked)
  }

  @Test func aDeviceAloneOrNeverHeardIsGivenAllItsTime() {
    var alone = UnitPatience()
    alone.answered(1, after: 10 * Self.millisecond)
    alone.wasSilent(1)
    #expect(alone.timeout(asked, unitId: 1, isWrite: false) == asked)
    var unheard = UnitPatience()
    unheard.wasSilent(1)
    unheard.wasSilent(2)
    #expect(unheard.timeout(asked, unitId: 1, isWrite: false) == asked)
  }

  /// Through the machine: the dead unit's second attempt costs the others 200 ms, not a second.
  @Test func theMachineHangsUpSooner() {
    var bench = MachineBench.connected()
    let read = ModbusRequest.readHoldingRegisters(address: 0, count: 1)
    bench.submit(1, read, unit: 1)
    bench.pass(5)
    bench.answer(id: 1, unit: 1, [3, 2, 0, 42])
    bench.submit(2, read, unit: 7)
    bench.pass(999)
    _ = bench.take()
    bench.pass(1)
    #expect(bench.take().contains(.failed(2, .wire(.timedOut(strayAnswers: 0)))))
    bench.machine.connect()
    bench.connected()
    bench.submit(3, read, unit: 7)
    bench.pass(199)
    _ = bench.take()
    bench.pass(1)
    #expect(bench.take().contains(.failed(3, .wire(.timedOut(strayAnswers: 0)))))
  }

  /// On a line without transaction ids nothing is given up early.
  @Test func aSerialLineIsGivenAllItsTime() {
    var bench = MachineBench(hasTransactionIds: false)
    let read = ModbusRequest.readHoldingRegisters(address: 0, count: 1)
    for (token, unit) in [(1, UInt8(1)), (2, 7), (3, 7)] {
      bench.machine.connect()
      bench.connected()
      bench.submit(token, read, unit: unit)
      if unit == 1 {
        bench.answer(id: 0, unit: 1, [3, 2, 0, 42])
        continue
      }
      _ = bench.take()
      bench.pass(999)
      #expect(bench.take().isEmpty)
      bench.pass(1)
      #expect(bench.take().contains(.failed(token, .wire(.timedOut(strayAnswers: 0)))))
    }
  }
}
