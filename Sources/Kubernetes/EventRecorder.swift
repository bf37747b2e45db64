import Synchronization

/// Posts events about objects, from a queue that never grows beyond its limit.
///
/// Telling never waits and never fails: an API server that is away costs events, not control. What was lost
/// is counted.
public final class EventRecorder: Sendable {
  /// What became of the events told so far.
  public struct Counts: Hashable, Sendable {
    public var posted = 0
    /// Over an object's budget.
    public var suppressed = 0
    /// The queue was full, or the server refused.
    public var lost = 0
  }

  private struct State: Sendable {
    var correlator: EventCorrelator
    var counts = Counts()
    var lastError: ClientError?
  }

  private let client: KubernetesClient
  private let state: Mutex<State>
  private let drafts: AsyncStream<EventDraft>
  private let queue: AsyncStream<EventDraft>.Continuation

  /// - Parameter capacity: events that may wait; when full, the newest is lost.
  public init(_ client: KubernetesClient, correlator: EventCorrelator, capacity: Int = 1000) {
    self.client = client
    state = Mutex(State(correlator: correlator))
    (drafts, queue) = AsyncStream.makeStream(bufferingPolicy: .bufferingOldest(max(capacity, 1)))
  }

  /// Tells something; returns at once.
  public func tell(_ draft: EventDraft) {
    if case .enqueued = queue.yield(draft) { return }
    state.withLock { $0.counts.lost &+= 1 }
  }

  public var counts: Counts { state.withLock { $0.counts } }

  /// Why the last lost event was lost, for example the permission that is missing.
  public var lastError: ClientError? { state.withLock { $0.lastError } }

  /// Makes `run` return when what was told has been posted.
  public func finish() { queue.finish() }

  /// Posts what is told, until `finish` or cancellation. To be called once.
  public func run() async {
    for await draft in drafts {
      let decision = state.withLock { $0.correlator.take(draft, at: .now(), wall: .now()) }
      do throws(ClientError) {
        guard try await post(decision) else {
          state.withLock { $0.counts.suppressed &+= 1 }
          continue
        }
        state.withLock {
          $0.counts.posted &+= 1
          $0.lastError = nil
        }
      } catch {
        state.withLock {
          $0.counts.lost &+= 1
          $0.lastError = error
        }
      }
    }
  }

  private func post(_ decision: EventCorrelator.Decision) async throws(ClientError) -> Bool {
    switch decision {
    case .dropped:
      return false
    case .create(let event):
      try await create(event)
    case .patch(let name, let namespace, let patch, let event):
      do throws(ClientError) {
        let _: DynamicObject = try await client.patch(
          .events, namespace: namespace, name: name, .merge, patch)
      } catch {
        guard error.isNotFound else { throw error }
        try await create(event)
      }
    }
    return true
  }

  private func create(_ event: CoreEvent) async throws(ClientError) {
    do throws(ClientError) {
      _ = try await client.create(.events, event, namespace: event.metadata.namespace ?? "default")
    } catch {
      // An earlier try arrived after all.
      guard error.reason == .alreadyExists else { throw error }
    }
  }
}
