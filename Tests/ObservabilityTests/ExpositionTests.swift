import Control
import Fleet
import Foundation
import Testing

@testable import Observability

/// The lines of a fleet with one of everything.
func sampleExposition(_ format: ExpositionFormat) -> String {
  let shelf = Shelf(by: "bob", since: noon, until: noon + .seconds(60), reason: "sensor", register: "b")
  let fleet = snapshot([
    device(
      "line-1", status: .drifted,
      registers: [
        register("a", desired: .integer(2500), actual: .integer(2400), inSync: false) { $0.contested = true },
        register("b", actual: .real(-0.25)) { $0.shelf = shelf },
        register("serial", actual: .text("AB-7")),
        register("limits", desired: .real(.infinity), actual: .real(.nan), inSync: false),
        register("big", actual: .unsigned(.max)),
      ]
    ) { view in
      view.driftEvents = 3
      view.corrections = 2
      view.lastRead = noon + .seconds(-4)
    },
    device("odd \"name\"\\\n", namespace: "zone-a", phase: .failed, status: .unreachable, registers: []) {
      view in
      view.lastRead = nil
      view.stale = true
      view.suspendedBy = "alice"
    },
  ]) { $0.gates.hold = Hold(by: "alice", since: noon, reason: "maintenance") }
  let registry = MetricRegistry()
  registry.makeTimer(label: "reconciliation_duration_seconds", dimensions: []).recordNanoseconds(4_000_000)
  registry.makeTimer(label: "fabgitops_modbus_request_duration_seconds", dimensions: [("function", "3")])
    .recordNanoseconds(30_000_000_000)
  registry.makeCounter(label: "fabgitops_writes_total", dimensions: [("result", "acknowledged")]).increment(
    by: 2)
  var exposition = Exposition(format)
  FleetCollector(fleet, now: noon).write(to: &exposition)
  registry.write(to: &exposition)
  return String(decoding: exposition.finish(), as: UTF8.self)
}

@Suite struct ExpositionTests {
  @Test func theTextFormatIsTheGoldenOne() throws {
    let text = sampleExposition(.text)
    #expect(try golden("metrics.txt", text) == text)
  }

  @Test func openMetricsIsTheGoldenOne() throws {
    let text = sampleExposition(.openMetrics)
    #expect(try golden("metrics.openmetrics", text) == text)
    #expect(text.hasSuffix("# EOF\n"))
    #expect(text.contains("# TYPE drift_events counter\n"))
    #expect(text.contains("\ndrift_events_total{plc_name=\"line-1\",namespace=\"default\"} 3\n"))
  }

  @Test func everyNameOfTheContractIsThere() {
    let text = sampleExposition(.text)
    for name in [
      "drift_events_total", "corrections_total", "managed_plcs", "plc_connection_status", "register_value",
      "reconciliation_duration_seconds", "fabgitops_register_desired_value", "fabgitops_register_in_sync",
      "fabgitops_read_age_seconds", "fabgitops_writes_total", "fabgitops_writes_refused_total",
      "fabgitops_modbus_request_duration_seconds", "fabgitops_modbus_errors_total",
      "fabgitops_poll_lag_seconds",
      "fabgitops_leader", "fabgitops_held", "fabgitops_shelved", "fabgitops_contested",
      "fabgitops_source_info",
    ] { #expect(text.contains("# TYPE \(name) "), "\(name)") }
  }

  @Test func everyFamilyIsOneGroupAndNoSeriesTwice() {
    var seen: Set<Substring> = []
    var series: Set<Substring> = []
    var family: Substring = ""
    for line in sampleExposition(.text).split(separator: "\n") {
      if line.hasPrefix("# HELP ") {
        family = line.dropFirst(7).prefix { $0 != " " }
        #expect(seen.insert(family).inserted, "\(family)")
      } else if !line.hasPrefix("#") {
        #expect(line.hasPrefix(family), "\(line)")
        let name = line.prefix(upTo: line.lastIndex(of: " ") ?? line.endIndex)
        #expect(series.insert(name).inserted, "\(name)")
      }
    }
  }

  @Test(
    arguments: [
      (nil, ExpositionFormat.text), ("", .text), ("text/html", .text), ("*/*", .text),
      ("application/openmetrics-text", .openMetrics),
      ("application/openmetrics-text; version=1.0.0", .openMetrics),
      ("application/openmetrics-text; version=9.9", .text),
      // As Prometheus 2.42 asks.
      (
        "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
          + "text/plain;version=0.0.4;q=0.5,*/*;q=0.1", .openMetrics
      ),
      ("text/plain;q=0.9, application/openmetrics-text;q=0.2", .text),
      ("application/openmetrics-text;q=0", .text), (String(repeating: ",;q=", count: 5000), .text),
    ] as [(String?, ExpositionFormat)])
  func theFormatIsNegotiated(_ accept: String?, _ format: ExpositionFormat) {
    #expect(ExpositionFormat(accept: accept) == format)
  }

  @Test(
    arguments: [
      (0, "0"), (-0.0, "0"), (1, "1"), (-12, "-12"), (1234567890123, "1234567890123"), (0.5, "0.5"),
      (-2.25, "-2.25"), (1e300, "1e+300"), (.nan, "NaN"), (.infinity, "+Inf"), (-.infinity, "-Inf"),
      (9_007_199_254_740_992, "9007199254740992.0"),
    ] as [(Double, String)])
  func numbers(_ value: Double, _ text: String) {
    var bytes: [UInt8] = []
    Number.append(value, to: &bytes)
    #expect(String(decoding: bytes, as: UTF8.self) == text)
  }

  @Test(
    .enabled(if: promtool != nil, "needs promtool (Debian: prometheus)"), arguments: [ExpositionFormat.text])
  func promtoolFindsNothing(_ format: ExpositionFormat) throws {
    let (status, output) = try run(
      try #require(promtool), ["check", "metrics"], input: sampleExposition(format))
    #expect(status == 0 && output.isEmpty, "\(output)")
  }

  @Test func processMetricsAreRead() throws {
    var exposition = Exposition(.text)
    ProcessCollector().write(to: &exposition)
    let text = String(decoding: exposition.finish(), as: UTF8.self)
    func value(_ name: String) -> Double? {
      text.split(separator: "\n").first { $0.hasPrefix(name + " ") }.flatMap {
        Double($0.dropFirst(name.count + 1))
      }
    }
    #expect(try #require(value("process_resident_memory_bytes")) > 1_000_000)
    #expect(try #require(value("process_cpu_seconds_total")) >= 0)
    #expect(try #require(value("process_open_fds")) > 2)
    #expect(try #require(value("process_max_fds")) > 16)
    let age = Date().timeIntervalSince1970 - (try #require(value("process_start_time_seconds")))
    #expect(age > -10 && age < 86_400)
  }
}

/// Where promtool is, when it is there.
let promtool: String? = ["/usr/bin/promtool", "/usr/local/bin/promtool"].first {
  FileManager.default.isExecutableFile(atPath: $0)
}

func run(_ program: String, _ arguments: [String], input: String) throws -> (Int32, String) {
  let file = NSTemporaryDirectory() + "fabgitops-\(UUID().uuidString)"
  try Data(input.utf8).write(to: URL(fileURLWithPath: file))
  defer { try? FileManager.default.removeItem(atPath: file) }
  let process = Process()
  process.executableURL = URL(fileURLWithPath: program)
  process.arguments = arguments
  process.standardInput = FileHandle(forReadingAtPath: file)
  let pipe = Pipe()
  process.standardOutput = pipe
  process.standardError = pipe
  try process.run()
  let output = pipe.fileHandleForReading.readDataToEndOfFile()
  process.waitUntilExit()
  return (process.terminationStatus, String(decoding: output, as: UTF8.self))
}
