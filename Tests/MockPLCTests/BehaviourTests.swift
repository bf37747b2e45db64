import Foundation
import Testing

@testable import MockPLC

@Suite struct BehaviourTests {
  private func value(_ behaviour: any Behaviour, _ seconds: Double, seed: UInt64 = 1) -> Double {
    behaviour.value(at: .seconds(seconds), seed: Seed(seed), state: ProcessState())
  }

  @Test func rampShapes() {
    let period = Elapsed.seconds(10)
    let sawtooth = Ramp(from: 100, to: 200, period: period)
    #expect([0, 5, 10, 12.5].map { value(sawtooth, $0) } == [100, 150, 100, 125])
    let triangle = Ramp(from: 0, to: 10, period: period, shape: .triangle)
    #expect([0, 2.5, 5, 7.5, 10].map { value(triangle, $0) } == [0, 5, 10, 5, 0])
    let once = Ramp(from: 10, to: 0, period: period, shape: .once)
    #expect([0, 5, 10, 1000].map { value(once, $0) } == [10, 5, 0, 0])
  }

  @Test func sineSwingsAroundItsMean() {
    let sine = Sine(mean: 50, amplitude: 4, period: .seconds(8), phase: 0.25)
    #expect(abs(value(sine, 0) - 54) < 1e-9)
    #expect(abs(value(sine, 4) - 46) < 1e-9)
    #expect(abs(value(sine, 8) - value(sine, 0)) < 1e-9)
  }

  @Test func noiseHoldsWithinAStepAndDependsOnTheSeed() {
    let noise = Noise(mean: 10, deviation: 2, every: .seconds(1))
    #expect(value(noise, 3.1) == value(noise, 3.9))
    #expect(value(noise, 3.1) != value(noise, 4.1))
    #expect(value(noise, 3.1) != value(noise, 3.1, seed: 2))
    #expect(value(noise, 3.1) == value(noise, 3.1))
    #expect((0..<1000).allSatisfy { abs(value(noise, Double($0)) - 10) <= 2 * 3.4642 })
  }

  @Test func firstOrderCovers63PercentInOneTimeConstant() {
    let process = FirstOrder(follows: "sp", timeConstant: .seconds(20), gain: 2, bias: 5)
    let state = ProcessState(since: .seconds(100), value: 5, target: 50)
    let after = process.value(at: .seconds(120), seed: Seed(1), state: state)
    #expect(abs(after - (5 + 100 * (1 - exp(-1)))) < 1e-9)
    #expect(abs(process.value(at: .seconds(1000), seed: Seed(1), state: state) - 105) < 1e-9)
  }

  @Test func measurementNoiseIsNotPartOfTheProcess() {
    let noisy = Sine(mean: 50, amplitude: 0, period: .seconds(8)).noisy(3)
    let state = ProcessState()
    #expect(noisy.trueValue(at: .seconds(4), seed: Seed(1), state: state) == 50)
    #expect(noisy.value(at: .seconds(4), seed: Seed(1), state: state) != 50)
  }
}

@Suite struct UnitImageTests {
  private func oven() -> UnitImage {
    let registers = [
      MockRegister("setpoint", address: 10, value: .integer(100)),
      MockRegister(
        "temperature", table: .input, address: 0, format: ValueFormat(.float32),
        behaviour: FirstOrder(follows: "setpoint", timeConstant: .seconds(10))),
    ]
    return UnitImage(MockUnit(registers: registers), seed: Seed(1), chaos: nil, spreadsChaos: false)
  }

  private func temperature(_ image: inout UnitImage, _ seconds: Double) -> Double {
    let words = image.read(.input, 0, count: 2, at: .seconds(seconds))
    return ValueFormat(.float32).decode(words[...])?.number ?? .nan
  }

  @Test func aProcessFollowsItsSetpointFromWhereItIs() {
    var image = oven()
    #expect(temperature(&image, 0) == 100)
    #expect(temperature(&image, 50) == 100)
    image.write(.holding, 10, [200], at: .seconds(50))
    #expect(abs(temperature(&image, 60) - (200 - 100 * exp(-1))) < 0.001)
    // Turned back on the way: it starts from where it was, not from where it was headed.
    image.write(.holding, 10, [100], at: .seconds(60))
    let turned = temperature(&image, 60)
    #expect(abs(turned - (200 - 100 * exp(-1))) < 0.001)
    #expect(temperature(&image, 61) < turned)
  }

  @Test func readingChangesNothing() {
    var often = oven()
    var once = oven()
    often.write(.holding, 10, [300], at: .seconds(1))
    once.write(.holding, 10, [300], at: .seconds(1))
    for step in 0..<100 { _ = temperature(&often, 1 + Double(step) / 10) }
    #expect(temperature(&often, 11) == temperature(&once, 11))
  }

  @Test func aRebootStartsAnew() {
    var image = oven()
    image.write(.holding, 10, [200], at: .seconds(5))
    image.boot(at: .seconds(20))
    #expect(image.read(.holding, 10, count: 1, at: .seconds(20)) == [100])
    #expect(temperature(&image, 20) == 100)
  }

  @Test func bitsOfOneWordAreIndependent() {
    let registers = [
      MockRegister("a", address: 5, format: ValueFormat(.bool, bit: 0), value: .bool(true)),
      MockRegister("b", address: 5, format: ValueFormat(.bool, bit: 15), value: .bool(true)),
      MockRegister("c", address: 5, format: ValueFormat(.bool, bit: 3), value: .bool(false)),
    ]
    var image = UnitImage(MockUnit(registers: registers), seed: Seed(1), chaos: nil, spreadsChaos: false)
    #expect(image.read(.holding, 5, count: 1, at: .zero) == [0x8001])
    #expect(image.words(of: .bool(true), in: registers[2]) == [0x8009])
    #expect(image.words(of: .bool(false), in: registers[1]) == [0x0001])
  }

  @Test func tablesAreSeparate() {
    var image = UnitImage(MockUnit(registers: []), seed: Seed(1), chaos: nil, spreadsChaos: false)
    image.write(.holding, 65_535, [7], at: .zero)
    image.write(.coil, 63, [1, 1], at: .zero)
    #expect(image.read(.holding, 65_535, count: 1, at: .zero) == [7])
    #expect(image.read(.input, 65_535, count: 1, at: .zero) == [0])
    #expect(image.read(.coil, 62, count: 4, at: .zero) == [0, 1, 1, 0])
    #expect(image.read(.discrete, 62, count: 4, at: .zero) == [0, 0, 0, 0])
  }

  @Test(arguments: [UInt64(1), 2, 3, 4, 5])
  func addressSetsAgreeWithPlainSets(seed: UInt64) {
    let draws = Seed(seed)
    let ranges = (0..<UInt64(12)).map { index -> ClosedRange<Int> in
      let first = Int(draws.bits(index * 2) % 400)
      return first...first + Int(draws.bits(index * 2 + 1) % 40)
    }
    let set = AddressSet(ranges)
    let plain = Set(ranges.flatMap { Array($0) })
    for address in 0..<450 {
      for count in [1, 2, 10] {
        let expected = (address..<address + count).allSatisfy(plain.contains)
        #expect(set.contains(UInt16(address), count: count) == expected, "seed \(seed) \(address)+\(count)")
      }
    }
    #expect(AddressSet.all.contains(65_535))
    #expect(!AddressSet.all.contains(65_535, count: 2))
    #expect(!AddressSet.none.contains(0))
  }
}
