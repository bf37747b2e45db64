import Control
import Fleet
import Terminal
import Testing

@testable import Dashboard

/// What the screen says is so, also when something changes under the operator's hands.
@Suite struct HonestyTests {
  private let conveyor = DeviceID(name: "conveyor-2")

  @Test func aDeviceThatLeftGitIsNotToldAsInSync() {
    var desk = Desk()
    desk.type("/conveyor-2")
    desk.press(.enter)
    desk.type("s")
    #expect(desk.frame().text.contains("Write 1 register on 1 device"))
    desk.devices.removeAll { $0.id == conveyor }
    desk.tick(2)
    desk.snapshot()
    let text = desk.frame().text
    #expect(text.contains("conveyor-2 is no longer in Git") && !text.contains("all is as Git says"))
    #expect(!text.contains("confirm twice"))
    desk.type("y")
    #expect(desk.writes.isEmpty)
  }

  @Test func whatIsNotKnownNowIsNoValue() throws {
    for status in [DeviceStatus.stale, .unreachable] {
      let spec = Plant.register("level", 100, desired: 50)
      let device = Plant.device("tank", [Plant.view(spec, 47.5, read: Plant.ago(40))], status: status)
      let line = FleetLine(device, Desk(devices: [device]).model)
      #expect(line.actual == "?" && line.delta.isEmpty && line.desired == "50.0")
      let text = Desk(devices: [device]).frame().text
      #expect(text.contains("was 47.5"))
    }
    var refused = Plant.view(Plant.register("level", 100, desired: 50), 47.5)
    refused.exception = 2
    let device = Plant.device("tank", [refused])
    #expect(FleetLine(device, Desk(devices: [device]).model).actual == "?")
  }

  /// A PLC that was never reached is not reached for the first time at each attempt.
  @Test func anotherAttemptBeginsNothingNew() {
    let spec = Plant.register("level", 100, desired: 50)
    func device(since: Int?, tried: Int) -> DeviceSnapshot {
      let known = Plant.device(
        "tank", [Plant.view(spec, nil)], phase: .failed, status: .unreachable, lastRead: nil,
        error: "no answer",
        failures: 3)
      var view = known.view
      view.lastTransition = Plant.ago(tried)
      return DeviceSnapshot(spec: known.spec, view: view, since: since.map(Plant.ago))
    }
    let dead = device(since: 540, tried: 5)
    #expect(dead.troubleSince == Plant.ago(540))
    #expect(FleetLine(dead, Desk(devices: [dead]).model).since == "9m")
    #expect(Desk(devices: [dead]).frame().text.contains("unreachable 9m"))
    #expect(device(since: nil, tried: 5).troubleSince == Plant.ago(5))
    #expect(SortOrder.changed.key(dead) > SortOrder.changed.key(device(since: 300, tried: 400)))
  }

  @Test func hintsAreKeysThatWork() {
    var desk = Desk()
    desk.type("z")
    let hints = desk.lines.last { !$0.isEmpty } ?? ""
    #expect(hints.contains("F9 hold") && !hints.contains("H hold"))
    desk.press(.function(9))
    #expect(desk.asked.contains { if case .submit(_, .hold) = $0 { true } else { false } })
    #expect(desk.frame().text.contains("Shelve conveyor-2"), "what is being typed is not disturbed")

    var attached = Desk(settings: Plant.settings(missing: [.hold: "read-only"]))
    attached.type("/")
    attached.press(.function(9))
    #expect(!attached.asked.contains { if case .submit = $0 { true } else { false } })
  }

  @Test func theCommandLineKnowsCommandsWithWordsOfOnesOwn() {
    for (line, says) in [
      (":hold shift change", "hold [reason]"), (":suspend pump swap", "suspend [reason]"),
      (":filter zone=d", "filter [terms]"),
    ] {
      var desk = Desk()
      desk.type(line)
      let text = desk.frame().text
      #expect(text.contains(says) && !text.contains("no such command"), "\(line)")
    }
    var desk = Desk()
    desk.type(":group bogus")
    desk.press(.enter)
    #expect(desk.frame().text.contains("no device has a label bogus"))
    #expect(desk.model.index.grouping == .none)
    desk.type(":frobnicate now")
    #expect(desk.frame().text.contains("no such command"))
  }

  @Test func whatIsNoNumberIsNotADifferenceOfNothing() {
    let format = ValueFormat(decimals: 3)
    for strange in [Double.nan, .infinity, -.infinity] {
      #expect(format.delta(from: .real(0.125), to: .real(strange)) == nil)
    }
    let spec = Plant.register("ratio", 100, desired: 0.125)
    let strange = Plant.device("strange", [Plant.view(spec, .nan)], status: .drifted)
    let far = Plant.device("far", [Plant.view(spec, 6000)], status: .drifted)
    #expect(FleetLine(strange, Desk(devices: [strange]).model).delta == "differs")
    #expect(SortOrder.delta.key(strange) < SortOrder.delta.key(far))
  }

  @Test func aListOfEventsThatStandsStillSaysSo() {
    var desk = Desk()
    desk.type("5jj")
    #expect(desk.frame().text.contains("2 newer: Esc"))
    desk.press(.escape)
    #expect(desk.frame().text.contains("newest first"))
    #expect(desk.model.focus == .events, "one step at a time")
  }

  @Test func whatIsLetLooseIsListed() {
    let spec = Plant.register("level", 100, desired: 50)
    func device(_ name: String, _ refusals: [Refusal]) -> DeviceSnapshot {
      Plant.device(name, [Plant.view(spec, 47.5, refusals: refusals)], status: .suspended, suspendedBy: "ada")
    }
    let free = device("free", [.suspended(by: "ada")])
    let byHand = device("by-hand", [.autoCorrectOff, .suspended(by: "ada")])
    for (device, says) in [(free, "free  level  47.5 → 50.0 °C"), (byHand, "Nothing would be written now.")] {
      var desk = Desk(devices: [device])
      desk.type("Z")
      #expect(desk.frame().text.contains(says))
    }
    let hold = Hold(by: "ben", since: Plant.ago(60), reason: "drill")
    let many = (10..<24).map { number in
      Plant.device("tank-\(number)", [Plant.view(spec, 47.5, refusals: [.held(hold)])], status: .drifted)
    }
    var desk = Desk(devices: many)
    desk.snapshot(gates: FleetGates(hold: hold))
    desk.type("H")
    let text = desk.frame().text
    #expect(
      text.contains("14 registers would be written now:") && text.contains("tank-10  level  47.5 → 50.0"))
    #expect(text.contains("and 5 more"))
  }

  @Test func everySpanIsInTheTitle() {
    var desk = Desk()
    for span in ["1h", "6h", "7d", "30min"] {
      desk.type(":zoom \(span)")
      desk.press(.enter)
      let name = TimelineState.spans.first { $0.name.filter { $0 != " " } == span }?.name ?? "?"
      #expect(desk.lines.contains { $0.contains("Drift timeline") && $0.contains(" \(name) ") }, "\(span)")
    }
  }

  @Test func aSmallScreenSaysWhenItOnlyLooks() {
    var desk = Desk(Size(60, 16))
    #expect(!desk.lines[0].contains("OBSERVE"))
    desk.snapshot(mode: .observe)
    #expect(desk.lines[0].contains("OBSERVE") && desk.lines[0].contains("1"))
  }

  @Test func mistakesInTheSettingsAreListed() {
    var settings = Plant.settings()
    settings.mistakes = ["dashboard.yaml:2:7: sort: worse is none of …"]
    var desk = Desk(settings: settings)
    desk.type("!")
    let text = desk.frame().text
    #expect(text.contains("In your settings:") && text.contains("dashboard.yaml:2:7"))
  }

  @Test func whySomebodySuspendedADeviceIsSaidAtTheDevice() {
    func event(_ sequence: UInt64, _ reason: String, _ message: String) -> FleetEvent {
      FleetEvent(
        sequence: sequence, at: Plant.ago(600), severity: .notice, device: DeviceID(name: "packer"),
        reason: reason,
        message: message)
    }
    var desk = Desk(devices: Plant.devices.filter { $0.id.name == "packer" })
    let suspended = event(1, "SuspendReason", "Suspended by ada: belt swap")
    desk.snapshot(events: [suspended])
    #expect(desk.frame().text.contains("why      Suspended by ada: belt swap"))
    desk.snapshot(events: [suspended, event(2, "Resumed", "Resumed by ada")])
    #expect(!desk.lines.contains { $0.contains("why ") })
  }
}
