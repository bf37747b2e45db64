import ArgumentParser
import Control
import Fleet
import Foundation
import Manifest

/// How one-shot commands about devices print.
enum OutputFormat: String, ExpressibleByArgument, CaseIterable {
  case table, wide, json, yaml, name
}

struct GetStatus: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "get-status",
    abstract: "Print Git vs Reality for every device, or for the named ones.",
    discussion: """
      Reads every device once and writes nothing. Exit codes: 0 fine; 1 drift found (with --exit-code);
      3 some devices unreachable; 5 source invalid; 6 repository unreachable; 7 timed out.
      """)

  @Argument(help: "Devices, `name` or `namespace/name`; all when none is named.", completion: .deviceNames)
  var names: [String] = []

  @OptionGroup var source: SourceOptions
  @OptionGroup var chosen: SelectorOption

  @Option(
    name: .shortAndLong,
    help: "Output format: \(OutputFormat.allCases.map(\.rawValue).joined(separator: ", ")).")
  var output: OutputFormat = .table

  @Flag(help: "Leave the header line out.")
  var noHeaders = false

  @Flag(name: .shortAndLong, help: "Go on: after the first reading, print each device again when it changes.")
  var watch = false

  @Flag(help: "Exit with 1 when drift is found.")
  var exitCode = false

  func validate() throws {
    if watch, exitCode { throw ValidationError("--watch never ends, so --exit-code has no meaning with it") }
  }

  func run() async throws {
    let selection = DeviceSelection(names: names, selector: chosen.selector)
    if watch { return try await follow(selection) }
    let snapshot = try await FleetReading.once(source, selection)
    let devices = snapshot.devices.filter { selection.matches($0.spec) }
    for problem in snapshot.health.problems { Console.error("fabctl: \(problem)") }
    if devices.isEmpty, output != .json, output != .yaml { Console.error("No devices found.") }
    switch output {
    case .table, .wide:
      let table = StatusTable(wide: output == .wide)
        .table(devices, now: snapshot.at, revision: snapshot.source.revision)
      if !devices.isEmpty { for line in table.lines(withHeader: !noHeaders) { Console.out(line) } }
    case .name: for device in devices { Console.out(Self.name(device)) }
    case .json: Console.out(StatusDocuments.json(devices, of: snapshot))
    case .yaml: Console.out(StatusDocuments.yaml(devices, of: snapshot))
    }
    let drifted = devices.contains { device in device.view.registers.contains { $0.inSync == false } }
    if exitCode, drifted { throw ExitCode(ExitStatus.driftFound.rawValue) }
    let unreachable = devices.contains { $0.view.status == .unreachable }
    if unreachable { throw ExitCode(ExitStatus.unreachable.rawValue) }
  }

  private static func name(_ device: DeviceSnapshot) -> String {
    Console.visible("industrialplc.fabgitops.io/\(device.id.name)")
  }

  private func follow(_ selection: DeviceSelection) async throws {
    let choice = try source.choice()
    try await LocalSession.with(source, .observe) { session in
      _ = try await FleetReading.settled(session.engine, selection)
      var printer = ChangePrinter(output: output, withHeader: !noHeaders)
      var records = await StandingRecords.load(choice)
      for await snapshot in session.engine.snapshots() {
        // Another process may shelve or count meanwhile; its journal need not be read with each poll.
        if snapshot.at - records.loadedAt > .seconds(2) { records = await StandingRecords.load(choice) }
        let complete = records.applied(to: snapshot)
        let devices = complete.devices.filter { selection.matches($0.spec) }
        for line in printer.lines(devices, of: complete) { Console.out(line) }
      }
    }
  }
}

/// `get-status --watch`: all devices once, then each that changes, under the columns of the first.
struct ChangePrinter {
  let output: OutputFormat
  let withHeader: Bool
  private var widths: [Int] = []
  private var shown: [DeviceID: [String]] = [:]

  init(output: OutputFormat, withHeader: Bool) {
    self.output = output
    self.withHeader = withHeader
  }

  mutating func lines(_ devices: [DeviceSnapshot], of snapshot: FleetSnapshot) -> [String] {
    // What counts as a change: everything but the age of the reading.
    let plain = StatusTable(wide: false)
    let changed = devices.filter { device in
      let row = plain.row(device, now: snapshot.at, revision: "") + [device.view.message]
      defer { shown[device.id] = row }
      return shown[device.id] != row
    }
    switch output {
    case .name: return changed.map { Console.visible("industrialplc.fabgitops.io/\($0.id.name)") }
    case .json: return changed.map { StatusDocuments.object($0, of: snapshot).json(pretty: false) }
    case .yaml:
      return changed.map { "---\n" + StatusDocuments.object($0, of: snapshot).yaml().withoutFinalLineBreak }
    case .table, .wide:
      guard !changed.isEmpty else { return [] }
      let table = StatusTable(wide: output == .wide)
        .table(changed, now: snapshot.at, revision: snapshot.source.revision)
      if widths.isEmpty {
        widths = table.widths
        return table.lines(withHeader: withHeader)
      }
      return table.rows.map { table.line($0, widths) }
    }
  }
}
