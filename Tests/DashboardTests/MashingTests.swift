import Control
import Dashboard
import Fleet
import Terminal
import Testing

/// A small generator, the same on every machine (SplitMix64).
struct Dice: RandomNumberGenerator {
  private var state: UInt64
  init(_ seed: UInt64) { state = seed }
  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}

/// Random keys, sizes and snapshots: no crash, every frame as large as asked, no write without its
/// confirmation.
@Suite struct MashingTests {
  private static let keys: [Key] =
    "jkgGsSHzdeAot+-0yprx q/:?!123456789nfab=".map { .character($0) } + [
      .up, .down, .left, .right, .pageUp, .pageDown, .home, .end, .tab, .backTab, .enter, .escape, .backspace,
      .delete,
      .shiftLeft, .shiftRight, .function(12), .control("l"), .control("u"), .control("w"), .insert,
    ]

  @Test(arguments: [1, 2, 3, 5, 8] as [UInt64])
  func mash(seed: UInt64) {
    print("mashing seed \(seed)")
    var dice = Dice(seed)
    let glyphs = GlyphSet.allCases.randomElement(using: &dice) ?? .unicode
    var desk = Desk(Size(100, 30), settings: Plant.settings(glyphs: glyphs))
    for step in 0..<400 {
      let before = desk.writes.count
      let wasOpen = desk.frame().text.contains("confirms")
      let key = act(&desk, &dice)
      let written = desk.writes.count - before
      // `y`, or Enter on a focused button that is not Cancel, in an open dialog: nothing else may write.
      let confirming = wasOpen && (key == .character("y") || key == .enter)
      if written > 0, !confirming {
        Issue.record(
          "seed \(seed) step \(step): \(desk.writes.suffix(written)) after \(key?.label ?? "no key")")
        return
      }
      check(desk, &dice, "seed \(seed) step \(step) key \(key?.label ?? "-")")
    }
  }

  private func act(_ desk: inout Desk, _ dice: inout Dice) -> Key? {
    switch Int.random(in: 0..<100, using: &dice) {
    case 0..<4:
      let sizes = [
        Size(10, 3), Size(60, 16), Size(80, 24), Size(100, 30), Size(200, 60), Size(0, 0), Size(61, 90),
        Size(300, 17),
      ]
      desk.send(.resize(sizes.randomElement(using: &dice) ?? Size(80, 24)))
    case 4..<8: desk.tick(Int.random(in: 0...7, using: &dice))
    case 8..<16: randomSnapshot(&desk, &dice)
    case 16..<18: desk.send(.paste("pasted\ntext\u{1B}[31m"))
    case 18..<21:
      let at = Point(Int.random(in: -2...210, using: &dice), Int.random(in: -2...70, using: &dice))
      let action: MouseEvent.Action =
        [.press, .release, .drag, .wheelUp, .wheelDown].randomElement(using: &dice) ?? .press
      desk.send(.mouse(MouseEvent(action, .left, at: at)))
    case 21..<22: desk.isSilent.toggle()
    case 22..<24:
      // Confirmations happen too.
      desk.press(.character("y"))
      return .character("y")
    default:
      let key = Self.keys.randomElement(using: &dice) ?? .escape
      desk.press(key)
      return key
    }
    return nil
  }

  private func randomSnapshot(_ desk: inout Desk, _ dice: inout Dice) {
    var devices = Plant.devices + Fleets.large(Int.random(in: 0...40, using: &dice))
    devices.removeAll { _ in Int.random(in: 0..<6, using: &dice) == 0 }
    if Int.random(in: 0..<20, using: &dice) == 0 { devices = [] }
    devices.append(odd(&dice))
    desk.devices = devices.sorted { $0.id < $1.id }
    let hold = Bool.random(using: &dice) ? Hold(by: "ben", since: Plant.now, reason: "x\u{202E}y") : nil
    desk.snapshot(
      mode: FleetMode.allCases.randomElement(using: &dice) ?? .control,
      gates: FleetGates(
        leadershipUntil: Bool.random(using: &dice) ? Instant(nanoseconds: .max) : nil, hold: hold),
      health: EngineHealth(
        pollLag: .milliseconds(Int.random(in: 0...5000, using: &dice)), pollsPerSecond: .nan,
        problems: ["disk full: 日本語"]),
      events: Bool.random(using: &dice) ? Plant.events : [])
  }

  /// Values, names and times at their ends.
  private func odd(_ dice: inout Dice) -> DeviceSnapshot {
    let values: [RegisterValue] = [
      .integer(.min), .integer(.max), .unsigned(.max), .real(.nan), .real(.infinity), .real(-1e300),
      .real(.leastNonzeroMagnitude), .bool(true),
      .text("\u{1B}]0;pwned\u{07}日本語 e\u{301}"),
    ]
    var spec = RegisterSpec(
      name: "r\u{301}egister-日本", address: 65535, type: .float64,
      scale: Bool.random(using: &dice) ? 1e-300 : 1, unit: "°C/µs",
      desired: values.randomElement(using: &dice), tolerance: .infinity)
    if Bool.random(using: &dice) { spec.maxStep = .nan }
    let view = RegisterView(
      spec: spec, actual: values.randomElement(using: &dice),
      lastRead: WallTime(milliseconds: Bool.random(using: &dice) ? .max : .min),
      inSync: [true, false, nil].randomElement(using: &dice) ?? nil, driftAfter: WallTime(milliseconds: .min),
      driftSeen: WallTime(milliseconds: .max), driftEvents: .max,
      refusals: [
        .outsideEnvelope(value: .nan, minimum: nil, maximum: .infinity),
        .outsideWindow(opens: WallTime(milliseconds: .max)),
      ],
      lastOutcome: .reverted(actual: .real(.nan), after: TimeSpan(nanoseconds: .min)))
    let status = DeviceStatus.allCases.randomElement(using: &dice) ?? .drifted
    return DeviceSnapshot(
      spec: DeviceSpec(
        id: DeviceID(namespace: "ns-é", name: "odd-デバイス"), address: "::1",
        pollInterval: TimeSpan(nanoseconds: .min), registers: [spec]),
      view: DeviceView(
        phase: .failed, status: status, registers: Bool.random(using: &dice) ? [view] : [], driftEvents: .max,
        lastRead: WallTime(milliseconds: .min), lastTransition: WallTime(milliseconds: .min),
        lastError: "broken\npipe", failures: .max,
        retryAt: WallTime(milliseconds: .max), message: "m"),
      sources: [], trend: [.nan, .infinity, 3, -.greatestFiniteMagnitude])
  }

  private func check(_ desk: Desk, _ dice: inout Dice, _ context: String) {
    let sizes = [desk.model.size, Size(80, 24), Size(1, 1), Size(137, 41)]
    let size = sizes.randomElement(using: &dice) ?? desk.model.size
    let frame = desk.frame(size)
    #expect(frame.size == size, "\(context)")
    if let cursor = frame.cursor { #expect(frame.bounds.contains(cursor), "\(context): cursor \(cursor)") }
    let controls = frame.text.unicodeScalars.filter { $0.value < 0x20 && $0 != "\n" }
    #expect(controls.isEmpty, "\(context): control characters on the screen")
    if desk.model.glyphs == .ascii {
      #expect(frame.isSevenBit, "\(context): not ASCII")
    }
    if Int.random(in: 0..<16, using: &dice) == 0 {
      #expect(frame == desk.frame(size), "\(context): two frames of one model differ")
    }
  }
}
