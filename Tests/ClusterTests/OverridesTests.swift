import Control
import Fleet
import LocalEngine
import Testing

@testable import Cluster

@Suite struct OverridesTests {
  let id = DeviceID(namespace: "default", name: "line")
  let now = WallTime(milliseconds: 1_000_000)

  func shelf(_ register: String?, until: Int64 = 2_000_000, reason: String = "r") -> Shelf {
    Shelf(by: "anna", since: now, until: WallTime(milliseconds: until), reason: reason, register: register)
  }

  func overrides(_ shelves: [Shelf] = [], suspendedBy: String? = nil) -> Overrides {
    Overrides(RestoredDevice(shelves: shelves, suspendedBy: suspendedBy))
  }

  @Test func onlyTheDifferenceIsCommanded() {
    let old = overrides([shelf(nil), shelf("a")])
    let new = overrides([shelf("a"), shelf("b")], suspendedBy: "bob")
    #expect(
      old.commands(to: new, for: id, at: now) == [
        .unshelve([id], register: nil, by: "the resource"),
        .shelve([id], register: "b", for: .seconds(1000), reason: "r", by: "anna"),
        .suspend([id], reason: "", by: "bob"),
      ])
    #expect(new.commands(to: new, for: id, at: now) == [])
    #expect(
      new.commands(to: overrides([shelf("a"), shelf("b")]), for: id, at: now) == [
        .resume([id], by: "the resource")
      ])
  }

  @Test func aShelfThatWasProlongedReplacesTheOldOne() {
    let commands = overrides([shelf("a")]).commands(
      to: overrides([shelf("a", until: 3_000_000)]), for: id, at: now)
    #expect(commands == [.shelve([id], register: "a", for: .seconds(2000), reason: "r", by: "anna")])
  }

  @Test func whatHasExpiredNeedsNoCommand() {
    #expect(overrides([shelf("a", until: 5)]).commands(to: overrides(), for: id, at: now) == [])
    #expect(overrides().commands(to: overrides([shelf("a", until: 5)]), for: id, at: now) == [])
  }
}
