import Control
import Fleet
import Terminal
import Testing

@testable import Dashboard

@Suite struct FilterTests {
  private func names(_ filter: String, marked: Set<DeviceID> = []) -> [String] {
    let filter = Filter(filter)
    return Plant.devices.filter { filter.passes($0, isMarked: marked.contains) }.map(\.id.name)
  }

  @Test func statusWords() {
    #expect(names("drift") == ["oven-1", "oven-2"])
    #expect(names("unreachable") == ["conveyor-2"])
    #expect(names("stale") == ["silo"])
    #expect(names("contested") == ["oven-2"])
    #expect(names("abnormal").count == 4)
    #expect(names("shelved !pump").isEmpty)
  }

  @Test func tagsLabelsNamesAndNegation() {
    #expect(names("tag:crit") == ["oven-1"])
    #expect(names("zone=b") == ["conveyor-1", "conveyor-2", "mixer"])
    #expect(names("!zone=b zone=") == names("!zone=b"))
    #expect(names("oven !drift").isEmpty)
    #expect(names("!oven").count == 10)
    #expect(names("reg:zone2") == ["oven-1"])
    #expect(names("default/oven-1") == ["oven-1"])
    #expect(names("marked", marked: [DeviceID(name: "silo")]) == ["silo"])
    #expect(names("!").count == 12)
  }

  @Test func patterns() {
    #expect(names("^oven-[12]$") == ["oven-1", "oven-2"])
    #expect(names("OVEN") == ["oven-1", "oven-2"])
    #expect(names("(pump|press).*") == ["press-line", "pump-3"])
    #expect(names("conveyor-.") == ["conveyor-1", "conveyor-2"])
    #expect(names("o+ven") == ["oven-1", "oven-2"])
    #expect(names("[^a-z]1$") == ["conveyor-1", "oven-1"])
    // What is no expression is searched for as it stands.
    #expect(names("(oven").isEmpty)
    #expect(Pattern("a(").matches("xa(y"))
    #expect(Pattern("").matches("x"))
    #expect(Pattern("^$").matches("") && !Pattern("^$").matches("x"))
    #expect(Pattern("x*").matches("yyy"))
    #expect(Pattern(String(repeating: "a?", count: 80)).matches("b") == false)
  }

  @Test func patternsTakeLinearTime() {
    // Catastrophic for a backtracking matcher; here a few microseconds.
    #expect(!Pattern("(a*)*(a*)*b$").matches(String(repeating: "a", count: 5000)))
  }
}

extension FleetIndex {
  fileprivate mutating func show(_ devices: [DeviceSnapshot], _ rereads: [Reread] = []) {
    var snapshot = Plant.snapshot(devices)
    snapshot.rereads = rereads
    show(snapshot)
  }
}

@Suite struct FleetIndexTests {
  private func shown(_ index: FleetIndex) -> [String] { index.order.map { index.devices[Int($0)].id.name } }

  @Test func worstFirstThenByName() {
    var index = FleetIndex()
    index.show(Plant.devices)
    #expect(shown(index).prefix(5) == ["conveyor-2", "oven-2", "silo", "oven-1", "pump-3"])
    index.setSort(.drifts)
    #expect(shown(index).prefix(2) == ["oven-2", "oven-1"])
    index.setSort(.name)
    #expect(shown(index) == Plant.devices.map(\.id.name))
    index.setSort(.age)
    #expect(shown(index).prefix(3) == ["torch", "conveyor-2", "silo"])
  }

  /// However it got there, the index shows what one made afresh would show.
  @Test(arguments: [11, 12, 13, 14] as [UInt64]) func incrementalIsTheSameAsAfresh(seed: UInt64) {
    print("index seed \(seed)")
    var dice = Dice(seed)
    var index = FleetIndex()
    var devices = Fleets.large(60)
    var rereads: [Reread] = []
    index.show(devices)
    var filter = ""
    var sort = SortOrder.worst
    var grouping = Grouping.none
    for step in 0..<200 {
      switch Int.random(in: 0..<10, using: &dice) {
      case 8, 9:
        rereads = devices.map { device in
          let times = Int32.random(in: 0...3, using: &dice)
          let later = TimeSpan.milliseconds(Int.random(in: 1...9000, using: &dice))
          return device.view.lastRead.map { Reread(times: times, at: $0 + later) } ?? .none
        }
        index.show(devices, rereads)
      case 0:
        filter =
          ["", "drift", "zone=a", "!insync", "plc-0000", "stale zone=b"].randomElement(using: &dice) ?? ""
        index.setFilter(Filter(filter))
      case 1:
        sort = SortOrder.allCases.randomElement(using: &dice) ?? .worst
        index.setSort(sort)
      case 2:
        grouping = [.none, .label("zone"), .tag, .status].randomElement(using: &dice) ?? .none
        index.setGrouping(grouping)
      case 3:
        devices.removeAll { _ in Int.random(in: 0..<15, using: &dice) == 0 }
        rereads = []
        index.show(devices)
      case 4:
        devices = Fleets.large(Int.random(in: 0...70, using: &dice), turn: step)
        rereads = []
        index.show(devices)
      default:
        for number in devices.indices where Int.random(in: 0..<9, using: &dice) == 0 {
          let replaced = Fleets.device(Int.random(in: 0..<400, using: &dice), turn: step)
          devices[number] = Plant.device(
            devices[number].id.name, replaced.view.registers, phase: replaced.view.phase,
            status: replaced.view.status,
            zone: replaced.spec.labels[0].value, tags: replaced.spec.tags)
          if !rereads.isEmpty { rereads[number] = .none }
        }
        index.show(devices, rereads)
      }
      var fresh = FleetIndex()
      fresh.setSort(sort)
      fresh.setFilter(Filter(filter))
      fresh.setGrouping(grouping)
      var whole = Plant.snapshot(devices)
      whole.rereads = rereads
      fresh.show(whole.complete)
      #expect(shown(index) == shown(fresh), "seed \(seed) step \(step)")
      #expect(index.rows == fresh.rows, "seed \(seed) step \(step)")
    }
  }

  @Test func groupsCountAndFold() {
    var index = FleetIndex()
    index.show(Plant.devices)
    index.setGrouping(.label("zone"))
    #expect(index.groups.map(\.name) == ["b", "a", "c"])
    #expect(index.groups.map(\.total) == [3, 3, 6])
    #expect(index.groups.map(\.abnormal) == [1, 2, 1])
    #expect(index.rows.count == 15)
    index.toggle(group: 0)
    #expect(index.rows.count == 12)
  }
}

@Suite struct TextTests {
  @Test func numbersKeepTheirDecimals() {
    let scaled = ValueFormat(Plant.register("x", 1, desired: 2500, scale: 0.1))
    #expect(scaled.text(.real(2400)) == "2400.0")
    #expect(scaled.delta(from: .real(2500), to: .real(2400)) == "-100.0")
    #expect(scaled.delta(from: .real(2500), to: .real(2500.04)) == "0.0")
    #expect(ValueFormat(decimals: 2).text(.real(-0.001)) == "0.00")
    #expect(ValueFormat(decimals: 0).text(.integer(.min)) == "-9223372036854775808")
    #expect(ValueFormat(decimals: 0).delta(from: .integer(.min), to: .integer(.max)) != nil)
    #expect(ValueFormat(decimals: 1).text(.real(.nan)) == "NaN")
    #expect(ValueFormat.grouped(1_234_567) == "1,234,567")
    #expect(ValueFormat.places(of: 0.025) == 3)
  }

  @Test func timesAreLocalAndShort() {
    let time = TimeText(now: Plant.now, utcOffset: { _ in 3600 })
    #expect(time.clock(Plant.now) == "15:02:33")
    #expect(time.moment(Plant.ago(40 * 86_400)) == "2025-12-06 15:02")
    #expect(time.moment(Plant.ago(86_400)) == "14 Jan 15:02")
    #expect(time.age(Plant.ago(59)) == "59s")
    #expect(time.age(Plant.ago(3600 * 30)) == "1d")
    #expect(time.age(Plant.now + .seconds(5)) == "0s")
  }

  @Test func durations() {
    #expect(ShelveForm.span("1h30m") == .seconds(5400))
    #expect(ShelveForm.span("45") == .seconds(2700))
    #expect(ShelveForm.span("2d") == .seconds(172_800))
    for wrong in ["", "0", "x", "1w", "31d", "99999999d", "-1h"] {
      #expect(ShelveForm.span(wrong) == nil, "\(wrong)")
    }
  }

  @Test func fieldsEditByLines() {
    var field = TextField("one two")
    _ = field.edit(.control("w"))
    #expect(field.text == "one ")
    _ = field.edit(.home)
    _ = field.edit(.character("x"))
    _ = field.edit(.delete)
    #expect(field.text == "xne ")
    field.insert("a\nb")
    #expect(field.text == "xa bne ")
  }
}

@Suite struct TimelineTests {
  @Test func columnsStandStillWithinAStep() {
    let state = TimelineState()
    let first = state.window(columns: 60, now: WallTime(milliseconds: 1_000_000))
    let second = state.window(columns: 60, now: WallTime(milliseconds: 1_001_999))
    #expect(first.step == 15_000)
    #expect(first == second || second.right.milliseconds - first.right.milliseconds == first.step)
    #expect(first.column(of: WallTime(milliseconds: 1_000_000)) == 59)
    #expect(first.column(of: first.left) == 0)
    #expect(first.column(of: first.right) == nil)
  }

  /// Columns of a second move on three at a time, and one at a time while one of them is read out.
  @Test func shortColumnsMoveOnSeveralAtATime() {
    var state = TimelineState()
    state.setZoom(0)
    func right(_ second: Int64) -> Int64 {
      state.window(columns: 60, now: WallTime(milliseconds: 1_000_000 + second * 1000)).right.milliseconds
    }
    #expect((0..<7).map { right($0) - 1_000_000 } == [2000, 2000, 5000, 5000, 5000, 8000, 8000])
    let pace = TimelineState.spans.indices.map { zoom in
      state.setZoom(zoom)
      return state.window(columns: 60, now: WallTime(milliseconds: 1_000_000)).pace
    }
    #expect(
      pace == [
        3000, 4000, 10_000, 10_000, 15_000, 30_000, 60_000, 360_000, 1_440_000, 10_080_000, 43_200_000,
      ])
    state.setZoom(0)
    state.cursor = WallTime(milliseconds: 1_000_000)
    #expect((0..<3).map { right($0) - 1_000_000 } == [1000, 2000, 3000])
  }

  /// The first column to the left is that of now, wherever the edge is.
  @Test func theCursorBeginsAtNow() {
    var desk = Desk(Size(100, 30))
    desk.type("jjj++++3")
    for _ in 0..<4 {
      desk.tick()
      desk.press(.left)
      guard let cursor = desk.model.timeline.cursor else {
        Issue.record("no cursor")
        return
      }
      let columns = 38
      #expect(cursor <= desk.now && desk.now - cursor < .milliseconds(60_000 / columns + 1))
      desk.press(.right)
      #expect(desk.model.timeline.cursor == nil)
    }
  }

  /// The first minutes fill the pane; the operator's zoom stays.
  @Test func theSpanFollowsWhatThereIsToShow() {
    var state = TimelineState(widest: .seconds(900))
    #expect(state.span == .seconds(900))
    let start = WallTime(milliseconds: 1_000_000)
    for (age, span) in [(1, 60), (61, 120), (200, 300), (500, 600), (899, 900), (90_000, 900)] {
      state.follow(from: start, now: start + .seconds(age))
      #expect(state.span == .seconds(span), "after \(age) s")
    }
    // What comes later than what is known already changes nothing.
    state.follow(from: start + .seconds(89_000), now: start + .seconds(90_000))
    #expect(state.span == .seconds(900))
    state.setZoom(state.zoom - 1)
    state.follow(from: start, now: start + .seconds(90_001))
    #expect(state.span == .seconds(600))
    state.reset()
    #expect(state.span == .seconds(900) && state.followsData)
  }

  @Test func aFreshFleetIsShownFromItsFirstReading() {
    var desk = Desk(Size(100, 30), connected: false)
    desk.isSilent = true
    desk.snapshot()
    for command in desk.asked {
      if case .loadHistory(let token, _) = command { desk.send(.history(token: token, [])) }
    }
    desk.tick(30)
    #expect(desk.model.timeline.span == .seconds(60))
    desk.type("0-")
    #expect(desk.model.timeline.span == .seconds(120))
    desk.tick(600)
    #expect(desk.model.timeline.span == .seconds(120))
  }

  @Test func lanesKeepTheWorstOfAColumn() {
    var desk = Desk(Size(100, 30))
    desk.type("jjj-")
    let model = desk.model
    let oven = model.index.device(DeviceID(name: "oven-1"))
    let window = model.timeline.window(columns: 10, now: model.now)
    let lane = oven.map { Lane.statuses(of: $0, model, window) }
    #expect(lane?.last == .drifted)
    #expect(lane?.contains(.inSync) == true)
  }

  @Test func liveChangesContinueThePast() {
    var desk = Desk(Size(100, 30))
    desk.type("jjj")
    desk.tick(30)
    desk.devices = Plant.devices.map {
      $0.id.name == "oven-1"
        ? Plant.device("oven-1", [Plant.view(Plant.register("zone1-setpoint", 4001, desired: 250), 250)]) : $0
    }
    desk.snapshot()
    desk.tick(60)
    desk.snapshot()
    let model = desk.model
    guard let oven = model.index.device(DeviceID(name: "oven-1")) else {
      Issue.record("no oven")
      return
    }
    let window = model.timeline.window(columns: 90, now: model.now)
    let lane = Lane.statuses(of: oven, model, window)
    func at(_ seconds: Int) -> DeviceStatus? {
      window.column(of: Plant.now + .seconds(seconds)).flatMap { lane[$0] }
    }
    #expect(at(-15) == .drifted)
    #expect(at(10) == .drifted)
    #expect(at(45) == .inSync)
    #expect(at(-60) == .inSync)
  }

  @Test func gapsAreGaps() {
    let samples = (0..<10).filter { $0 < 3 || $0 > 7 }.map {
      DeviceHistory.Sample(at: WallTime(milliseconds: Int64($0) * 1000), value: Double($0))
    }
    let window = TimeWindow(right: WallTime(milliseconds: 10_000), step: 1000, columns: 10)
    let series = Series(samples, window, until: WallTime(milliseconds: 10_000), patience: .seconds(2))
    #expect(series.values == [0, 1, 2, 2, 2, nil, nil, nil, 8, 9])
    #expect(series.extent == 0...9)
  }
}

@Suite struct KeyTableTests {
  /// A key has one meaning in a context, and every action of the panes can be reached.
  @Test func noKeyIsTakenTwice() {
    for context in KeyContext.allCases {
      let keys = KeyTable.standard.bindings(in: [context]).flatMap(\.keys)
      #expect(Set(keys).count == keys.count, "\(context)")
    }
    let bound = Set(KeyTable.standard.bindings.map(\.action))
    #expect(bound == Set(KeyAction.allCases))
  }

  @Test func keysOfTheDesign() {
    let expected: [(Key, KeyAction)] = [
      (.character("j"), .down), (.character("k"), .up), (.up, .up), (.down, .down), (.character("g"), .top),
      (.character("G"), .bottom), (.pageUp, .pageUp), (.pageDown, .pageDown), (.tab, .nextPane),
      (.character("1"), .pane1),
      (.character("5"), .pane5), (.enter, .zoom), (.escape, .back), (.character("/"), .filter),
      (.character(":"), .palette),
      (.character("?"), .help), (.character("s"), .sync), (.character("S"), .syncShown),
      (.character("H"), .hold),
      (.character("z"), .shelve), (.character("d"), .diff), (.character("e"), .pane5),
      (.character("A"), .adopt),
      (.character("o"), .cycleSort), (.character("t"), .themes), (.character("+"), .zoomIn),
      (.character("-"), .zoomOut),
      (.left, .timelineBack), (.right, .timelineForth), (.character("0"), .timelineReset),
      (.character("y"), .copy),
      (.character("p"), .freeze), (.character("r"), .refresh), (.character(" "), .toggleMark),
      (.character("x"), .acknowledge), (.character("Z"), .suspend), (.character("O"), .cycleGrouping),
      (.function(12), .saveScreen), (.character("q"), .quit),
    ]
    for (key, action) in expected {
      #expect(
        KeyTable.standard.binding(key, in: [.fleet, .panes, .everywhere])?.action == action, "\(key.label)")
    }
  }

  @Test func helpListsWhatDispatches() {
    let desk = Desk()
    let help = desk.model.helpLines([.fleet, .panes, .everywhere]).map(\.text).joined(separator: "\n")
    for binding in KeyTable.standard.bindings(in: [.fleet, .panes, .everywhere]) {
      #expect(help.contains(binding.help))
      #expect(help.contains(binding.keys[0].label))
    }
  }

  @Test func rebinding() {
    let (table, problems) = KeyTable.standard.rebinding(["sync": [.function(5)], "nonsense": [.up]])
    #expect(problems == ["keys: nonsense is no action"])
    #expect(table.binding(.function(5), in: [.fleet, .panes])?.action == .sync)
    #expect(table.binding(.character("s"), in: [.fleet, .panes]) == nil)
  }

  @Test func swappedKeysAreSwapped() {
    let (table, problems) = KeyTable.standard.rebinding([
      "sync": [.character("x")], "acknowledge": [.character("s")],
    ])
    #expect(problems.isEmpty)
    #expect(table.binding(.character("x"), in: [.fleet, .panes])?.action == .sync)
    #expect(table.binding(.character("s"), in: [.fleet, .panes])?.action == .acknowledge)
  }

  /// Whatever a file of preferences says, writes can be stopped and the screen can be left.
  @Test func theHoldCannotBeTakenAway() {
    let (table, problems) = KeyTable.standard.rebinding([
      "refresh": [.character("H"), .character("q")], "help": [],
    ])
    #expect(table.binding(.character("H"), in: [.fleet, .panes, .everywhere])?.action == .hold)
    #expect(table.binding(.character("?"), in: [.fleet, .panes, .everywhere])?.action == .help)
    #expect(
      problems == [
        "keys: hold must have a key, so it keeps H F9", "keys: help must have a key, so it keeps ? F1",
      ])
  }
}
