import Control
import Fleet
import LocalEngine

/// Desired state from the test itself.
final class ScriptedSource: DesiredSource {
  private let stream: AsyncStream<DesiredUpdate>
  private let continuation: AsyncStream<DesiredUpdate>.Continuation

  init() { (stream, continuation) = AsyncStream.makeStream() }

  func updates() -> AsyncStream<DesiredUpdate> { stream }
  func provenance(of device: DeviceID) async -> [String: Provenance] { [:] }
  func adopt(
    _ device: DeviceID, values: [String: RegisterValue], reason: String, by: String
  ) async -> AdoptOutcome {
    .refused("not in this test")
  }

  func desire(_ specs: [DeviceSpec], revision: String = "main@sha1:1", trustProblem: String? = nil) {
    var status = SourceStatus(origin: "test", revision: revision)
    status.state = .good
    continuation.yield(
      DesiredUpdate(
        status: status, state: DesiredState(devices: specs.map { .init(spec: $0) }),
        trustProblem: trustProblem))
  }
}
