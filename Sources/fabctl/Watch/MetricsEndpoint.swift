import Control
import Fleet
import Foundation
import Logging
import Metrics
import Observability

/// `--metrics ADDRESS`: the read-only endpoints beside a running engine.
struct MetricsEndpoint {
  private let registry = MetricRegistry()
  private var options: ObservabilityOptions
  private let address: String

  /// Before anything makes a metric.
  init(listen address: String) throws {
    guard let options = ObservabilityOptions(listen: address) else {
      throw CommandFailure(.usage, "fabctl: --metrics \(address): not an address; try 127.0.0.1:8080")
    }
    self.options = options
    self.options.version = Build.version
    self.address = address
    MetricsSystem.bootstrap(registry)
  }

  /// Serves until the task is cancelled. An address that cannot be had is told, and the watch goes on without.
  func serve(
    _ engine: any FleetEngine, _ logger: Logger, tell: @escaping @Sendable (String) -> Void
  ) -> Task<Void, Never> {
    let server = ObservabilityServer(
      engine: engine, registry: registry, options: options, logger: logger,
      now: DashboardRuntime.now)
    return Task.detached { [address] in
      do {
        try await server.run()
      } catch {
        if !Task.isCancelled { tell("no metrics on \(address): \(error)") }
      }
    }
  }
}
