import Synchronization

/// Posts events about objects, from a queue that never grows beyond its limit.
///
/// Telling never waits and never fails. While the API server is away what was told waits in the queue, with the time
/// at which it was told; what is lost in the end is counted.
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

  private struct Told: Sendable {
    var draft: EventDraft
    var at: MonotonicInstant
    var wall: Timestamp
  }

  private let client: KubernetesClient
  private let state: Mutex<State>
  private let drafts: AsyncStream<Told>
  private let queue: AsyncStream<Told>.Continuation
  private let patience: Patience

  /// For how long an event is offered again, counted from when the trouble began.
  public struct Patience: Hashable, Sendable {
    /// While the API server cannot be reached or is unwell.
    public var away = Duration.seconds(900)
    /// While it refuses: one that has just started refuses everybody until it has read the roles.
    public var refused = Duration.seconds(20)
    public var backoff = Backoff(base: .milliseconds(500), cap: .seconds(5))

    public init() {}
  }

  /// - Parameter capacity: events that may wait; when full, the newest is lost.
  public init(
    _ client: KubernetesClient, correlator: EventCorrelator, capacity: Int = 1000,
    patience: Patience = Patience()
  ) {
    self.client = client
    self.patience = patience
    state = Mutex(State(correlator: correlator))
    (drafts, queue) = AsyncStream.makeStream(bufferingPolicy: .bufferingOldest(max(capacity, 1)))
  }

  /// Tells something; returns at once.
  public func tell(_ draft: EventDraft) {
    if case .enqueued = queue.yield(Told(draft: draft, at: .now(), wall: .now())) { return }
    state.withLock { $0.counts.lost &+= 1 }
  }

  public var counts: Counts { state.withLock { $0.counts } }

  /// Why the last lost event was lost, for example the permission that is missing.
  public var lastError: ClientError? { state.withLock { $0.lastError } }

  /// Makes `run` return when what was told has been posted.
  public func finish() { queue.finish() }

  /// Posts what is told, until `finish` or cancellation. To be called once.
  public func run() async {
    var trouble = Trouble(patience)
    for await told in drafts {
      let decision = state.withLock { $0.correlator.take(told.draft, at: told.at, wall: told.wall) }
      await deliver(decision, &trouble)
    }
  }

  private func deliver(_ decision: EventCorrelator.Decision, _ trouble: inout Trouble) async {
    while true {
      do throws(ClientError) {
        let isPosted = try await post(decision)
        trouble.ended()
        return state.withLock { state in
          if isPosted { state.counts.posted &+= 1 } else { state.counts.suppressed &+= 1 }
          if isPosted { state.lastError = nil }
        }
      } catch {
        if let wait = trouble.wait(after: error, at: .now()), await Self.sleep(wait) { continue }
        return state.withLock {
          $0.counts.lost &+= 1
          $0.lastError = error
        }
      }
    }
  }

  /// - Returns: whether nobody has cancelled it.
  private static func sleep(_ span: Duration) async -> Bool {
    (try? await Task.sleep(for: span)) != nil
  }

  /// How long the present trouble lasts, and what that means for the event in hand. Pure.
  struct Trouble: Sendable {
    private let patience: Patience
    private var since: MonotonicInstant?
    private var failures = 0
    private var generator = SeededGenerator(seed: 1)

    init(_ patience: Patience) { self.patience = patience }

    mutating func ended() {
      since = nil
      failures = 0
    }

    /// The wait before the next try; nil: the event is lost.
    mutating func wait(after error: ClientError, at now: MonotonicInstant) -> Duration? {
      guard let limit = limit(error) else { return nil }
      let begin = since ?? now
      since = begin
      guard begin.duration(to: now) < limit else { return nil }
      failures = min(failures + 1, 100)
      return patience.backoff.delay(afterFailure: failures, using: &generator)
    }

    private func limit(_ error: ClientError) -> Duration? {
      switch error {
      case .transport(let failure) where failure.kind == .cancelled: return nil
      case .transport, .credentials: return patience.away
      case .refused(let refusal):
        switch refusal.reason {
        case .unauthorized, .unavailable, .timeout, .tooManyRequests: return patience.away
        case .forbidden: return patience.refused
        default: return nil
        }
      case .undecodable, .request: return nil
      }
    }
  }

  /// - Returns: `false`: it was one too many of its object.
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
