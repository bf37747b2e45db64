import Control
import Fleet
import Journal
import Testing

@testable import LocalEngine

/// Keeps what the engine would put into the journal.
final class SpyTrail: AuditTrail {
  private(set) var states: [(device: DeviceID, status: DeviceStatus?, at: WallTime)] = []
  private(set) var commands: [(command: FleetCommand, refused: [String])] = []
  private(set) var holds: [Hold] = []
  private(set) var forgotten: [DeviceID] = []
  private(set) var carriedOver: [DeviceID: RestoredDevice] = [:]
  var left: [DeviceID: RestoredDevice] = [:]

  func intend(_ order: WriteOrder, revision: String, at time: WallTime, _ done: @escaping (String?) -> Void) {
    done(nil)
  }
  func settle(_ order: WriteOrder, _ input: Input, at time: WallTime) {}
  func note(_ transition: Transition, of spec: DeviceSpec, revision: String, at time: WallTime) {}
  func note(_ command: FleetCommand, refused reasons: [String], at time: WallTime) {
    commands.append((command, reasons))
  }
  func noteTakenUp(upTo sequence: Int64, at time: WallTime) {}
  func note(_ hold: Hold, by: String, at time: WallTime) { holds.append(hold) }
  func note(_ event: FleetEvent) {}
  func adopted(_ device: DeviceID, branch: String, commit: String, by: String, at time: WallTime) {}
  func note(_ counters: DeviceCounters, of device: DeviceID) {}
  func note(status: DeviceStatus?, of device: DeviceID, at time: WallTime) {
    states.append((device, status, time))
  }
  func sample(_ device: DeviceID, registers: [RegisterSpec], at time: WallTime, _ value: (Int) -> Double) {}
  func forgetSeries(of device: DeviceID) { forgotten.append(device) }
  func restored(_ device: DeviceID) -> RestoredDevice { left[device] ?? RestoredDevice() }
  func carryOver(_ standing: RestoredDevice, of device: DeviceID, at time: WallTime) {
    carriedOver[device] = standing
  }
  func adopt(_ restore: JournalRestore) {
    for entry in restore.overrides {
      if case .shelf(let id, let shelf) = entry { left[id, default: RestoredDevice()].shelves.append(shelf) }
    }
  }
  var wantsSamples: Bool { false }
  func close() {}
}

@Suite struct StateRecordTests {
  private let line1 = DeviceID(name: "line-1")

  /// Nobody looks: the states are in the timeline all the same, each with the time at which it began.
  @Test func statesAreRecordedWhenTheyBeginAndNotWhenSomebodyLooks() throws {
    let trail = SpyTrail()
    let engine = VirtualEngine(audit: trail)
    engine.desire(1) { $0.autoCorrect = false }
    engine.run(.seconds(15))
    #expect(trail.states.map(\.status) == [.pending, .inSync])
    engine.links.drift = 1
    engine.run(.seconds(10))
    engine.links.drift = 0
    engine.links.silence = 1
    engine.run(.seconds(60))
    engine.links.silence = 0
    engine.run(.seconds(120))
    let words = trail.states.compactMap(\.status)
    #expect(words == [.pending, .inSync, .drifted, .unreachable, .drifted])
    // Polls stand on a grid of ten seconds: the drift began with one, and not with a later look.
    let drift = try #require(trail.states.first { $0.status == .drifted }).at
    #expect(drift - VirtualEngine.epoch > .seconds(15) && drift - VirtualEngine.epoch <= .seconds(25))
    let history = engine.core.history(
      HistoryQuery(
        devices: [line1], from: VirtualEngine.epoch, to: VirtualEngine.epoch + .seconds(3600), maxPoints: 10))
    #expect(history.first?.states.map(\.at) == trail.states.map(\.at))
    // A snapshot adds nothing.
    let before = trail.states.count
    let view = try #require(engine.core.makeSnapshot().devices.first).view
    #expect(view.status == .drifted && trail.states.count == before)
  }

  @Test func aShelfThatEndsIsAStateOfItsOwnTime() {
    let trail = SpyTrail()
    let engine = VirtualEngine(audit: trail)
    engine.desire(1)
    engine.run(.seconds(15))
    _ = engine.core.submit(.shelve([line1], register: nil, for: .seconds(25), reason: "valve", by: "anna"))
    engine.run(.seconds(60))
    #expect(trail.states.map(\.status) == [.pending, .inSync, .shelved, .inSync])
    let times = trail.states.suffix(2).map { ($0.at - VirtualEngine.epoch).seconds }
    #expect(abs(times[0] - 15) < 0.1 && abs(times[1] - 40) < 0.1, "\(times)")
  }

  @Test func aReleasedDeviceIsUnknownAndAStoppedEngineReleasesNothing() {
    let trail = SpyTrail()
    let engine = VirtualEngine(audit: trail)
    engine.desire(2)
    engine.run(.seconds(15))
    engine.desire(1)
    #expect(trail.states.last?.device.name == "line-2" && trail.states.last?.status == nil)
    #expect(trail.forgotten == [DeviceID(name: "line-2")])
    engine.core.stop()
    let events = engine.core.makeSnapshot().events.filter { $0.reason == "Released" }
    #expect(events.map(\.device?.name) == ["line-2"])
  }

  /// A manifest that is taken out and put back: what operators said, and what was counted, still holds. Without a
  /// journal's help, which knows only what earlier processes left.
  @Test func aDeviceThatComesBackIsShelvedSuspendedAndCountedAsItWas() throws {
    let engine = VirtualEngine(audit: SpyTrail())
    engine.desire(3)
    engine.run(.seconds(15))
    engine.links.drift = 0.1
    engine.run(.seconds(600))
    engine.links.drift = 0
    engine.run(.seconds(60))
    let (line2, line3) = (DeviceID(name: "line-2"), DeviceID(name: "line-3"))
    _ = engine.core.submit(.shelve([line2], register: nil, for: .seconds(3600), reason: "valve", by: "anna"))
    _ = engine.core.submit(.suspend([line3], reason: "", by: "ben"))
    let before = engine.core.makeSnapshot().devices
    #expect(before.allSatisfy { $0.view.driftEvents > 0 && $0.view.corrections > 0 })
    engine.desire(1)
    engine.run(.seconds(15))
    engine.desire(3)
    engine.run(.seconds(30))
    let after = engine.core.makeSnapshot().devices
    #expect(after.map(\.view.status) == [.inSync, .shelved, .suspended])
    #expect(after.map(\.view.driftEvents) == before.map(\.view.driftEvents))
    #expect(after.map(\.view.corrections) == before.map(\.view.corrections))
    #expect(
      after.map { $0.view.registers.first?.budgetLeft } == before.map { $0.view.registers.first?.budgetLeft })
    let writes = engine.links.writes
    engine.links.drift = 0.5
    engine.run(.seconds(300))
    engine.links.drift = 0
    #expect(engine.links.writes > writes, "line-1 is corrected")
    let view = engine.core.makeSnapshot().devices.map(\.view)
    #expect(
      view[1].corrections == before[1].view.corrections && view[2].corrections == before[2].view.corrections)
  }

  /// Sampled values belong to names, not to places.
  @Test func renamedRegistersAreSampledUnderTheirNewNames() {
    let trail = SpyTrail()
    let engine = VirtualEngine(audit: trail)
    engine.desire(1)
    engine.desire(1) { $0.registers[0].desired = .integer(7) }
    #expect(trail.forgotten.isEmpty)
    engine.desire(1) { $0.registers[1].name = "pressure" }
    #expect(trail.forgotten == [line1])
  }

  @Test func aRefusedCommandIsRecordedAsRefusedAndChangesNothing() {
    let trail = SpyTrail()
    let engine = VirtualEngine(audit: trail)
    engine.desire(1)
    let nobody = DeviceID(name: "line-9")
    for command: FleetCommand in [
      .shelve([line1], register: nil, for: .seconds(60), reason: " ", by: "anna"),
      .shelve([line1], register: nil, for: .zero, reason: "valve", by: "anna"),
      .suspend([nobody], reason: "", by: "anna"), .sync(SyncScope(devices: [nobody]), by: "anna"),
    ] {
      guard case .refused(let reasons) = engine.core.submit(command) else {
        Issue.record("accepted: \(command)")
        continue
      }
      #expect(reasons.count == 1 && trail.commands.last?.refused == reasons, "\(reasons)")
    }
    _ = engine.core.submit(.hold(reason: "night", by: "anna"))
    guard case .refused(let reasons) = engine.core.submit(.hold(reason: "", by: "ben")) else {
      Issue.record("a second hold took the first one's name")
      return
    }
    #expect(reasons.first?.contains("anna") == true)
    // A reason may be told later; it is still anna's hold, also after a restart.
    _ = engine.core.submit(.hold(reason: "valve", by: "ben"))
    #expect(engine.core.gates.hold?.by == "anna" && engine.core.gates.hold?.reason == "valve")
    #expect(trail.holds.map(\.reason) == ["night", "valve"] && trail.holds.last?.by == "anna")
    // What is known of some devices is done for these.
    guard case .accepted = engine.core.submit(.suspend([line1, nobody], reason: "", by: "anna")) else {
      Issue.record("refused")
      return
    }
    #expect(trail.commands.last?.command.devices == [line1])
  }

  /// The journal comes back after a start without it: what it holds is in force before anything may be written.
  @Test func overridesThatAreFoundLateComeBeforeTheFirstWrite() {
    let trail = SpyTrail()
    let engine = VirtualEngine(audit: trail)
    engine.core.journalChanged(JournalHealth(problem: .diskFull(path: "/state")))
    engine.links.drift = 1
    engine.desire(2)
    engine.run(.seconds(30))
    engine.links.drift = 0
    #expect(engine.links.writes == 0)
    let now = engine.core.now().wall
    let shelf = Shelf(by: "anna", since: now, until: now + .seconds(3600), reason: "valve")
    engine.core.restoreLate(
      JournalRestore(overrides: [.shelf(line1, shelf), .hold(Hold(by: "ben", since: now, reason: "night"))]))
    engine.core.journalChanged(JournalHealth())
    engine.run(.seconds(60))
    #expect(engine.links.writes == 0)
    _ = engine.core.submit(.release(by: "ben"))
    engine.run(.seconds(60))
    #expect(engine.links.writes == 1, "line-2 only: line-1 is shelved")
  }

  /// A damaged journal was moved away: a restart must find in the new one what operators have said to this process.
  @Test func whatStandsIsCarriedOverIntoAnotherJournal() throws {
    let trail = SpyTrail()
    let engine = VirtualEngine(audit: trail)
    engine.core.journalChanged(JournalHealth(journal: "a"))
    engine.desire(3) { $0.autoCorrect = true }
    engine.run(.seconds(15))
    _ = engine.core.submit(.hold(reason: "night", by: "anna"))
    _ = engine.core.submit(.shelve([line1], register: nil, for: .seconds(3600), reason: "valve", by: "ben"))
    _ = engine.core.submit(.suspend([DeviceID(name: "line-3")], reason: "", by: "eve"))
    // It fails and comes back as it was: nothing to carry.
    engine.core.journalChanged(JournalHealth(problem: .diskFull(path: "/state"), journal: "a"))
    engine.core.journalChanged(JournalHealth(journal: "a"))
    #expect(trail.holds.count == 1 && trail.carriedOver.isEmpty)
    // A device whose manifest has gone is remembered as well.
    engine.desire(2)
    engine.core.journalChanged(JournalHealth(problem: .missing(path: "/state"), journal: "a"))
    engine.core.journalChanged(JournalHealth(journal: "b"))
    #expect(trail.holds.map(\.reason) == ["night", "night"] && trail.holds.last?.by == "anna")
    #expect(trail.carriedOver.keys.map(\.name).sorted() == ["line-1", "line-2", "line-3"])
    #expect(trail.carriedOver[line1]?.shelves.map(\.reason) == ["valve"])
    #expect(trail.carriedOver[DeviceID(name: "line-3")]?.suspendedBy == "eve")
    #expect(trail.carriedOver[line1]?.counters != nil)
  }
}
