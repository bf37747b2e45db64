import Control
import Dashboard
import Fleet
import Terminal
import Testing

@Suite struct BehaviourTests {
  @Test func theCursorStaysOnItsDevice() {
    var desk = Desk()
    desk.type("jjj")
    #expect(desk.frame().text.contains("Git vs Reality"))
    // oven-1 becomes unreachable and moves up; the detail still shows it.
    desk.devices = Plant.devices.map {
      $0.id.name == "oven-1"
        ? Plant.device("oven-1", $0.view.registers, phase: .failed, status: .unreachable) : $0
    }
    desk.snapshot()
    desk.type("y")
    guard case .copy(let line)? = desk.asked.last else {
      Issue.record("nothing copied")
      return
    }
    #expect(line.hasPrefix("default/oven-1 zone1-setpoint desired=250.0 actual=240.0"))
  }

  @Test func freezeKeepsThePictureAndSaysSo() {
    var desk = Desk()
    desk.type("p")
    desk.devices = []
    desk.tick(3)
    desk.snapshot()
    let text = desk.frame().text
    #expect(text.contains("FROZEN for 3s"))
    #expect(text.contains("oven-1"))
    desk.type("p")
    #expect(desk.frame().text.contains("No devices"))
  }

  @Test func agesDoNotMoveWhileReadingsCome() {
    var desk = Desk(Size(200, 60))
    let before = desk.frame().text
    desk.tick(1)
    let after = desk.frame().text
    let changed = zip(before.unicodeScalars, after.unicodeScalars).filter { $0 != $1 }.count
    // The clock, and the ages of the two devices that are not read.
    #expect(changed <= 6, "\(changed) cells changed in a quiet second")
  }

  @Test func silenceOfTheEngineIsSaid() {
    var desk = Desk()
    desk.tick(5)
    #expect(!desk.frame().text.contains("No news"))
    desk.tick(1)
    #expect(desk.frame().text.contains("No news from the engine for 6s"))
    desk.snapshot()
    #expect(!desk.frame().text.contains("No news"))
    desk.send(.engineEnded(reason: "stopped"))
    #expect(desk.frame().text.contains("The engine has stopped"))
  }

  @Test func oneHistoryRequestAtATime() {
    var desk = Desk()
    desk.isSilent = true
    let before = desk.asked.count
    desk.type("jjjjjjjj")
    let requests = desk.asked.dropFirst(before).filter { if case .loadHistory = $0 { true } else { false } }
    #expect(requests.count <= 2, "one for the lanes, one for the series")
  }

  @Test func historyThatFailsIsNotAskedForForever() {
    var desk = Desk()
    desk.isSilent = true
    desk.type("-")
    for _ in 0..<20 {
      for case .loadHistory(let token, _) in desk.asked {
        desk.send(.historyFailed(token: token, reason: "busy"))
      }
    }
    let count = desk.asked.count
    desk.tick()
    desk.tick()
    #expect(desk.asked.count == count)
  }

  @Test func themesArePreviewedAndGivenBack() {
    var desk = Desk()
    desk.type("tj")
    #expect(desk.asked.last == .setTheme("midnight"))
    desk.press(.escape)
    #expect(desk.asked.last == .setTheme("plain"))
    desk.type(":theme mid")
    desk.press(.tab, .enter)
    #expect(desk.asked.last == .setTheme("midnight"))
  }

  @Test func marksAreActedOn() {
    var desk = Desk()
    desk.type("  r")
    #expect(
      desk.asked.last
        == .submit(token: desk.submitted, .refresh([DeviceID(name: "conveyor-2"), DeviceID(name: "oven-2")])))
    #expect(desk.frame().text.contains("2 marked"))
  }

  @Test func mouseChoosesAndScrolls() {
    var desk = Desk()
    desk.send(.mouse(MouseEvent(.press, .left, at: Point(10, 6))))
    desk.type("y")
    #expect(desk.asked.contains { if case .copy(let text) = $0 { text.contains("silo") } else { false } })
    desk.send(.mouse(MouseEvent(.wheelDown, .none, at: Point(10, 6))))
    desk.type("y")
    #expect(
      desk.asked.contains { if case .copy(let text) = $0 { text.contains("packer") } else { false } })
  }

  @Test func lettersAreTextWhereTextIsTyped() {
    var desk = Desk()
    desk.type("/HqsS")
    #expect(!desk.asked.contains(.quit))
    #expect(!desk.asked.contains { if case .submit = $0 { true } else { false } })
    #expect(desk.frame().text.contains("/HqsS"))
  }

  @Test func eventsStayUnderTheCursor() {
    var desk = Desk(Size(120, 40))
    desk.type("5jj")
    let more =
      Plant.events + [
        FleetEvent(
          sequence: 99, at: Plant.now, severity: .notice, device: nil, reason: "Held",
          message: "ben holds all writes")
      ]
    desk.snapshot(events: more)
    desk.type("y")
    guard case .copy(let line)? = desk.asked.last else {
      Issue.record("nothing copied")
      return
    }
    #expect(line.contains("DriftCorrected"))
    desk.type("/contested")
    #expect(desk.frame().text.contains("1 of 9"))
  }
}

/// 10,000 devices: the work of a key, counted in cells and rows rather than in time.
@Suite struct LargeFleetTests {
  @Test func tenThousandDevices() {
    var desk = Desk(Size(200, 60), devices: Fleets.large(10_000))
    let clock = ContinuousClock()
    var slowest = Duration.zero
    func timed(_ body: () -> Void) {
      let spent = clock.measure(body)
      slowest = max(slowest, spent)
    }
    for key in "jjjj/plc-0012".map({ Key.character($0) }) + [
      .enter, .escape, .end, .pageUp, .character("o"), .character("o"),
    ] {
      timed {
        desk.press(key)
        _ = desk.frame()
      }
    }
    desk.type(":group zone")
    desk.press(.enter)
    #expect(desk.frame().text.contains("2,500"))
    // Only what changed is looked at again.
    var devices = desk.devices
    devices[5000] = Fleets.device(3, turn: 1)
    desk.devices = devices
    timed { desk.snapshot() }
    print("10,000 devices: slowest key or snapshot to frame \(slowest)")
    // No limit on time here (this is a debug build on a busy machine); far off is a broken algorithm.
    #expect(slowest < .seconds(20))
  }
}
