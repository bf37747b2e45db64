import Control
import Testing

@testable import LocalEngine

@Suite struct PollSlotsTests {
  private func fleet(_ count: Int, behind address: (Int) -> (String, Int)) -> [DeviceSpec] {
    (0..<count).map { number in
      let (host, port) = address(number)
      return DeviceSpec(
        id: DeviceID(name: "plc-\(number)"), address: host, port: port, unitID: UInt8(number % 200),
        registers: [RegisterSpec(name: "setpoint", address: 4001, desired: .integer(2500))])
    }
  }

  @Test func aFewPLCsArePolledAtOneMoment() {
    let few = fleet(6) { ("10.0.0.\($0)", 502) }
    #expect(few.map(PollSlots(few).of) == Array(repeating: 1, count: 6))
    #expect(PollSlots([]).of(few[0]) == 1)
  }

  @Test func manyAreSpread() {
    let many = fleet(1000) { ("10.0.\($0 / 250).\($0 % 250)", 502) }
    #expect(Set(many.map(PollSlots(many).of)) == [31])
  }

  /// They wait for each other on its line; those beside it are not spread for that.
  @Test func unitsBehindOneAddressAreSpread() {
    let mixed = fleet(40) { $0 < 16 ? ("gateway", 502) : ("gateway", 1000 + $0) }
    let slots = PollSlots(mixed)
    #expect(mixed.prefix(16).allSatisfy { slots.of($0) == 8 })
    #expect(mixed.dropFirst(16).allSatisfy { slots.of($0) == 1 })
  }
}
