import ArgumentParser
import Cluster
import Control
import Fleet
import Manifest

struct List: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Print the names of the devices, one a line.",
    discussion: "Reads the manifests only; no device is asked.", aliases: ["ls"])

  enum Format: String, ExpressibleByArgument, CaseIterable { case text, wide, name, json }

  @OptionGroup var source: SourceOptions
  @OptionGroup var chosen: SelectorOption

  @Option(name: .shortAndLong, help: "Output format: text, wide, name or json.")
  var output: Format = .text

  @Flag(help: "Leave the header line of `wide` out.")
  var noHeaders = false

  func run() async throws {
    let selection = DeviceSelection(names: [], selector: chosen.selector)
    let devices = try await listed().filter { selection.matches($0.spec) }
    switch output {
    case .text:
      for device in devices { Console.out(Console.visible(Self.name(device.spec.id))) }
    case .name:
      for device in devices { Console.out("industrialplc.fabgitops.io/\(device.spec.id.name)") }
    case .json:
      let items = devices.map { $0.object ?? ManifestEncoder.document($0.spec) }
      Console.out(PLCStatus.list(items).json().withoutFinalLineBreak)
    case .wide:
      let isCluster = devices.contains { $0.object != nil }
      var table = TextTable(
        header: ["NAME", "DEVICE", "REGISTERS", "TAGS", "LABELS", isCluster ? "REVISION" : "FILE"])
      table.rows = devices.map { device in
        let spec = device.spec
        return [
          Self.name(spec.id), StatusTable.place(spec), String(spec.registers.count),
          spec.tags.isEmpty ? "-" : spec.tags.joined(separator: ","),
          spec.labels.isEmpty ? "-" : spec.labels.map { "\($0.key)=\($0.value)" }.joined(separator: ","),
          device.place,
        ].map(Console.visible)
      }
      if !devices.isEmpty { for line in table.lines(withHeader: !noHeaders) { Console.out(line) } }
    }
  }

  private struct Listed {
    var spec: DeviceSpec
    /// Where it is written.
    var place: String
    var object: ManifestValue?
  }

  private func listed() async throws -> [Listed] {
    switch try source.target() {
    case .local:
      return try await FleetReading.desired(source).devices
        .map { Listed(spec: $0.spec, place: "\($0.location.file):\($0.location.line)") }
        .sorted { $0.spec.id < $1.spec.id }
    case .cluster(let choices):
      let view = FleetView(try await ClusterListing.read(choices))
      return view.snapshot.devices.map { device in
        let revision = view.revision(of: device.id)
        return Listed(
          spec: device.spec, place: revision.isEmpty ? "-" : StatusTable.short(revision),
          object: view.objects[device.id])
      }
    }
  }

  static func name(_ id: DeviceID) -> String { id.namespace == "default" ? id.name : id.description }
}

extension CompletionKind {
  /// The devices of the current context, or of a `--git` that comes before.
  static var deviceNames: CompletionKind { .shellCommand("fabctl list 2>/dev/null") }
}
