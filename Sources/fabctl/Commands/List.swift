import ArgumentParser
import Control
import Fleet
import Manifest

struct List: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Print the names of the devices, one a line.",
    discussion: "Reads the manifests only; no device is asked.")

  enum Format: String, ExpressibleByArgument, CaseIterable { case text, wide, name, json }

  @OptionGroup var source: SourceOptions
  @OptionGroup var chosen: SelectorOption

  @Option(name: .shortAndLong, help: "Output format: text, wide, name or json.")
  var output: Format = .text

  @Flag(help: "Leave the header line of `wide` out.")
  var noHeaders = false

  func run() async throws {
    let selection = DeviceSelection(names: [], selector: chosen.selector)
    let desired = try await FleetReading.desired(source)
    let devices = desired.devices.filter { selection.matches($0.spec) }.sorted { $0.spec.id < $1.spec.id }
    switch output {
    case .text:
      for device in devices { Console.out(Console.visible(Self.name(device.spec.id))) }
    case .name:
      for device in devices { Console.out("industrialplc.fabgitops.io/\(device.spec.id.name)") }
    case .json:
      let items = devices.map { ManifestEncoder.document($0.spec) }
      Console.out(PLCStatus.list(items).json().withoutFinalLineBreak)
    case .wide:
      var table = TextTable(header: ["NAME", "DEVICE", "REGISTERS", "TAGS", "LABELS", "FILE"])
      table.rows = devices.map { device in
        let spec = device.spec
        return [
          Self.name(spec.id), StatusTable.place(spec), String(spec.registers.count),
          spec.tags.isEmpty ? "-" : spec.tags.joined(separator: ","),
          spec.labels.isEmpty ? "-" : spec.labels.map { "\($0.key)=\($0.value)" }.joined(separator: ","),
          "\(device.location.file):\(device.location.line)",
        ].map(Console.visible)
      }
      if !devices.isEmpty { for line in table.lines(withHeader: !noHeaders) { Console.out(line) } }
    }
  }

  static func name(_ id: DeviceID) -> String { id.namespace == "default" ? id.name : id.description }
}

extension CompletionKind {
  /// The devices of the current context, or of a `--git` that comes before.
  static var deviceNames: CompletionKind { .shellCommand("fabctl list 2>/dev/null") }
}
