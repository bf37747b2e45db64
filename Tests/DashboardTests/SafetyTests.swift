import Control
import Dashboard
import Fleet
import Terminal
import Testing

/// Nothing that lets a PLC be written to leaves the dashboard without a confirmation.
@Suite struct SafetyTests {
  private func opened(_ devices: [DeviceSnapshot] = Fleets.drifted(1), keys: String = "s") -> Desk {
    var desk = Desk(devices: devices)
    desk.type(keys)
    return desk
  }

  @Test func cancelIsTheDefault() {
    for key: Key in [.enter, .escape, .character("n")] {
      var desk = opened()
      desk.press(key)
      desk.press(.character("y"))
      #expect(desk.writes.isEmpty, "after \(key.label)")
    }
  }

  @Test func yAndTheConfirmButtonConfirm() {
    for keys: [Key] in [[.character("y")], [.tab, .enter], [.right, .enter], [.tab, .tab, .tab, .enter]] {
      var desk = opened()
      for key in keys { desk.press(key) }
      #expect(
        desk.writes == [
          .sync(SyncScope(devices: [DeviceID(name: "plc-00000")], registers: ["setpoint"]), by: "ada")
        ])
    }
  }

  @Test func onlyWhatWasReadIsAskedFor() {
    var desk = Desk()
    desk.type("Sy")
    guard case .sync(let scope, _)? = desk.writes.first else {
      Issue.record("no sync")
      return
    }
    // oven-1 waits for its window and oven-2 is contested: they were listed as refused.
    #expect(scope.devices.map(\.name) == ["conveyor-2", "pump-3"])
    #expect(scope.force == false)
  }

  @Test func aChangedPlanMustBeReadAgain() {
    var desk = opened()
    var devices = desk.devices
    let spec = Plant.register("setpoint", 4001, desired: 2600, scale: 1)
    devices[0] = Plant.device("plc-00000", [Plant.view(spec, 2400)], phase: .driftDetected, status: .drifted)
    desk.press(.tab)
    desk.devices = devices
    desk.tick(2)
    desk.snapshot()
    #expect(desk.frame().text.contains("The plan has changed"))
    desk.press(.enter)
    #expect(desk.writes.isEmpty, "the focus is back on Cancel")

    var again = opened()
    again.devices = devices
    again.tick(2)
    again.press(.character("y"))
    #expect(again.writes.isEmpty)
    again.press(.character("y"))
    #expect(again.writes.count == 1)
  }

  @Test func aNoisyActualValueIsNoChangedPlan() {
    var desk = opened()
    let spec = Plant.register("setpoint", 4001, desired: 2500, scale: 1)
    desk.devices = [
      Plant.device("plc-00000", [Plant.view(spec, 2401)], phase: .driftDetected, status: .drifted)
    ]
    desk.tick(2)
    #expect(desk.frame().text.contains("2401"))
    desk.press(.character("y"))
    #expect(desk.writes.count == 1)
  }

  @Test func manyDevicesNeedTheirNumberTyped() {
    var desk = opened(Fleets.drifted(14), keys: "S")
    desk.type("y")
    #expect(desk.writes.isEmpty)
    desk.type("15y")
    #expect(desk.writes.isEmpty)
    desk.press(.backspace)
    desk.type("4y")
    #expect(desk.writes.count == 1)
  }

  @Test func forceIsPlannedAgainBeforeItCounts() {
    var desk = Desk()
    desk.type("jjjs")
    desk.isSilent = true
    desk.type("fy")
    #expect(desk.writes.isEmpty, "the forced plan has not been read")
    desk.isSilent = false
    guard case .plan(let token, let scope)? = desk.asked.last else {
      Issue.record("no plan was asked for")
      return
    }
    #expect(scope.force)
    desk.send(.planned(token: token, Plant.plan(scope)))
    desk.type("y")
    #expect(desk.writes.isEmpty, "the plan changed: it is read again first")
    desk.type("y")
    #expect(
      desk.writes == [
        .sync(
          SyncScope(devices: [DeviceID(name: "oven-1")], registers: ["zone1-setpoint"], force: true),
          by: "ada")
      ])
  }

  @Test func holdIsAtOnceAndReleaseIsAsked() {
    var desk = Desk()
    desk.type("H")
    #expect(desk.asked.contains { if case .submit(_, .hold) = $0 { true } else { false } })
    desk.snapshot(gates: FleetGates(hold: Hold(by: "ada", since: Plant.now, reason: "")))
    desk.type("HH")
    desk.press(.enter)
    #expect(desk.writes.isEmpty)
    desk.type("Hy")
    #expect(desk.writes == [.release(by: "ada")])
  }

  @Test func nothingIsConfirmedUnseen() {
    var desk = opened()
    desk.send(.resize(Size(59, 16)))
    desk.type("y")
    #expect(desk.writes.isEmpty)
    desk.send(.resize(Size(60, 16)))
    desk.type("y")
    #expect(desk.writes.count == 1)

    var held = Desk(Size(20, 5))
    held.type("H")
    #expect(held.asked.contains { if case .submit(_, .hold) = $0 { true } else { false } })
    held.snapshot(gates: FleetGates(hold: Hold(by: "ada", since: Plant.now, reason: "")))
    held.type("Hy")
    #expect(held.writes.isEmpty)
  }

  @Test func holdWorksInTheMiddleOfASync() {
    var desk = opened()
    desk.type("H")
    #expect(desk.asked.contains { if case .submit(_, .hold) = $0 { true } else { false } })
    desk.snapshot(gates: FleetGates(hold: Hold(by: "ada", since: Plant.now, reason: "")))
    desk.type("y")
    #expect(desk.writes.isEmpty)
  }

  @Test func disabledKeysSayWhy() {
    var observing = Desk(settings: Plant.settings(missing: [.sync: "observing only"]))
    observing.type("s")
    #expect(observing.frame().text.contains("s: observing only"))
    observing.type(":sync")
    observing.press(.enter)
    #expect(observing.frame().text.contains("observing only"))
    #expect(!observing.asked.contains { if case .plan = $0 { true } else { false } })

    var held = Desk()
    held.snapshot(gates: FleetGates(hold: Hold(by: "ben", since: Plant.ago(60), reason: "drill")))
    held.type("s")
    #expect(held.frame().text.contains("all writes are held by ben"))

    var following = Desk()
    following.snapshot(gates: FleetGates(leadershipUntil: nil, leader: "plc-7d9f"))
    following.type("S")
    #expect(following.frame().text.contains("plc-7d9f"))
  }

  @Test func whatLetsWritesHappenAgainIsAsked() {
    for command in [":resume", ":retry", ":unshelve"] {
      var desk = Desk()
      let device = [":resume": "packer", ":retry": "oven-2", ":unshelve": "pump-3"][command] ?? ""
      desk.type("/\(device)")
      desk.press(.enter)
      desk.type(command)
      desk.press(.enter)
      #expect(desk.writes.isEmpty)
      desk.press(.enter)
      #expect(desk.writes.isEmpty, "Enter is Cancel")
      desk.type(command)
      desk.press(.enter)
      desk.type("y")
      #expect(desk.writes.count == 1, "\(command)")
    }
  }

  @Test func shelvingNeedsADurationAndAReason() {
    var desk = Desk()
    desk.type("z")
    desk.press(.enter, .enter, .enter)
    #expect(desk.frame().text.contains("needs a reason"))
    desk.type("sensor fault")
    desk.press(.enter, .enter)
    #expect(
      desk.asked.contains(
        .submit(
          token: desk.submitted,
          .shelve(
            [DeviceID(name: "conveyor-2")], register: nil, for: .seconds(3600), reason: "sensor fault",
            by: "ada"))))
  }

  /// The hold is in force before anybody is asked why.
  @Test func holdIsAtOnceAndItsReasonIsAskedForAfterwards() {
    var desk = Desk()
    desk.type("H")
    #expect(desk.asked.contains(.submit(token: desk.submitted, .hold(reason: "", by: "ada"))))
    desk.snapshot(gates: FleetGates(hold: Hold(by: "ada", since: Plant.now, reason: "")))
    desk.type("fire drill")
    desk.press(.enter)
    #expect(desk.asked.contains(.submit(token: desk.submitted, .hold(reason: "fire drill", by: "ada"))))

    var silent = Desk()
    silent.type("H")
    silent.press(.escape)
    #expect(silent.asked.filter { if case .submit = $0 { true } else { false } }.count == 1)
  }

  @Test func suspendingNeedsAReasonAndAcknowledgingMayHaveOne() {
    var desk = Desk()
    let oven = [DeviceID(name: "oven-1")]
    desk.type("jjjZ")
    desk.press(.enter)
    #expect(desk.frame().text.contains("needs a reason"))
    desk.type("burner out")
    desk.press(.enter)
    #expect(
      desk.asked.contains(
        .submit(token: desk.submitted, .suspend(oven, reason: "burner out", by: "ada"))))
    desk.type("x")
    desk.press(.enter)
    #expect(desk.asked.contains(.submit(token: desk.submitted, .acknowledge(oven, reason: "", by: "ada"))))

    // What is suspended already is asked to be resumed, with Cancel as default.
    var suspended = Desk()
    suspended.type("/packer")
    suspended.press(.enter)
    suspended.type("Z")
    suspended.press(.enter)
    #expect(suspended.writes.isEmpty)
    suspended.type("Zy")
    #expect(suspended.writes == [.resume([DeviceID(name: "packer")], by: "ada")])
  }

  @Test func adoptNeedsAReason() {
    var desk = Desk()
    desk.type("jjjA")
    desk.press(.enter)
    #expect(desk.adoptions.isEmpty)
    #expect(desk.frame().text.contains("a commit needs a reason"))
    desk.press(.escape)
    #expect(!desk.frame().text.contains("Reason") && desk.adoptions.isEmpty)
    desk.type("Anew recipe for spelt")
    desk.press(.enter)
    guard case .adopt(_, let id, let registers, let reason, let by)? = desk.adoptions.first else {
      Issue.record("not asked for")
      return
    }
    #expect(id.name == "oven-1" && registers == ["zone1-setpoint"] && by == "ada")
    #expect(reason == "new recipe for spelt")
    #expect(desk.frame().text.contains("adopt/oven-1"))
  }

  @Test func oneCommitIsMadeAtATime() {
    var desk = Desk()
    desk.isSilent = true
    desk.type("jjjAbecause")
    desk.press(.enter)
    for _ in 0..<50 {
      desk.type("Aagain")
      desk.press(.enter, .escape, .escape)
    }
    guard case .adopt(let token, _, _, _, _)? = desk.adoptions.first else {
      Issue.record("not asked for")
      return
    }
    #expect(desk.adoptions.count == 1)
    desk.type("A")
    #expect(desk.frame().text.contains("A: a commit is being made: one moment"))
    desk.send(.adopted(token: token, .refused("the repository is read-only")))
    #expect(desk.frame().text.contains("the repository is read-only"))
    desk.type("A")
    #expect(desk.frame().text.contains("Reason"))
  }
}

extension Desk {
  var adoptions: [Command] { asked.filter { if case .adopt = $0 { true } else { false } } }

  /// Token of the last submitted command; 0 when there is none.
  var submitted: UInt64 {
    asked.reversed().compactMap { if case .submit(let token, _) = $0 { token } else { nil } }.first ?? 0
  }
}
