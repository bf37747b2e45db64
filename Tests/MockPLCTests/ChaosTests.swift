import Modbus
import Testing

@testable import MockPLC

@Suite struct ChaosTests {
  private func fleet(seed: UInt64, count: Int = 1, maxDrift: Double = 500) -> FleetConfiguration {
    FleetConfiguration(
      plcs: FleetConfiguration.devices([.simple()], count: count), seed: seed,
      chaos: ChaosPlan(interval: .seconds(10), maxDrift: maxDrift))
  }

  private func lines(_ configuration: FleetConfiguration, _ seconds: Double) -> [String] {
    var lines: [String] = []
    MockFleet.rehearse(configuration, for: .seconds(seconds)) { lines.append($0.line(.elapsed)) }
    return lines
  }

  @Test func theSameSeedGivesTheSameChaos() {
    let first = lines(fleet(seed: 7, count: 5), 200)
    #expect(first.count >= 95)
    #expect(first == lines(fleet(seed: 7, count: 5), 200))
    #expect(first != lines(fleet(seed: 8, count: 5), 200))
  }

  @Test func theFirstPLCTurnsAtWholeIntervalsWhateverTheFleetsSize() {
    let alone = lines(fleet(seed: 7), 60)
    #expect(
      alone.map { String($0.prefix(8)) } == [
        "t=10.000", "t=20.000", "t=30.000", "t=40.000", "t=50.000", "t=60.000",
      ])
    #expect(lines(fleet(seed: 7, count: 3), 60).filter { $0.contains("plc=plc-1 ") } == alone)
  }

  @Test func eachPLCOfAFleetHasItsOwnChaos() {
    let all = lines(fleet(seed: 7, count: 3), 100)
    let byPLC = (1...3).map { number in
      all.filter { $0.contains("plc=plc-\(number) ") }.map { $0.split(separator: " ").last ?? "" }
    }
    #expect(byPLC.allSatisfy { $0.count == 10 })
    #expect(Set(byPLC).count == 3)
  }

  @Test func aTurnStaysWithinMaxDriftOfTheBaseline() {
    let format = ValueFormat(.uint16)
    for baseline in [0.0, 100, 2500, 65_535] {
      let turn = ChaosTurn(
        register: 0, plan: ChaosPlan(interval: .seconds(1), maxDrift: 500), seed: Seed(7), lead: .zero,
        baseline: .real(baseline))
      let values = (1...500).compactMap { turn.value(of: $0, format: format, isBit: false).number }
      #expect(values.count == 500)
      #expect(values.allSatisfy { (0...65_535).contains($0) && abs($0 - baseline) <= 500 && $0 != baseline })
    }
  }

  @Test func turnsFillTheirRangeInBothDirections() {
    let turn = ChaosTurn(
      register: 0, plan: ChaosPlan(interval: .seconds(1), maxDrift: 500), seed: Seed(7), lead: .zero,
      baseline: .integer(2500))
    let drifts = (1...2000).compactMap { turn.value(of: $0, format: ValueFormat(), isBit: false).number }.map
    {
      $0 - 2500
    }
    #expect(drifts.filter { $0 > 0 }.count > 800)
    #expect(drifts.filter { $0 < 0 }.count > 800)
    #expect(drifts.max() ?? 0 > 480)
    #expect(drifts.min() ?? 0 < -480)
  }

  @Test func scaledFloatAndBooleanRegistersTurnToo() {
    let plan = ChaosPlan(interval: .seconds(1), maxDrift: 2)
    let scaled = ChaosTurn(register: 0, plan: plan, seed: Seed(3), lead: .zero, baseline: .real(72.5))
    let format = ValueFormat(.int16, scale: 0.1)
    for count in 1...200 {
      let value = scaled.value(of: Int64(count), format: format, isBit: false)
      let back = format.decode(format.encode(value)[...])?.number ?? .nan
      #expect(abs(back - 72.5) <= 2.0001 && abs(back - 72.5) >= 0.0999)
    }
    let float = scaled.value(of: 1, format: ValueFormat(.float32), isBit: false).number ?? .nan
    #expect(abs(float - 72.5) >= 0.2 && abs(float - 72.5) <= 2)
    let flag = ChaosTurn(register: 0, plan: plan, seed: Seed(3), lead: .zero, baseline: .bool(true))
    #expect(flag.value(of: 1, format: ValueFormat(.bool), isBit: false) == .bool(false))
  }

  @Test func noDriftMeansNoChange() {
    #expect(lines(fleet(seed: 7, maxDrift: 0), 30).allSatisfy { $0.hasSuffix("before=2500 after=2500") })
  }

  /// Requests must not shift the schedule or the sizes; only the baseline is theirs.
  @Test func trafficDoesNotShiftChaos() {
    func turns(traffic: Bool) -> [Int] {
      let core = FleetCore(fleet(seed: 7))
      var drifts: [Int] = []
      for second in stride(from: 1.0, through: 100, by: 0.5) {
        let time = Elapsed.seconds(second)
        if traffic {
          _ = core.handle(
            .readHoldingRegisters(address: 4001, count: 1), plc: core.plcs[0], unit: 1, connection: 1,
            at: time)
          _ = core.handle(
            .writeSingleRegister(address: 4001, value: 3000), plc: core.plcs[0], unit: 1, connection: 1,
            at: time)
        } else {
          core.advance(to: time)
        }
        let isTurn = second.truncatingRemainder(dividingBy: 10) == 0
        if isTurn, !traffic, let word = try? core.peek(plc: 0, unit: 1, .holding, 4001, count: 1).first {
          drifts.append(Int(word) - 2500)
        }
      }
      if traffic {
        // Before each write the log saw what chaos had made of 3000.
        drifts = core.writes.filter { $0.before != [3000] }.map { Int($0.before.first ?? 0) - 3000 }
      }
      return drifts
    }
    let quiet = turns(traffic: false)
    #expect(quiet.count == 10)
    // The very first write of the busy run replaces 2500.
    #expect(turns(traffic: true).dropFirst() == quiet[...])
  }
}
