import Control
import Dashboard
import Fleet

/// An engine behind a still picture: it shows ``SamplePlant``, answers questions about it, and does nothing.
struct SampleEngine: FleetEngine {
  private let devices: [DeviceSnapshot]

  init(devices: [DeviceSnapshot] = SamplePlant.devices) { self.devices = devices }

  var capabilities: Capabilities { Capabilities(mode: .control) }

  func snapshots() -> AsyncStream<FleetSnapshot> {
    AsyncStream { continuation in
      continuation.yield(SamplePlant.snapshot(devices))
      // Open for as long as somebody looks.
      let waiting = Task { try? await Task.sleep(for: .seconds(1_000_000_000)) }
      continuation.onTermination = { _ in waiting.cancel() }
    }
  }

  func submit(_ command: FleetCommand) async -> CommandOutcome {
    .refused(["this is a still picture: there is nothing behind it"])
  }

  func plan(_ scope: SyncScope) async -> SyncPlan { SamplePlant.plan(scope, devices) }

  func history(_ query: HistoryQuery) async throws -> [DeviceHistory] {
    SamplePlant.history(query, devices)
  }

  func provenance(of device: DeviceID) async -> [String: Provenance] { SamplePlant.provenance(device) }

  func adopt(
    _ device: DeviceID, registers: [String], reason: String, by operatorName: String
  ) async -> AdoptOutcome {
    .refused("this is a still picture: there is nothing behind it")
  }
}
