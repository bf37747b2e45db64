import Control
import Fleet
import GitSource

/// Desired state from a Git repository, as the engine takes it.
public struct GitDesiredSource: DesiredSource {
  private let source: GitSource

  public init(_ source: GitSource) { self.source = source }

  public func updates() -> AsyncStream<DesiredUpdate> {
    let (stream, continuation) = AsyncStream.makeStream(of: DesiredUpdate.self)
    let task = Task.detached { [source] in
      for await update in source.updates() { continuation.yield(Self.translate(update)) }
      continuation.finish()
    }
    continuation.onTermination = { _ in task.cancel() }
    return stream
  }

  private static func translate(_ update: SourceUpdate) -> DesiredUpdate {
    var status = update.status
    // Nothing was ever in force, and the repository itself is fine: what is wrong is what it holds.
    if update.inForce == nil, case .git(let failure)? = update.failure,
      case .noManifests(_, let revision) = failure
    {
      status.state = .invalid(revision: revision, problems: [failure.description])
    }
    guard update.isNewRevision, let revision = update.inForce else {
      return DesiredUpdate(status: status, state: nil)
    }
    let devices = revision.devices.map {
      DesiredState.Device(spec: $0.spec, sources: revision.sources(of: $0))
    }
    return DesiredUpdate(status: status, state: DesiredState(devices: devices))
  }

  public func provenance(of device: DeviceID) async -> [String: Provenance] {
    await source.provenance(of: device)
  }

  public func adopt(
    _ device: DeviceID, values: [String: RegisterValue], reason: String, by operatorName: String
  ) async -> AdoptOutcome {
    let wanted = values.keys.sorted().compactMap { name in
      values[name].map { AdoptRequest.Value(register: name, actual: $0) }
    }
    return await source.adopt(
      AdoptRequest(
        device: device, values: wanted, reason: reason, by: operatorName, at: EngineClock.now().wall))
  }
}
