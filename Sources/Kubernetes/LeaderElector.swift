import Foundation
import Synchronization

/// Runs a `LeaseElection` against an API server.
public final class LeaderElector: Sendable {
  public enum Event: Hashable, Sendable {
    case elected
    case deposed(String)
    case observed(leader: String)
    /// A request failed; leadership, if held, lasts until the deadline.
    case troubled(ClientError)
  }

  private let client: KubernetesClient
  private let namespace: String
  private let name: String
  private let election: Mutex<LeaseElection>

  /// - Parameter name: of the Lease, which is created when missing.
  public init(
    _ client: KubernetesClient, namespace: String, name: String, configuration: LeaseElection.Configuration,
    seed: UInt64 = .random(in: .min ... .max)
  ) {
    self.client = client
    self.namespace = namespace
    self.name = name
    election = Mutex(LeaseElection(configuration, seed: seed))
  }

  /// Until when this process is certainly the only leader; nil when it is not one. Read it at the moment of
  /// acting.
  public var writeDeadline: MonotonicInstant? { election.withLock { $0.writeDeadline } }

  /// Whether something begun now that will be over at `end` may be begun.
  public func mayWrite(until end: MonotonicInstant) -> Bool { election.withLock { $0.mayWrite(until: end) } }

  /// Acquires and renews until the task is cancelled, then returns without releasing: `release()` is a step
  /// of its own, to be taken when the last write is over.
  ///
  /// - Parameter report: called in order; must return quickly, since renewals wait for it.
  public func run(_ report: @Sendable (Event) async -> Void) async {
    var actions = step(.start)
    while !Task.isCancelled {
      var answer: LeaseElection.Input?
      var until: MonotonicInstant?
      for action in actions {
        switch action {
        case .elected: await report(.elected)
        case .deposed(let reason): await report(.deposed(reason))
        case .observed(let leader): await report(.observed(leader: leader))
        case .wait(let instant): until = instant
        case .released: return
        case .read, .create, .replace: answer = await perform(action, limit: requestLimit)
        }
      }
      if case .failed(let error)? = answer, !error.isCancelled { await report(.troubled(error)) }
      if let answer {
        actions = step(answer)
      } else if let until {
        try? await Task.sleep(for: max(MonotonicInstant.now().duration(to: until), .zero))
        actions = step(.timer)
      } else {
        return
      }
    }
    // The answer to a request under way was thrown away with it; ask for nothing more.
    _ = step(.failed(.transport(TransportFailure(.cancelled, server: "", message: "stopped"))))
  }

  /// Gives the lease up, so that another candidate need not wait for it to run out. Call it when `run` has
  /// returned and no write is under way.
  ///
  /// - Parameter limit: after this long the lease is left to run out by itself.
  public func release(within limit: Duration = .seconds(8)) async {
    let end = MonotonicInstant.now().advanced(by: limit)
    var actions = step(.release)
    while let request = actions.first(where: Self.isRequest) {
      actions = step(await perform(request, limit: max(MonotonicInstant.now().duration(to: end), .zero)))
    }
  }

  private static func isRequest(_ action: LeaseElection.Action) -> Bool {
    switch action {
    case .read, .create, .replace: return true
    default: return false
    }
  }

  private func step(_ input: LeaseElection.Input) -> [LeaseElection.Action] {
    election.withLock { $0.step(input, at: .now(), wall: .now()) }
  }

  /// Below the renew deadline, so that a hanging request leaves time for another.
  private var requestLimit: Duration {
    min(election.withLock { $0.configuration.renewDeadline } / 2, .seconds(5))
  }

  /// One try.
  private func perform(_ action: LeaseElection.Action, limit: Duration) async -> LeaseElection.Input {
    do {
      return try await withDeadline(limit) { try await self.request(action) }
    } catch let error as ClientError {
      return .failed(error)
    } catch {
      return .failed(.transport(client.transport.failure(error)))
    }
  }

  private func request(_ action: LeaseElection.Action) async throws(ClientError) -> LeaseElection.Input {
    switch action {
    case .read:
      do throws(ClientError) {
        return .read(try await read())
      } catch {
        guard error.isNotFound else { throw error }
        return .read(nil)
      }
    case .create(let spec):
      let lease = Lease(metadata: ObjectMeta(name: name, namespace: namespace), spec: spec)
      return .written(try await client.create(.leases, lease, namespace: namespace, retry: .never))
    case .replace(let lease):
      return .written(
        try await client.replace(.leases, lease, namespace: namespace, name: name, retry: .never))
    default:
      return .timer
    }
  }

  private func read() async throws(ClientError) -> Lease {
    let request: APIRequest
    do {
      request = try APIRequest.get(.leases, namespace: namespace, name: name)
    } catch {
      throw .request(error)
    }
    return try await client.object(request, retry: .never)
  }
}
