import Control
import Dashboard
import Fleet
import Terminal
import Testing

/// What an operator sees, kept as readable files.
@Suite struct ScreenTests {
  @Test(arguments: [Size(200, 60), Size(120, 40), Size(100, 30), Size(80, 24), Size(60, 16), Size(40, 10)])
  func mainScreen(size: Size) throws {
    try expectGolden(Desk(size).frame(), "main-\(size.width)x\(size.height)")
  }

  @Test(arguments: [Size(120, 40), Size(80, 24), Size(60, 16)])
  func mainScreenInAscii(size: Size) throws {
    let frame = Desk(size, settings: Plant.settings(glyphs: .ascii)).frame()
    #expect(frame.isSevenBit)
    try expectGolden(frame, "ascii-main-\(size.width)x\(size.height)")
  }

  @Test func mainScreenOnTheConsole() throws {
    try expectGolden(
      Desk(Size(80, 24), settings: Plant.settings(glyphs: .console)).frame(), "console-main-80x24")
  }

  @Test func columnsOfOnesOwn() throws {
    var settings = Plant.settings()
    settings.columns = [.name, .state, .since, .actual, .desired, .address, .tags, .drifts]
    try expectGolden(Desk(Size(120, 40), settings: settings).frame(), "columns-120x40")
    try expectGolden(Desk(Size(60, 16), settings: settings).frame(), "columns-60x16")
  }

  @Test(arguments: 1...5) func zoomedPane(number: Int) throws {
    for size in [Size(120, 40), Size(80, 24), Size(60, 16)] {
      var desk = Desk(size)
      desk.press(.down, .down, .down)
      desk.type("\(number)")
      desk.press(.enter)
      try expectGolden(desk.frame(), "pane\(number)-\(size.width)x\(size.height)")
    }
  }

  @Test(arguments: [2, 3, 4, 5]) func lowerPaneBelowTheFleet(number: Int) throws {
    var desk = Desk(Size(80, 24))
    desk.press(.down, .down, .down)
    desk.type("\(number)")
    try expectGolden(desk.frame(), "stacked\(number)-80x24")
  }

  @Test func timelineWithCursorAndZoom() throws {
    var desk = Desk(Size(100, 30))
    desk.type("jjj++3")
    desk.press(.left, .left, .left, .left, .left, .left, .left, .left)
    try expectGolden(desk.frame(), "timeline-cursor-100x30")
    desk.type("-------")
    try expectGolden(desk.frame(), "timeline-7d-100x30")
  }

  /// Live columns of less than a few seconds move on several at a time, and what holds now reaches the edge.
  @Test func aTimelineOfAMinuteMovesOnInHops() throws {
    var desk = Desk(Size(100, 30))
    desk.type("jjj++++3")
    try expectGolden(desk.frame(), "timeline-1min-100x30")
    var moves = 0
    var last = desk.lines[17..<21].map { $0.prefix(54) }
    for _ in 0..<30 {
      desk.tick()
      desk.snapshot()
      let lanes = desk.lines[17..<21].map { $0.prefix(54) }
      if lanes != last { moves += 1 }
      last = lanes
      #expect(lanes[0].hasPrefix("│ conveyor-2") && lanes[0].hasSuffix("░ │"))
    }
    #expect(moves <= 10 && moves >= 8)
  }

  /// The picture of the last readings grows to the left, and is never squeezed.
  @Test func trendGrowsAsItFills() {
    var last = 0
    for count in 1...DeviceSnapshot.trendCapacity {
      let register = Plant.register("setpoint", 4001, desired: 2500)
      let device = Plant.device(
        "mill", [Plant.view(register, 2500)], trend: [Float](repeating: 2500, count: count))
      let row = Desk(Size(200, 60), devices: [device]).lines.first { $0.contains("● mill") } ?? ""
      let cells = row.unicodeScalars.count { (0x2801...0x28ff).contains($0.value) }
      #expect(cells >= last && cells > 0, "\(count) readings")
      last = cells
    }
    #expect(last == 8)
  }

  @Test func filterBeingTypedAndGroups() throws {
    var desk = Desk(Size(100, 30))
    desk.type("/abnormal !zone=b")
    try expectGolden(desk.frame(), "filter-100x30")
    desk.press(.escape)
    desk.type(":group zone")
    desk.press(.enter, .up, .up, .up, .up, .up, .up, .up, .up, .enter)
    try expectGolden(desk.frame(), "group-100x30")
    desk.press(.escape)
    desk.type("/no-such")
    desk.press(.enter)
    try expectGolden(desk.frame(), "filter-nothing-100x30")
  }

  @Test func statesBeforeAndBeyondTheUsual() throws {
    try expectGolden(Desk(Size(80, 24), connected: false).frame(), "connecting-80x24")
    try expectGolden(Desk(Size(80, 24), devices: []).frame(), "empty-80x24")

    var invalid = Desk(Size(100, 30))
    var source = Plant.source
    source.state = .invalid(
      revision: "main@sha1:99e8d7c6b5a4f3e2d1c0b9a8f7e6d5c4b3a29180",
      problems: [
        "lines/oven-1.yaml:12:7: spec.registers[0].value: 120 is above max 95",
        "lines/oven-1.yaml:19:3: spec.targetRegsiter: unknown field, did you mean targetRegister?",
      ])
    invalid.snapshot(source: source)
    try expectGolden(invalid.frame(), "source-invalid-100x30")
    invalid.type("!")
    try expectGolden(invalid.frame(), "source-problems-100x30")

    var observing = Desk(
      Size(100, 30),
      settings: Plant.settings(
        missing: [.sync: "observing: ben (pid 4321) controls these devices"], mode: .observe))
    observing.snapshot(
      mode: .observe, gates: FleetGates(mode: .observe),
      health: EngineHealth(pollsPerSecond: 2.4, connections: 11, controller: "ben (pid 4321) since 13:00"))
    observing.type("s")
    try expectGolden(observing.frame(), "observe-100x30")

    var silent = Desk(Size(100, 30))
    silent.type("p")
    silent.tick(12)
    try expectGolden(silent.frame(), "frozen-and-silent-100x30")

    var held = Desk(Size(80, 24))
    held.snapshot(gates: FleetGates(hold: Hold(by: "ben", since: Plant.ago(900), reason: "fire drill")))
    try expectGolden(held.frame(), "held-80x24")
  }
}

@Suite struct DialogScreenTests {
  @Test(arguments: [Size(120, 40), Size(80, 24), Size(60, 16)])
  func syncOfOne(size: Size) throws {
    var desk = Desk(size)
    desk.type("jjjs")
    try expectGolden(desk.frame(), "sync-refused-\(size.width)x\(size.height)")
    desk.type("f")
    try expectGolden(desk.frame(), "sync-forced-\(size.width)x\(size.height)")
  }

  @Test func syncInAscii() throws {
    var desk = Desk(Size(80, 24), settings: Plant.settings(glyphs: .ascii))
    desk.type("S")
    try expectGolden(desk.frame(), "ascii-sync-all-80x24")
  }

  @Test func syncProgressAndOutcome() throws {
    var desk = Desk(Size(100, 30))
    desk.type("Sy")
    try expectGolden(desk.frame(), "sync-accepted-100x30")
    guard case .submit(let token, .sync(let scope, _))? = desk.asked.last else {
      Issue.record("no sync was submitted")
      return
    }
    let result = SyncResult(
      register: 0, name: "speed", before: .real(1.35), after: .real(1.2),
      outcome: .failed("no answer within 1 s: uncertain, not repeated"))
    let lines = [
      Operation.Line(device: scope.devices[0], result: result),
      Operation.Line(
        device: DeviceID(name: "pump-3"),
        result: SyncResult(
          register: 0, name: "flow", before: .real(98), after: .real(120), outcome: .corrected)),
      Operation.Line(device: DeviceID(name: "oven-1"), result: nil),
    ]
    desk.snapshot(operations: [
      Operation(
        receipt: Receipt(id: token), title: "sync", by: "ada", startedAt: Plant.now, state: .running,
        lines: lines)
    ])
    try expectGolden(desk.frame(), "sync-progress-100x30")
  }

  @Test func syncOfManyAsksForTheirNumber() throws {
    var desk = Desk(Size(100, 30), devices: Fleets.drifted(14))
    desk.type("S1")
    try expectGolden(desk.frame(), "sync-typed-100x30")
  }

  @Test(arguments: [
    ("?", "help"), (":", "palette"), ("t", "themes"), ("jjjz", "shelve"), ("jjjd", "diff"), ("jjjA", "adopt"),
    ("H", "hold-reason"), ("jjjZ", "suspend"), ("jjjx", "acknowledge"),
  ])
  func dialog(keys: String, name: String) throws {
    for size in [Size(120, 40), Size(80, 24), Size(60, 16)] {
      var desk = Desk(size)
      desk.type(keys)
      try expectGolden(desk.frame(), "\(name)-\(size.width)x\(size.height)")
    }
  }

  @Test func release() throws {
    var desk = Desk(Size(80, 24))
    desk.snapshot(gates: FleetGates(hold: Hold(by: "ben", since: Plant.ago(900), reason: "fire drill")))
    desk.type("H")
    try expectGolden(desk.frame(), "release-80x24")
  }

  @Test func paletteCompletes() throws {
    var desk = Desk(Size(80, 24))
    desk.type(":sort ")
    desk.press(.down, .down)
    try expectGolden(desk.frame(), "palette-sort-80x24")
  }
}
