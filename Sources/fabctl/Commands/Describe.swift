import ArgumentParser
import Cluster
import Control
import Fleet
import Foundation
import Journal

struct Describe: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Everything about one device: registers, who wanted what, and why nothing is being written.",
    discussion:
      "Reads the device once and writes nothing; in a cluster, tells what the operator read last. Exits with 3 when it is unreachable."
  )

  @Argument(help: "The device, `name` or `namespace/name`.", completion: .deviceNames)
  var name: String

  @OptionGroup var source: SourceOptions

  func run() async throws {
    let selection = DeviceSelection(names: [name])
    switch try source.target() {
    case .local(let choice): try await describeLocal(choice, selection)
    case .cluster(let choices): try await describeCluster(choices, selection)
    }
  }

  private func describeCluster(_ choices: [ClusterChoice], _ selection: DeviceSelection) async throws {
    let view = FleetView(try await ClusterListing.read(choices))
    try selection.requireAll(in: view.snapshot.devices.map(\.id))
    var isAway = false
    for device in view.devices(selection) {
      var description = DeviceDescription(device, view.snapshot)
      description.revision = view.revision(of: device.id)
      description.conditionsTold = view.conditions[device.id]
      description.controller = "the operator of \(choices.map(\.name).joined(separator: ", "))"
      if let place = choices.place(of: device.id) {
        description.past = await ClusterListing.events(
          of: place.id, at: place.choice.site(), userAgent: Build.userAgent,
          environment: ProcessInfo.processInfo.environment)
      }
      for line in description.lines { Console.out(Console.visible(line)) }
      isAway = isAway || device.view.status == .unreachable
    }
    if isAway { throw ExitCode(ExitStatus.unreachable.rawValue) }
  }

  private func describeLocal(_ choice: SourceChoice, _ selection: DeviceSelection) async throws {
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
