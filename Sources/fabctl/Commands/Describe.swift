import ArgumentParser
import Control
import Fleet
import Foundation

struct Describe: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Everything about one device: registers, who wanted what, and why nothing is being written.")

  @Argument(help: "The device, `name` or `namespace/name`.")
  var name: String

  @OptionGroup var source: SourceOptions

  func run() async throws {
    let selection = DeviceSelection(names: [name])
    var session = try await LocalSession.open(source, .observe, logger: FleetReading.quietLogger)
    do {
      let snapshot = try await FleetReading.settled(session.engine, selection)
      for device in snapshot.devices where selection.matches(device.id) {
        let provenance = await session.engine.provenance(of: device.id)
        for line in DeviceDescription(device, snapshot, provenance).lines {
          Console.out(Console.visible(line))
        }
      }
      await session.close()
    } catch {
      await session.close()
      throw error
    }
  }
}
