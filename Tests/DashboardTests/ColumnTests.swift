import Control
import Fleet
import Terminal
import Testing

@testable import Dashboard

/// Columns that have not the room they would like.
@Suite struct RegisterColumnTests {
  private func text(_ name: String, desired: String?, actual: String) -> RegisterView {
    let spec = RegisterSpec(
      name: name, address: 1, type: .string, desired: desired.map { .text($0) }, tolerance: 0)
    return RegisterView(
      spec: spec, actual: .text(actual), lastRead: Plant.ago(1), inSync: desired.map { $0 == actual })
  }

  private func flag(_ name: String, desired: Bool, actual: Bool) -> RegisterView {
    let spec = RegisterSpec(name: name, address: 2, type: .bool, desired: .bool(desired), tolerance: 0)
    return RegisterView(
      spec: spec, actual: .bool(actual), lastRead: Plant.ago(1), inSync: desired == actual)
  }

  private var mixer: DeviceSnapshot {
    Plant.device(
      "mixer",
      [
        text("recipe", desired: "A-100", actual: "A-100-experimental-7"),
        Plant.view(Plant.register("temperature", 4001, desired: 180), 185.4),
        Plant.view(Plant.register("pressure", 4002, desired: 6.25, scale: 0.01, unit: "bar"), 6.31),
        flag("valve-open", desired: true, actual: false),
      ], phase: .driftDetected, status: .drifted)
  }

  private func table(_ size: Size, _ glyphs: GlyphSet = .unicode, _ device: DeviceSnapshot? = nil) -> [String]
  {
    var desk = Desk(size, settings: Plant.settings(glyphs: glyphs), devices: [device ?? mixer])
    desk.type("2")
    if size.width < 100 { desk.press(.enter) }
    let lines = desk.lines.map(String.init)
    guard let head = lines.firstIndex(where: { $0.contains("REGISTER") && $0.contains("PLC") }) else {
      return []
    }
    return Array(lines[head...].prefix(5))
  }

  private func row(_ name: String, _ lines: [String]) -> String {
    lines.first { $0.contains(" \(name)") } ?? ""
  }

  /// A string longer than its column ends in the ellipsis, and costs the numbers and their difference nothing.
  @Test func aLongStringLeavesTheNumbersAlone() {
    for glyphs in GlyphSet.allCases {
      let lines = table(Size(100, 30), glyphs)
      #expect(lines.first?.contains("DELTA") == true)
      let hot = row("temperature", lines)
      #expect(hot.contains("180.0 ") && hot.contains("185.4 ") && hot.contains("+5.4"), "\(hot)")
      let recipe = row("recipe", lines)
      #expect(recipe.contains("\(glyphs.ellipsis.text) ") && recipe.contains("differs"), "\(recipe)")
      #expect(lines.allSatisfy { $0.contains("DELTA") || !$0.contains("experimental-7") })
    }
  }

  /// A screen of 80 columns has the difference, the unit and the state, whatever the values are.
  @Test func eightyColumnsHaveDeltaAndState() {
    let lines = table(Size(80, 24))
    for title in ["GIT", "PLC", "DELTA", "STATE"] {
      #expect(lines.first?.contains(title) == true, "\(title)")
    }
    #expect(row("temperature", lines).contains("185.4"))
    #expect(row("temperature", lines).contains("°C") && row("temperature", lines).contains("drifted"))
    #expect(row("valve-open", lines).contains("false") && row("valve-open", lines).contains("differs"))

    let huge = RegisterSpec(
      name: "a-name-that-is-as-long-as-names-can-be", address: 7, type: .float64, unit: "m3/h",
      desired: .real(1.25e18), tolerance: 0)
    let view = RegisterView(
      spec: huge, actual: .real(-3.141592653589793e300), lastRead: Plant.ago(1), inSync: false)
    let device = Plant.device("meter", [view], phase: .driftDetected, status: .drifted)
    for line in table(Size(80, 24), .unicode, device).prefix(2) {
      #expect(line.contains("STATE") || line.contains("drifted"), "\(line)")
    }
    let narrow = row("a-na", table(Size(100, 30), .unicode, device))
    #expect(narrow.contains("…e+18") && narrow.contains("…"), "\(narrow)")
  }

  @Test func textsStandOutsideTheAlignment() {
    var column = ValueColumn()
    for value in ["185.4", "6.25", "\"a string. With a point\"", "false", "—"] { column.include(value) }
    #expect(column.numbers == 6 && column.texts == 24)
    #expect(column.fitted("6.25", to: 8, .unicode) == "  6.25")
    #expect(column.fitted("185.4", to: 8, .unicode) == "185.4 ")
    #expect(column.fitted("false", to: 8, .unicode) == "false")
    #expect(column.fitted("\"a string. With\"", to: 8, .ascii) == "\"a stri~")
  }

  /// What is left of a number never reads as another number.
  @Test(arguments: [
    ("185.4123", 7, "185.41…"), ("185.4123", 5, "185.…"), ("185.4123", 4, "…"), ("-12345678", 7, "…"),
    ("1.2345678e+19", 8, "1.2…e+19"), ("-1.5e-300", 5, "…"), ("12.5", 6, "12.5"),
  ]) func numbersThatDoNotFit(number: String, width: Int, shown: String) {
    var column = ValueColumn()
    column.include("1234567.1234567")
    #expect(column.fitted(number, to: width, .unicode) == shown)
  }
}

/// The fleet list where there is little room, or long names.
@Suite struct FleetColumnTests {
  private func device(_ number: Int, _ status: DeviceStatus, _ desired: Double, _ actual: Double)
    -> DeviceSnapshot
  {
    let spec = Plant.register("zone-1-upper-temperature-setpoint", 4001, desired: desired)
    return Plant.device(
      "annealing-oven-number-\(number)", [Plant.view(spec, actual)], status: status,
      trend: Plant.wave(185, 1))
  }

  /// Whatever the states and the values: what Git says, what is and the difference are in the list.
  @Test(arguments: [Size(100, 30), Size(80, 24), Size(60, 16), Size(120, 40)])
  func desiredActualAndDeltaAreThere(size: Size) {
    for glyphs in GlyphSet.allCases {
      for status in DeviceStatus.allCases {
        for value in [185.4, 12_345.6, 1_234_567_890] {
          let devices = [device(1, .inSync, 185.4, 185.6), device(2, status, value, value + 1)]
          let desk = Desk(size, settings: Plant.settings(glyphs: glyphs), devices: devices)
          let head = desk.lines.first { $0.contains("DEVICE") } ?? ""
          for title in ["DESIRED", "ACTUAL", "DELTA", value < 1e6 ? "AGE" : ""] {
            #expect(
              title.isEmpty || head.contains(title),
              "\(title) \(size.width)x\(size.height) \(status) \(value)")
          }
          let row = desk.lines.first { $0.contains("+0.2") } ?? ""
          #expect(row.contains("185.4") && row.contains("185.6"), "\(row)")
        }
      }
    }
  }

  /// The picture of the last readings and the count of drifts come before a long name of a register.
  @Test func aLongRegisterNameLeavesTheTrend() {
    let desk = Desk(Size(200, 60), devices: [device(1, .drifted, 185.4, 190), device(2, .inSync, 1, 1)])
    let head = desk.lines.first { $0.contains("DEVICE") } ?? ""
    for title in ["REGISTER", "DESIRED", "STATE", "SINCE", "DRIFTS", "TREND"] {
      #expect(head.contains(title), "\(title)")
    }
    let row = desk.lines.first { $0.contains("▲ annealing") } ?? ""
    #expect(row.contains("…  zone-1-upper-te…  ") && row.contains("190.0 °C"), "\(row)")
  }

  /// A string among numbers ends in the ellipsis and does not widen the columns of the others.
  @Test func aStringAmongNumbers() {
    let spec = RegisterSpec(name: "recipe", address: 1, type: .string, desired: .text("A-100"), tolerance: 0)
    let view = RegisterView(
      spec: spec, actual: .text("A-100-experimental-7"), lastRead: Plant.ago(1), inSync: false)
    let mixer = Plant.device("mixer", [view], phase: .driftDetected, status: .drifted)
    for size in [Size(100, 30), Size(80, 24)] {
      let desk = Desk(size, devices: [mixer, device(1, .drifted, 185.4, 190), device(2, .unreachable, 1, 1)])
      let row = desk.lines.first { $0.contains("▲ mixer") } ?? ""
      #expect(row.contains("…") && row.contains("differs"), "\(row)")
      let hot = desk.lines.first { $0.contains("▲ annealing") } ?? ""
      #expect(hot.contains("185.4") && hot.contains("190.0") && hot.contains("+4.6"), "\(hot)")
    }
  }
}
