import Cluster
import Control
import Fleet
import Foundation
import Kubernetes

/// An operator's word, said through the API server to the cluster's operator.
struct ClusterOverrides {
  let choices: [ClusterChoice]

  /// One device at a time; what was done before a failure is told, the failure ends the command.
  func each(
    _ selection: DeviceSelection, done: String, check: (DeviceSpec) throws -> Void = { _ in },
    _ body: (OverrideWriter, DeviceID) async throws(ClientError) -> Void
  ) async throws {
    let view = FleetView(try await ClusterListing.read(choices))
    try selection.requireAll(in: view.snapshot.devices.map(\.id))
    try selection.requireOneEach(in: view.snapshot.devices.map(\.id))
    let devices = view.devices(selection)
    guard !devices.isEmpty else {
      throw CommandFailure(.usage, "fabctl: no device matches the selector; see `fabctl list -o wide`")
    }
    for device in devices { try check(device.spec) }
    for device in devices {
      guard let (choice, own) = choices.place(of: device.id) else { continue }
      do throws(ClientError) {
        try await body(writer(choice), own)
      } catch {
        throw CommandFailure(cluster: choice.name, error)
      }
      Console.out(Console.visible("\(List.name(device.id)) \(done)"))
    }
  }

  func hold(_ hold: Hold, namespace: String) async throws {
    for choice in choices {
      do throws(ClientError) {
        try await writer(choice).hold(hold, namespace: namespace)
      } catch {
        throw CommandFailure(cluster: choice.name, error)
      }
      Console.out(
        Console.visible(
          "\(choice.name): all writes of the operator in namespace \(namespace) held; `fabctl release` ends it"
        ))
    }
  }

  func release(namespace: String) async throws {
    for choice in choices {
      let stood: Bool
      do throws(ClientError) {
        stood = try await writer(choice).release(namespace: namespace)
      } catch {
        throw CommandFailure(cluster: choice.name, error)
      }
      let word = stood ? "released: writes are allowed again" : "no hold stands in namespace \(namespace)"
      Console.out(Console.visible("\(choice.name): \(word)"))
    }
  }

  private func writer(_ choice: ClusterChoice) -> OverrideWriter {
    OverrideWriter(
      choice.configuration, userAgent: Build.userAgent, environment: ProcessInfo.processInfo.environment)
  }
}
