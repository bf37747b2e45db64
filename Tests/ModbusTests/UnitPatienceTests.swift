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

  @Test(arguments: [0, 1, 5])
  func aUnitNeverHeardIsNotWaitedForMuchLongerThanItsNeighboursNeed(silences: Int) {
    var quick = patience(neighbourAfter: 10, silences: silences)
    #expect(quick.allowance(asked, unitId: 7, isWrite: false) == UnitPatience.least)
    #expect(quick.allowance(asked, unitId: 1, isWrite: false) == asked)
    var slow = patience(neighbourAfter: 120, silences: silences)
    #expect(slow.allowance(asked, unitId: 7, isWrite: false) == 480 * Self.millisecond)
    var slower = patience(neighbourAfter: 400, silences: silences)
    #expect(slower.allowance(asked, unitId: 7, isWrite: false) == asked)
    #expect(quick.allowance(50 * Self.millisecond, unitId: 7, isWrite: false) == 50 * Self.millisecond)
  }

  @Test func aUnitThatWasHeardIsMeasuredByItself() {
    var patience = patience(neighbourAfter: 10, silences: 0)
    patience.answered(7, after: 60 * Self.millisecond)
    #expect(patience.allowance(asked, unitId: 7, isWrite: false) == asked)
    patience.wasSilent(7)
    #expect(patience.allowance(asked, unitId: 7, isWrite: false) == 240 * Self.millisecond)
    patience.answered(7, after: 700 * Self.millisecond)
    #expect(patience.allowance(asked, unitId: 7, isWrite: false) == asked)
    patience.wasSilent(7)
    #expect(patience.allowance(asked, unitId: 7, isWrite: false) == asked)
  }

  @Test func nowAndThenItGetsAllItsTime() {
    let times = (0...12).filter { silences in
      var patience = patience(neighbourAfter: 10, silences: silences)
      return patience.allowance(asked, unitId: 7, isWrite: false) == asked
    }
    #expect(times == [6, 12])
  }

  @Test func writesAlwaysGetAllTheirTime() {
    var patience = patience(neighbourAfter: 10, silences: 1)
    #expect(patience.allowance(asked, unitId: 7, isWrite: true) == asked)
  }

  @Test func aDeviceAloneOrAmongTheNeverHeardIsGivenAllItsTime() {
    var alone = UnitPatience()
    alone.answered(1, after: 10 * Self.millisecond)
    alone.wasSilent(1)
    #expect(alone.allowance(asked, unitId: 1, isWrite: false) == asked)
    var unheard = UnitPatience()
    unheard.wasSilent(1)
    unheard.wasSilent(2)
    #expect(unheard.allowance(asked, unitId: 1, isWrite: false) == asked)
  }

  private let read = ModbusRequest.readHoldingRegisters(address: 0, count: 1)

  /// A machine that has heard unit 1 and now waits for unit 7.
  private func waitingForUnit7() -> MachineBench {
    var bench = MachineBench.connected()
    bench.submit(1, read, unit: 1)
    bench.pass(5)
    bench.answer(id: 1, unit: 1, [3, 2, 0, 42])
    bench.submit(2, read, unit: 7)
    _ = bench.take()
    return bench
  }

  private let silent = MachineBench.Seen.failed(2, .wire(.timedOut(strayAnswers: 0)))

  @Test func whileNobodyElseWaitsAUnitHasAllItsTime() {
    var bench = waitingForUnit7()
    bench.submit(3, read, unit: 7)
    bench.pass(999)
    #expect(bench.take().isEmpty)
    bench.pass(1)
    #expect(bench.take().contains(silent))
  }

  @Test func anotherUnitsRequestEndsTheWaitAfterTheAllowance() {
    var bench = waitingForUnit7()
    bench.pass(50)
    bench.submit(3, read, unit: 1)
    bench.pass(49)
    #expect(bench.take().isEmpty)
    bench.pass(1)
    #expect(bench.take().contains(silent))
    bench.connected()
    #expect(bench.take().contains(.sent(id: 3, unit: 1, read)))
  }

  @Test func anotherUnitsRequestEndsTheWaitAtOnceWhenTheAllowanceIsSpent() {
    var bench = waitingForUnit7()
    bench.pass(400)
    bench.submit(3, read, unit: 1)
    bench.pass(0)
    #expect(bench.take().contains(silent))
  }

  @Test func whoeverWaitsWhenItIsSentCountsToo() {
    var bench = MachineBench.connected()
    bench.submit(1, read, unit: 1)
    bench.submit(2, read, unit: 7)
    bench.submit(3, read, unit: 2)
    bench.pass(5)
    bench.answer(id: 1, unit: 1, [3, 2, 0, 42])
    bench.pass(99)
    #expect(!bench.take().contains(silent))
    bench.pass(1)
    #expect(bench.take().contains(silent))
  }

  @Test func aWriteIsNeverCutShort() {
    var bench = waitingForUnit7()
    bench.pass(100)
    bench.submit(3, read, unit: 1)
    bench.pass(0)
    bench.connected()
    bench.answer(id: 3, unit: 1, [3, 2, 0, 42])
    _ = bench.take()
    bench.submit(4, .writeSingleRegister(address: 0, value: 1), unit: 7)
    bench.submit(5, read, unit: 1)
    bench.pass(999)
    #expect(!bench.take().contains { if case .failed = $0 { true } else { false } })
    bench.pass(1)
    #expect(bench.take().contains(.failed(4, .wire(.timedOut(strayAnswers: 0)))))
  }

  /// On a line without transaction ids nothing is given up early.
  @Test func aSerialLineIsGivenAllItsTime() {
    var bench = MachineBench(hasTransactionIds: false)
    bench.machine.connect()
    bench.connected()
    bench.submit(1, read, unit: 1)
    bench.answer(id: 0, unit: 1, [3, 2, 0, 42])
    bench.submit(2, read, unit: 7)
    bench.submit(3, read, unit: 1)
    _ = bench.take()
    bench.pass(999)
    #expect(bench.take().isEmpty)
    bench.pass(1)
    #expect(bench.take().contains(silent))
  }
}
