import Foundation
import Modbus
import Testing

@testable import MockPLC

/// Files beside the tests; `RECORD=1` writes the expected ones.
enum Golden {
  private static var folder: URL {
    URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Goldens")
  }

  static func text(_ name: String) throws -> String {
    try String(contentsOf: folder.appendingPathComponent(name), encoding: .utf8)
  }

  static func expect(_ actual: String, _ name: String, location: SourceLocation = #_sourceLocation) throws {
    let file = folder.appendingPathComponent(name)
    if ProcessInfo.processInfo.environment["RECORD"] == "1" {
      try actual.write(to: file, atomically: true, encoding: .utf8)
    }
    let expected = try? String(contentsOf: file, encoding: .utf8)
    #expect(actual == expected ?? "no golden \(name), RECORD=1 writes it", sourceLocation: location)
  }
}

@Suite struct MapTests {
  @Test func readsEveryKindOfRegister() throws {
    let device = try MockDevice(yaml: Golden.text("plant.yaml"), file: "plant.yaml")
    #expect(device.name == "oven")
    #expect(device.identity.objects.map(\.text) == ["ACME", "OV-40", "2.1"])
    let core = FleetCore(FleetConfiguration(plcs: [device]))
    #expect(try core.peek(plc: 0, unit: 9, .holding, 4001, count: 1) == [1825])
    #expect(try core.value(plc: 0, unit: 1, of: "total") == .integer(5_000_000_000))
    #expect(try core.value(plc: 0, unit: 1, of: "recipe") == .text("RYE 750"))
    #expect(try core.value(plc: 0, unit: 1, of: "fan") == .bool(true))
    #expect(try core.value(plc: 0, unit: 1, of: "door") == .bool(true))
    #expect(try core.peek(plc: 0, unit: 1, .holding, 20, count: 1) == [0b100])
    let temperature = try core.value(plc: 0, unit: 1, of: "temperature").number
    #expect(temperature == 20)
    #expect(try core.peek(plc: 0, unit: 1, .holding, 100, count: 50) == Array(repeating: 0, count: 50))
    #expect(throws: FleetAccessFailure.self) { try core.peek(plc: 0, unit: 1, .holding, 99, count: 1) }
    #expect(throws: FleetAccessFailure.self) { try core.peek(plc: 0, unit: 1, .holding, 4001, count: 2) }
  }

  @Test func unitsHaveImagesOfTheirOwn() throws {
    let yaml = """
      registers:
      - { name: sp, address: 1, value: 10 }
      units:
      - { ids: 1-3 }
      - ids: [7, 9-10]
        registers:
        - { name: extra, address: 2, value: 77 }
        faults: hang
      """
    let core = FleetCore(FleetConfiguration(plcs: [try MockDevice(yaml: yaml, file: "units.yaml")]))
    #expect(core.plcs[0].units.map(\.id) == [1, 2, 3, 7, 9, 10])
    try core.poke(plc: 0, unit: 2, .holding, 1, [99])
    #expect(try core.peek(plc: 0, unit: 1, .holding, 1, count: 1) == [10])
    #expect(try core.peek(plc: 0, unit: 2, .holding, 1, count: 1) == [99])
    #expect(try core.peek(plc: 0, unit: 9, .holding, 1, count: 2) == [10, 77])
    #expect(throws: FleetAccessFailure.noSuchUnit(4)) {
      try core.peek(plc: 0, unit: 4, .holding, 1, count: 1)
    }
    let read = ModbusRequest.readHoldingRegisters(address: 1, count: 1)
    func outcome(_ unit: UInt8) -> PLC.Verdict.Outcome {
      core.handle(read, plc: core.plcs[0], unit: unit, connection: 1, at: .zero).outcome
    }
    guard case .answer = outcome(1), case .silence = outcome(7), case .refuse(let exception) = outcome(4)
    else {
      Issue.record("unit 1 answers, unit 7 hangs, unit 4 is not there")
      return
    }
    #expect(exception == .gatewayTargetFailedToRespond)
  }

  @Test func reportsEveryMistakeAtOnce() throws {
    #expect {
      _ = try MockDevice(yaml: Golden.text("map-errors.yaml"), file: "map-errors.yaml")
    } throws: { error in
      let text = (error as? FileProblems)?.description ?? "\(error)"
      try Golden.expect(text + "\n", "map-errors.txt")
      return true
    }
  }

  @Test(arguments: [
    ("", "m.yaml: is empty"),
    ("registers: [", "m.yaml:2:1: did not find expected node content"),
    ("- 1", "m.yaml:1:1: must be a mapping with name, identity, registers, ranges, faults, units"),
    ("name: x", "m.yaml:1:1: registers: is required"),
    ("registers: 5", "m.yaml:1:12: registers: must be a list"),
  ])
  func reportsWhatIsNoMap(yaml: String, problem: String) {
    #expect {
      _ = try MockDevice(yaml: yaml, file: "m.yaml")
    } throws: { ($0 as? FileProblems)?.description == problem }
  }

  /// What a file holds is quoted in messages, but never as a terminal would obey it.
  @Test(arguments: [
    "registers: [{name: \u{0F}}]", "name: \"\\e[31m\"", "\"\\e]0;x\\a\": 1", "identity: {\"\\u202e\": x}",
  ])
  func messagesAreFitForATerminal(yaml: String) {
    #expect {
      _ = try MockDevice(yaml: yaml, file: "m.yaml")
    } throws: { error in
      let text = (error as? FileProblems)?.description ?? ""
      return !text.isEmpty
        && text.unicodeScalars.allSatisfy {
          $0 == "\n" || $0.value >= 0x20 && $0.value != 0x7F && $0.value != 0x202E
        }
    }
  }
}

@Suite struct ScriptTests {
  private let device = MockDevice(
    name: "oven",
    registers: [
      MockRegister("setpoint", address: 4001, format: ValueFormat(.int16, scale: 0.1), value: .real(20)),
      MockRegister("recipe", address: 10, format: ValueFormat(.string, length: 4)),
    ])

  private func log(_ yaml: String, _ seconds: Double, plcs: Int = 1) throws -> [String] {
    let devices = FleetConfiguration.devices([device], count: plcs)
    let script = try Script(yaml: yaml, file: "s.yaml", for: devices)
    var lines: [String] = []
    MockFleet.rehearse(FleetConfiguration(plcs: devices, script: script), for: .seconds(seconds)) {
      lines.append($0.line(.elapsed))
    }
    return lines
  }

  @Test func runsEveryActionInOrder() throws {
    let lines = try log(Golden.text("script.yaml"), 60, plcs: 2)
    try Golden.expect(lines.joined(separator: "\n") + "\n", "script.log")
    #expect(lines == (try log(Golden.text("script.yaml"), 60, plcs: 2)))
  }

  @Test func reportsEveryMistakeAtOnce() throws {
    #expect {
      _ = try log(Golden.text("script-errors.yaml"), 1)
    } throws: { error in
      let text = (error as? FileProblems)?.description ?? "\(error)"
      try Golden.expect(text.replacing("s.yaml", with: "script-errors.yaml") + "\n", "script-errors.txt")
      return true
    }
  }
}
