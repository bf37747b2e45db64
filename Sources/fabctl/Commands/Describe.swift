import ArgumentParser
import Control
import Fleet
import Foundation
import Journal

struct Describe: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Everything about one device: registers, who wanted what, and why nothing is being written.",
    discussion: "Reads the device once and writes nothing. Exits with 3 when it is unreachable.")

  @Argument(help: "The device, `name` or `namespace/name`.", completion: .deviceNames)
  var name: String

  @OptionGroup var source: SourceOptions

  func run() async throws {
    let selection = DeviceSelection(names: [name])
    let choice = try source.choice()
    let records = await StandingRecords.load(choice)
    let reader = try SetJournal.reader(choice)
    try await LocalSession.with(source, .observe) { session in
      let seen = try await FleetReading.settled(session.engine, selection)
      let snapshot = records.applied(to: seen)
      for device in snapshot.devices where selection.matches(device.spec) {
        var description = DeviceDescription(device, snapshot)
        description.provenance = await session.engine.provenance(of: device.id)
        description.controller = Controller.current(LocalSession.directory(choice))
        if let reader {
          description.past = (try? await reader.events(EventQuery(device: device.id, limit: 12))) ?? []
        }
        for line in description.lines { Console.out(Console.visible(line)) }
        if device.view.status == .unreachable { throw ExitCode(ExitStatus.unreachable.rawValue) }
      }
    }
  }
}
