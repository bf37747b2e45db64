import Control
import Fleet
import LocalEngine
import Synchronization

/// Desired state as the operator's controller hands it over. Each update is whole, so that the engine may skip all
/// but the newest.
final class ClusterDesiredSource: DesiredSource {
  private let stream: AsyncStream<DesiredUpdate>
  private let continuation: AsyncStream<DesiredUpdate>.Continuation
  private let commits = Mutex<[DeviceID: Provenance]>([:])

  init() {
    (stream, continuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
  }

  func hand(_ update: DesiredUpdate, commits: [DeviceID: Provenance]) {
    self.commits.withLock { $0 = commits }
    continuation.yield(update)
  }

  /// To be asked for once.
  func updates() -> AsyncStream<DesiredUpdate> { stream }

  func provenance(of device: DeviceID) async -> [String: Provenance] {
    commits.withLock { $0[device] }.map { ["": $0] } ?? [:]
  }

  func adopt(
    _ device: DeviceID, values: [String: RegisterValue], reason: String, by operatorName: String
  ) async -> AdoptOutcome {
    .refused("adopt: the desired state of \(device) is a resource; change it where it is written down")
  }
}
