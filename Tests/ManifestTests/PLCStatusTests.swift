import Control
import Foundation
import Testing

@testable import Manifest

private let spec = DeviceSpec(
  id: DeviceID(name: "line-1"), address: "192.0.2.1",
  registers: [RegisterSpec(name: "speed", address: 1, scale: 0.5, unit: "rpm", desired: .real(72.5))])

private func time(_ text: String) -> WallTime { WallTime(rfc3339: text) ?? WallTime(milliseconds: 0) }

private let drifted = DeviceView(
  phase: .driftDetected, status: .drifted,
  registers: [
    RegisterView(
      spec: spec.registers[0], actual: .real(70), rawWords: [140], lastRead: time("2026-01-02T03:04:05Z"),
      inSync: false, driftSeen: time("2026-01-02T03:04:00Z"), driftEvents: 3, corrections: 2)
  ], driftEvents: 3, corrections: 2, lastRead: time("2026-01-02T03:04:05Z"),
  lastTransition: time("2026-01-02T03:04:00Z"), message: "speed is 70 rpm, not 72.5")

private let context = PLCStatusContext(
  now: time("2026-01-02T03:04:06Z"), observedGeneration: 7,
  lastHandledSyncRequest: "2026-01-01T00:00:00Z",
  source: .init(revision: "main@sha1:0123", author: "Ada", time: time("2026-01-01T00:00:00Z")))

struct PLCStatusTests {
  @Test func theWholeObjectIsAsRecorded() throws {
    let list = PLCStatus.list([PLCStatus.object(spec, drifted, context)])
    try expectGolden(list.json(), "Goldens/list.json")
    try expectGolden(list.yaml(), "Goldens/list.yaml")
  }

  @Test func whatIsPrintedCanBeReadAgain() throws {
    let list = PLCStatus.list([PLCStatus.object(spec, drifted, context)])
    for text in [list.json(), list.yaml(), list.json(pretty: false)] {
      let reading = ManifestReader.read([
        ManifestFile(name: "x", contents: Array(text.utf8), isExplicit: true)
      ])
      #expect(reading.diagnostics.isEmpty, "\(reading.diagnostics)")
      #expect(reading.devices.first?.spec == spec)
      #expect(reading.devices.first?.object == "items[0]")
    }
  }

  /// `kubectl get plc -o json` of an API server that had defaulted the object and kept its status.
  @Test func whatAnAPIServerGivesBackMeansTheSame() throws {
    let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("Samples/cluster-list.json")
    let data = try Data(contentsOf: file)
    let reading = ManifestReader.read([ManifestFile(name: "list", contents: Array(data), isExplicit: true)])
    #expect(reading.diagnostics.isEmpty, "\(reading.diagnostics)")
    #expect(reading.devices.map(\.spec) == [spec])
    let item = try #require(
      try JSONDecoder().decode(ManifestValue.self, from: data)["items"]?.elements?.first)
    #expect(ManifestReader.read(object: item).devices.first?.spec == spec)
    #expect(PLCCondition.read(item["status"] ?? .null).count == 6)
  }

  @Test func unreachableIsNeitherDriftedNorInSync() {
    var view = drifted
    view.phase = .failed
    view.status = .unreachable
    view.lastError = "connection refused"
    view.failures = 2
    let status = PLCStatus.status(of: spec, view, context)
    #expect(status["inSync"] == nil)
    #expect(status["lastError"] == "connection refused")
    #expect(status["currentValue"] == .real(70))
    let conditions = PLCCondition.read(status)
    #expect(conditions.first { $0.kind == .reachable }?.status == .false)
    #expect(conditions.first { $0.kind == .inSync }?.status == .unknown)
    #expect(conditions.first { $0.kind == .ready }?.reason == "Unreachable")
  }

  @Test func aConditionKeepsItsTimeWhileItsStatusStays() {
    var view = drifted
    let before = PLCCondition.all(of: spec, view, now: time("2026-01-01T00:00:00Z"))
    view.registers[0].inSync = true
    view.status = .inSync
    let after = PLCCondition.all(of: spec, view, previous: before, now: time("2026-01-05T00:00:00Z"))
    #expect(after.first { $0.kind == .ready }?.lastTransition == time("2026-01-01T00:00:00Z"))
    #expect(after.first { $0.kind == .inSync }?.lastTransition == time("2026-01-05T00:00:00Z"))
    #expect(after.first { $0.kind == .inSync }?.status == .true)
    #expect(after.map(\.kind) == PLCCondition.Kind.allCases)
  }

  @Test func textOfDevicesIsEscaped() {
    var view = drifted
    view.message = "vendor \u{1B}[31m"
    let status = PLCStatus.status(of: spec, view, context)
    #expect(status["message"] == "vendor \\u{1b}[31m")
  }

  @Test func timesAreReadAndWritten() {
    #expect(WallTime(rfc3339: "2026-01-02T03:04:05Z")?.rfc3339 == "2026-01-02T03:04:05Z")
    #expect(WallTime(rfc3339: "2024-02-29T23:59:59.123456Z")?.milliseconds == 1_709_251_199_123)
    #expect(WallTime(rfc3339: "2026-01-02T03:04:05+02:00")?.rfc3339 == "2026-01-02T01:04:05Z")
    for text in [
      "", "2026-01-02", "2026-13-02T03:04:05Z", "2026-01-02T03:04:05", "2026-01-02T03:04:05.Z",
      "2026-01-02T03:04:05+0200",
    ] {
      #expect(WallTime(rfc3339: text) == nil, "\(text)")
    }
  }

  @Test func yamlTextSurvivesQuoting() throws {
    for text in [
      "", " ", "yes", "no", "null", "~", "1", "1.5", "0x1F", "a: b", "a #b", "- a", "*x", "&x", "!x", "{",
      "[", "'", "\"", "a\nb", "\t", "é", "°C", "y", "@a", "a:", "2026-01-02", "192.168.1.1", "::1", "\u{1B}",
      "\u{202E}", "a\\b", ".inf", "0o7", "🙂",
    ] {
      let yaml = ManifestValue.object([.init("k", .string(text))]).yaml()
      let source = SourceText(Array(yaml.utf8))
      #expect(source.documents.first?.child("k")?.text == text, "\(yaml)")
      let json = try JSONDecoder().decode(
        ManifestValue.self, from: Data(ManifestValue.string(text).json().utf8))
      #expect(json == .string(text))
    }
  }
}
