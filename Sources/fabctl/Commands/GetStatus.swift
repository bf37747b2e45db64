import ArgumentParser
import Cluster
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
      Reads every device once and writes nothing; in a cluster, prints what the operator read last. Exit codes: 0 fine; 1 drift found (with --exit-code);
      3 some devices unreachable, or with --exit-code not comparable; 5 source invalid; 6 repository or cluster unreachable; 7 timed out.
      """, aliases: ["get", "status"])

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
    let view = try await FleetReading.once(source, selection)
    let devices = view.devices(selection)
    for problem in view.snapshot.health.problems { Console.error("fabctl: \(problem)") }
    if devices.isEmpty, output != .json, output != .yaml { Console.error("No devices found.") }
    switch output {
    case .table, .wide:
      let table = StatusTable(wide: output == .wide).table(devices, of: view)
      if !devices.isEmpty { for line in table.lines(withHeader: !noHeaders) { Console.out(line) } }
    case .name: for device in devices { Console.out(Self.name(device)) }
    case .json: Console.out(StatusDocuments.json(devices, of: view))
    case .yaml: Console.out(StatusDocuments.yaml(devices, of: view))
    }
    if view.tellLate(selection) { throw ExitCode(ExitStatus.timedOut.rawValue) }
    let unknown = exitCode ? devices.flatMap(NotKnown.lines) : []
    for line in unknown { Console.error(line) }
    let drifted = devices.contains { device in device.view.registers.contains { $0.inSync == false } }
    if exitCode, drifted { throw ExitCode(ExitStatus.driftFound.rawValue) }
    let unreachable = devices.contains { $0.view.status == .unreachable }
    if unreachable || !unknown.isEmpty { throw ExitCode(ExitStatus.unreachable.rawValue) }
  }

  private static func name(_ device: DeviceSnapshot) -> String {
    Console.visible("industrialplc.fabgitops.io/\(device.id.name)")
  }

  private func follow(_ selection: DeviceSelection) async throws {
    switch try source.target() {
    case .local(let choice): try await followLocal(choice, selection)
    case .cluster(let choices): try await followCluster(choices, selection)
    }
  }

  private func followCluster(_ choices: [ClusterChoice], _ selection: DeviceSelection) async throws {
    let engine = ClusterEngine(
      sites: choices.map { $0.site() }, userAgent: Build.userAgent,
      environment: ProcessInfo.processInfo.environment)
    _ = try await FleetReading.settled(engine, selection)
    var printer = ChangePrinter(output: output, withHeader: !noHeaders)
    var plain = PlainWatch(json: false)
    for await snapshot in engine.snapshots() {
      for line in plain.news(snapshot) { Console.error("fabctl: \(line)") }
      let view = FleetView(snapshot)
      for line in printer.lines(view.devices(selection), of: view) { Console.out(line) }
      if Console.outIsGone { break }
    }
  }

  private func followLocal(_ choice: SourceChoice, _ selection: DeviceSelection) async throws {
    try await LocalSession.with(source, .observe) { session in
      _ = try await FleetReading.settled(session.engine, selection)
      var printer = ChangePrinter(output: output, withHeader: !noHeaders)
      var records = await StandingRecords.load(choice)
      for await snapshot in session.engine.snapshots() {
        // Another process may shelve or count meanwhile; its journal need not be read with each poll.
        if snapshot.at - records.loadedAt > .seconds(2) { records = await StandingRecords.load(choice) }
        let complete = FleetView(records.applied(to: snapshot))
        for line in printer.lines(complete.devices(selection), of: complete) { Console.out(line) }
        if Console.outIsGone { break }
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

  mutating func lines(_ devices: [DeviceSnapshot], of view: FleetView) -> [String] {
    // What counts as a change: everything but the age of the reading.
    let plain = StatusTable(wide: false)
    let changed = devices.filter { device in
      let row = plain.row(device, now: view.snapshot.at, revision: "") + [device.view.message]
      defer { shown[device.id] = row }
      return shown[device.id] != row
    }
    switch output {
    case .name: return changed.map { Console.visible("industrialplc.fabgitops.io/\($0.id.name)") }
    case .json: return changed.map { StatusDocuments.object($0, of: view).json(pretty: false) }
    case .yaml:
      return changed.map { "---\n" + StatusDocuments.object($0, of: view).yaml().withoutFinalLineBreak }
    case .table, .wide:
      guard !changed.isEmpty else { return [] }
      let table = StatusTable(wide: output == .wide).table(changed, of: view)
      if widths.isEmpty {
        widths = table.widths
        return table.lines(withHeader: withHeader)
      }
      return table.rows.map { table.line($0, widths) }
    }
  }
}
