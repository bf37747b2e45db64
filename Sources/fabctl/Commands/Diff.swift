import ArgumentParser
import Control
import Fleet

struct Diff: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Print each register whose actual value differs from the desired one.",
    discussion:
      "Reads every device once and writes nothing. Exits with 1 when there is drift, 3 when some devices "
      + "are unreachable and none of the others drifted.")

  @Argument(help: "Devices, `name` or `namespace/name`; all when none is named.")
  var names: [String] = []

  @OptionGroup var source: SourceOptions

  func run() async throws {
    let selection = DeviceSelection(names: names)
    let snapshot = try await FleetReading.once(source, selection)
    var drifted = false
    var unreachable = false
    for device in snapshot.devices where selection.matches(device.id) {
      if device.view.status == .unreachable {
        unreachable = true
        Console.error("\(device.id): unreachable: \(device.view.lastError ?? "no answer")")
        continue
      }
      for (index, register) in device.view.registers.enumerated() where register.inSync == false {
        drifted = true
        let spec = register.spec
        let place =
          index < device.sources.count ? device.sources[index].map { "  # \($0.file):\($0.line)" } ?? "" : ""
        Console.out(Console.visible("\(device.id) \(spec.name)\(place)"))
        Console.out(Console.visible("- desired  \(spec.desired?.formattedWithUnit(spec) ?? "-")"))
        Console.out(Console.visible("+ actual   \(register.actual?.formattedWithUnit(spec) ?? "?")"))
      }
    }
    if drifted { throw ExitCode(ExitStatus.driftFound.rawValue) }
    if unreachable { throw ExitCode(ExitStatus.unreachable.rawValue) }
  }
}
