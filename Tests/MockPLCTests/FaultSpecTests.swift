import Modbus
import Testing

@testable import MockPLC

@Suite struct FaultSpecTests {
  @Test(arguments: [
    "latency=20ms±5ms", "latency=20ms+-5ms", "latency=20ms", "drop=0.2", "drop=20%", "exception=0.5:2",
    "exception=1:0x06", "late=0.2", "late=0.2:50ms", "junk=0.1", "junk=1:transaction", "split=1",
    "reset=0.01",
    "hang=1", "hang", "hang@3", "drop=0.5@2-5", "ignore-writes=1", "ignore-writes", "revert=800ms",
    "busy=0.3",
    "max-connections=3", "evict-oldest", "watchdog=30",
  ])
  func readsEveryFault(text: String) throws {
    let spec = try FaultSpec(text)
    #expect(text.hasPrefix(spec.name))
  }

  @Test func everyKnownFaultHasAUsageThatStartsWithItsName() {
    for fault in knownFaults { #expect(fault.usage.hasPrefix(fault.name)) }
    #expect(Set(knownFaults.map { $0.name }).count == knownFaults.count)
  }

  @Test(arguments: [
    ("hnag", "unknown fault 'hnag', did you mean 'hang'?"),
    ("latency", "latency needs a time: latency=20ms±5ms"),
    ("latency=fast", "latency: 'fast' is not a time, write 250us, 20ms, 1.5s or 2m"),
    ("latency=5ms±20ms", "latency: the spread 20ms is larger than 5ms"),
    ("drop=2", "drop: probability 2 is outside 0...1"),
    ("drop=", "drop: '' is not a probability, write 0.2 or 20%"),
    ("drop=nan", "drop: 'nan' is not a probability, write 0.2 or 20%"),
    ("exception=0.1:0", "exception: code '0' is not 1...127 or 0x01...0x7F"),
    ("exception=0.1:200", "exception: code '200' is not 1...127 or 0x01...0x7F"),
    ("junk=1:sand", "junk: 'sand' is none of bytes, protocol, length, transaction, unit, function, short"),
    ("max-connections", "max-connections needs a number: max-connections=N"),
    ("max-connections=-1", "max-connections: '-1' is not a number in 0...65535"),
    ("evict-oldest=3", "evict-oldest takes no value, but has '3'"),
    ("watchdog=0", "watchdog must be longer than 0"),
    ("hang@", "hang: '@' is not a unit id or range in 0...255"),
    ("hang@5-3", "hang: '@5-3' is not a unit id or range in 0...255"),
    ("hang@256", "hang: '@256' is not a unit id or range in 0...255"),
  ])
  func refusesWithAReason(text: String, reason: String) {
    #expect { _ = try FaultSpec(text) } throws: { ($0 as? FaultProblem)?.description == reason }
  }

  @Test func listsSplitAtBlanksAndCommas() throws {
    #expect(
      try FaultSpec.list("max-connections=1 evict-oldest, drop=0.1").map(\.name) == [
        "max-connections", "evict-oldest", "drop",
      ])
    #expect(throws: FaultProblem.self) { try FaultSpec.list(" ") }
  }

  @Test func strikesAreAsOftenAsAskedAndAlikeForEqualSeeds() throws {
    let fault = try FaultSpec("drop=0.2").fault
    func strikes(_ seed: UInt64) -> [Bool] {
      var set = FaultSet([fault], seed: Seed(seed))
      return (0..<10_000).map { _ in set.exchange(isWrite: false).fate == .silence }
    }
    let first = strikes(7)
    #expect(first == strikes(7))
    #expect(first != strikes(8))
    #expect(abs(first.filter { $0 }.count - 2000) < 200)
  }

  @Test func oneFaultDoesNotShiftAnother() throws {
    func drops(_ specs: String) throws -> [Bool] {
      var set = FaultSet(try FaultSpec.list(specs).map(\.fault), seed: Seed(7))
      return (0..<500).map { _ in set.exchange(isWrite: true).struck.contains("drop") }
    }
    #expect(try drops("drop=0.3") == drops("drop=0.3 latency=20ms±5ms split=0.5 late=0.2 ignore-writes=0.5"))
  }

  @Test func latencyStaysWithinItsSpread() throws {
    var set = FaultSet([try FaultSpec("latency=20ms±5ms").fault], seed: Seed(7))
    let delays = (0..<1000).map { _ in set.exchange(isWrite: false).delay.seconds * 1000 }
    #expect(delays.allSatisfy { $0 >= 15 && $0 <= 25 })
    #expect((delays.max() ?? 0) > 24.5 && (delays.min() ?? 99) < 15.5)
  }

  @Test func everyJunkIsReallyWrong() {
    let honest: [UInt8] = [0, 9, 0, 0, 0, 5, 1, 3, 2, 0x09, 0xC4]
    for kind in Junk.Kind.allCases {
      for draw in (0..<200).map({ Seed(5).bits($0) }) {
        let spoiled = Junk.spoiled(honest, kind, draw: draw)
        #expect(spoiled != honest && !spoiled.isEmpty, "\(kind) \(draw)")
        #expect(spoiled == Junk.spoiled(honest, kind, draw: draw))
      }
    }
  }

  @Test func aFaultForOneUnitLeavesTheOthersAlone() throws {
    let configuration = FleetConfiguration(
      plcs: [.simple()], faults: [try FaultSpec("hang@3")], unitIDs: Array(1...16))
    let core = FleetCore(configuration)
    for unit in UInt8(1)...16 {
      let verdict = core.handle(
        .readHoldingRegisters(address: 4001, count: 1), plc: core.plcs[0], unit: unit, connection: 1,
        at: .zero)
      if case .answer = verdict.outcome { #expect(unit != 3) } else { #expect(unit == 3) }
    }
  }

  @Test func aRevertedWriteIsPutBackOnce() throws {
    let core = FleetCore(FleetConfiguration(plcs: [.simple()], faults: [try FaultSpec("revert=800ms")]))
    let write = ModbusRequest.writeSingleRegister(address: 4001, value: 1000)
    _ = core.handle(write, plc: core.plcs[0], unit: 1, connection: 1, at: .seconds(1))
    core.advance(to: .seconds(1.799))
    #expect(try core.peek(plc: 0, unit: 1, .holding, 4001, count: 1) == [1000])
    core.advance(to: .seconds(1.8))
    #expect(try core.peek(plc: 0, unit: 1, .holding, 4001, count: 1) == [2500])
    #expect(core.nextDue == nil)
  }

  @Test func theWatchdogStrikesOnceAndOnlyInSilence() throws {
    let core = FleetCore(FleetConfiguration(plcs: [.simple()], faults: [try FaultSpec("watchdog=5")]))
    var struck: [String] = []
    core.observer = { struck.append($0.line(.elapsed)) }
    let read = ModbusRequest.readHoldingRegisters(address: 4001, count: 1)
    for second in 1...20 {
      _ = core.handle(read, plc: core.plcs[0], unit: 1, connection: 1, at: .seconds(Double(second)))
    }
    #expect(struck.isEmpty)
    core.advance(to: .seconds(100))
    #expect(
      struck == [
        "t=25.000 plc=plc-1 event=watchdog unit=* table=holding address=4001 before=2500 after=0"
      ])
    let write = ModbusRequest.writeSingleRegister(address: 4001, value: 2500)
    _ = core.handle(write, plc: core.plcs[0], unit: 1, connection: 1, at: .seconds(100))
    core.advance(to: .seconds(104.9))
    #expect(try core.peek(plc: 0, unit: 1, .holding, 4001, count: 1) == [2500])
    core.advance(to: .seconds(111))
    #expect(try core.peek(plc: 0, unit: 1, .holding, 4001, count: 1) == [0])
  }
}
