import Control
import Fleet
import Terminal
import Testing

@testable import Dashboard

/// Events that are longer than their line.
@Suite struct EventsPaneTests {
  private static let revision = "main@sha1:4f1c02a9d3e84b7715fd0c2b6a9be1f0c7d2a311"
  private static let long =
    "zone1-setpoint was put back 3 times, 0.8 s after each write by the recipe controller at 192.168.10.7, as far as "
    + "can be seen from here: writing stopped, retried at 15:06:33"

  private var events: [FleetEvent] {
    let others = (1...30).map { number in
      FleetEvent(
        sequence: UInt64(number), at: Plant.ago(4000 - number), severity: .notice,
        device: DeviceID(name: "oven-1"), reason: "DriftCorrected", message: "Corrected number \(number)")
    }
    let applied = FleetEvent(
      sequence: 31, at: Plant.ago(60), severity: .notice, device: nil, reason: "RevisionApplied",
      message: "Now holding the fleet to \(Self.revision), by Ada Lovelace, who raised zone 1 of oven 1")
    let contested = FleetEvent(
      sequence: 32, at: Plant.ago(30), severity: .alarm, device: DeviceID(name: "annealing-oven-number-2"),
      reason: "Contested", message: Self.long)
    return others + [applied, contested]
  }

  private func desk(_ size: Size, _ glyphs: GlyphSet = .unicode) -> Desk {
    var desk = Desk(size, settings: Plant.settings(glyphs: glyphs))
    desk.snapshot(events: events)
    desk.type("5")
    return desk
  }

  /// The words of the rows that the cursor is on, without what stands before the message.
  private func whole(_ desk: Desk) -> String {
    desk.lines.filter { $0.contains("▎") }.joined(separator: " ").split { " │┃▎".contains($0) }
      .joined(separator: " ")
  }

  @Test(arguments: [Size(60, 16), Size(80, 24), Size(100, 30), Size(120, 40)])
  func theZoomedPaneShowsTheEventWhole(size: Size) throws {
    var desk = desk(size)
    #expect(!whole(desk).contains("retried at 15:06:33"))
    desk.press(.enter)
    for word in Self.long.split(separator: " ").map(String.init) + ["annealing-oven-number-2", "Contested"] {
      #expect(whole(desk).contains(word), "\(word)")
    }
    try expectGolden(desk.frame(), "event-whole-\(size.width)x\(size.height)")
    // The others stay one line.
    desk.press(.down)
    #expect(whole(desk).contains("raised zone 1 of oven 1"))
    #expect(desk.lines.filter { $0.contains("put back") }.count == 1)
    desk.press(.enter)
    #expect(desk.lines.filter { $0.contains("▎") && $0.contains("Now holding") }.count == 1)
  }

  @Test func revisionsAreShortButCopiedWhole() {
    var desk = desk(Size(120, 40))
    desk.press(.down)
    #expect(desk.frame().text.contains("Now holding the fleet to main@4f1c02a, by Ada"))
    #expect(!desk.frame().text.contains("sha1:"))
    desk.type("y")
    guard case .copy(let line)? = desk.asked.last else {
      Issue.record("nothing copied")
      return
    }
    #expect(line.contains(Self.revision))
    #expect(RevisionText.shortened("a@b, x@sha1:1234567 and @") == "a@b, x@sha1:1234567 and @")
    #expect(
      RevisionText.shortened("\(Self.revision)/\(Self.revision)") == "main@4f1c02a/main@4f1c02a")
  }

  /// Whichever way the cursor goes, all lines of its event are on the screen.
  @Test func theEventUnderTheCursorIsNeverCutOff() {
    var desk = desk(Size(60, 16))
    desk.press(.enter)
    for key in Array(repeating: Key.down, count: 33) + Array(repeating: .up, count: 33) + [.end, .home] {
      desk.press(key)
      let window = desk.model.eventsWindow(desk.model.layout)
      let height = desk.model.inside(.events, desk.model.layout)?.height ?? 0
      #expect(window.top <= window.cursor && window.cursor - window.top + window.extra < height)
      #expect(desk.lines.filter { $0.contains("▎") }.count == window.extra + 1)
    }
  }

  @Test func clicksFindTheEventBelowAWrappedOne() {
    var desk = desk(Size(80, 24))
    desk.press(.enter)
    let row = desk.lines.firstIndex { $0.contains("Corrected number 29") } ?? 0
    desk.send(.mouse(MouseEvent(.press, .left, at: Point(20, row))))
    #expect(whole(desk).contains("Corrected number 29"))
  }

  /// In a narrow pane the reason is left out where the message would have no room; `Enter` is in the help.
  @Test func theReasonGivesWay() {
    #expect(!desk(Size(80, 24)).lines.contains { $0.contains("Contested") && $0.contains("annealing") })
    #expect(desk(Size(120, 40)).lines.contains { $0.contains("Contested") && $0.contains("annealing") })
    #expect(
      Desk().model.helpLines([.events, .panes]).contains { $0.text.contains("the event is shown whole") })
  }
}
