import ArgumentParser
import Control
import Fleet

struct List: AsyncParsableCommand {
  static let configuration = CommandConfiguration(abstract: "Print the names of the devices, one a line.")

  @OptionGroup var source: SourceOptions

  func run() async throws {
    let desired = try await FleetReading.desired(source)
    for device in desired.devices.map(\.spec.id).sorted() {
      Console.out(Console.visible(device.namespace == "default" ? device.name : device.description))
    }
  }
}
