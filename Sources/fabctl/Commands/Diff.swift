import ArgumentParser
import Control
import Fleet
import Manifest

struct Diff: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Print each register whose actual value differs from the desired one.",
    discussion:
      "Reads every device once and writes nothing; in a cluster, compares what the operator read last. Exits with 1 when there is drift, 3 when some devices "
      + "are unreachable, or registers cannot be read, and nothing else drifted, 7 when a device was not read in time."
  )

  enum Format: String, ExpressibleByArgument, CaseIterable { case text, json, name }

  @Argument(help: "Devices, `name` or `namespace/name`; all when none is named.", completion: .deviceNames)
  var names: [String] = []

  @OptionGroup var source: SourceOptions
  @OptionGroup var chosen: SelectorOption

  @Option(name: .shortAndLong, help: "Output format: text, json or name.")
  var output: Format = .text

  func run() async throws {
    let selection = DeviceSelection(names: names, selector: chosen.selector)
    let view = try await FleetReading.once(source, selection)
    let devices = view.devices(selection)
    let isLate = view.tellLate(selection)
    let away = devices.filter { $0.view.status == .unreachable }
    for device in away {
      Console.error("\(device.id): unreachable: \(device.view.lastError ?? "no answer")")
    }
    let unknown = devices.filter { !view.late.contains($0.id) }.flatMap(NotKnown.lines)
    for line in unknown { Console.error(line) }
    let drifts = devices.filter { $0.view.status != .unreachable }.flatMap(Drift.all)
    switch output {
    case .text:
      for drift in drifts {
        let place = drift.place.map { "  # \($0.file):\($0.line)" } ?? ""
        let spec = drift.register.spec
        Console.out(Console.visible("\(drift.device) \(spec.name)\(place)"))
        Console.out(Console.visible("- desired  \(spec.desired?.formattedWithUnit(spec) ?? "-")"))
        Console.out(Console.visible("+ actual   \(drift.register.actual?.formattedWithUnit(spec) ?? "?")"))
      }
    case .name:
      for drift in drifts { Console.out(Console.visible("\(drift.device)/\(drift.register.spec.name)")) }
    case .json:
      Console.out(ManifestValue.array(drifts.map(\.document)).json().withoutFinalLineBreak)
    }
    if isLate { throw ExitCode(ExitStatus.timedOut.rawValue) }
    if !drifts.isEmpty { throw ExitCode(ExitStatus.driftFound.rawValue) }
    if !away.isEmpty || !unknown.isEmpty { throw ExitCode(ExitStatus.unreachable.rawValue) }
  }
}

/// One register that is not as desired.
private struct Drift {
  var device: DeviceID
  var register: RegisterView
  var place: SourceLocation?

  static func all(_ device: DeviceSnapshot) -> [Drift] {
    device.view.registers.enumerated().compactMap { index, register in
      guard register.inSync == false, register.exception == nil else { return nil }
      let place = device.sources.indices.contains(index) ? device.sources[index] : nil
      return Drift(device: device.id, register: register, place: place)
    }
  }

  var document: ManifestValue {
    var members: [ManifestValue.Member] = [
      .init("namespace", .string(device.namespace)), .init("name", .string(device.name)),
      .init("register", .string(register.spec.name)),
      .init("desired", register.spec.desired.map { ManifestValue($0) } ?? .null),
      .init("actual", register.actual.map { ManifestValue($0) } ?? .null),
    ]
    if !register.spec.unit.isEmpty { members.append(.init("unit", .string(register.spec.unit))) }
    if let place {
      members.append(.init("source", ["file": .string(place.file), "line": .integer(Int64(place.line))]))
    }
    return .object(members)
  }
}
