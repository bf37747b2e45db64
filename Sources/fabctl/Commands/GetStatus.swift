import ArgumentParser
import Control
import Fleet
import Foundation

/// How one-shot commands print.
enum OutputFormat: String, ExpressibleByArgument, CaseIterable {
  case table, wide, json, yaml, name
}

struct GetStatus: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "get-status",
    abstract: "Print Git vs Reality for every device, or for the named ones.",
    discussion: """
      Reads every device once and writes nothing. Exit codes: 0 fine; 1 drift found (with --exit-code);
      3 some devices unreachable; 5 source invalid; 6 repository unreachable.
      """)

  @Argument(help: "Devices, `name` or `namespace/name`; all when none is named.")
  var names: [String] = []

  @OptionGroup var source: SourceOptions

  @Option(
    name: .shortAndLong,
    help: "Output format: \(OutputFormat.allCases.map(\.rawValue).joined(separator: ", ")).")
  var output: OutputFormat = .table

  @Flag(help: "Leave the header line out.")
  var noHeaders = false

  @Flag(help: "Exit with 1 when drift is found.")
  var exitCode = false

  func run() async throws {
    let selection = DeviceSelection(names: names)
    let snapshot = try await FleetReading.once(source, selection)
    let devices = snapshot.devices.filter { selection.matches($0.id) }
    switch output {
    case .table, .wide:
      let table = StatusTable(wide: output == .wide)
        .table(devices, now: snapshot.at, revision: snapshot.source.revision)
      for line in table.lines(withHeader: !noHeaders) { Console.out(line) }
    case .name:
      for device in devices { Console.out("industrialplc.fabgitops.io/\(device.id.name)") }
    case .json: Console.out(StatusDocuments.json(devices, of: snapshot))
    case .yaml: Console.out(StatusDocuments.yaml(devices, of: snapshot))
    }
    let drifted = devices.contains { device in device.view.registers.contains { $0.inSync == false } }
    if exitCode, drifted { throw ExitCode(ExitStatus.driftFound.rawValue) }
    let unreachable = devices.contains { $0.view.status == .unreachable }
    if unreachable { throw ExitCode(ExitStatus.unreachable.rawValue) }
  }
}
