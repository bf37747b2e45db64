/// Decides what becomes of each thing told: a new event, a count on an old one, or nothing. Pure.
///
/// The rules are client-go's (`tools/record/events_cache.go`): the same event again raises the count of the
/// first; more than ten *similar* events (all but the message equal) within ten minutes are combined; each
/// object has a budget of 25 events, refilled by one every five minutes.
public struct EventCorrelator: Sendable {
  public struct Configuration: Hashable, Sendable {
    /// Similar events with different messages before they are combined.
    public var maxSimilar = 10
    /// Similar events further apart than this do not add up.
    public var similarWithin = Duration.seconds(600)
    /// Events an object may have at once.
    public var burst = 25
    /// For one more.
    public var refill = Duration.seconds(300)
    /// Objects and events remembered; the longest unused are forgotten.
    public var capacity = 4096

    public init() {}
  }

  public enum Decision: Hashable, Sendable {
    case create(CoreEvent)
    /// Raise the count of an existing event; if it is gone (events expire), `create` instead.
    case patch(name: String, namespace: String, JSONValue, orCreate: CoreEvent)
    /// The object's budget is used up.
    case dropped
  }

  private struct SimilarKey: Hashable, Sendable {
    var about: ObjectReference
    var kind: CoreEvent.Kind
    var reason: String
  }

  private struct ExactKey: Hashable, Sendable {
    var similar: SimilarKey
    /// Nil for what is combined from many messages.
    var message: String?
  }

  private struct Similar: Sendable {
    var messages: Set<String>
    var last: MonotonicInstant
  }

  private let configuration: Configuration
  private let component: String
  private let instance: String
  private var budgets: RecentlyUsed<ObjectReference, TokenBucket>
  private var similar: RecentlyUsed<SimilarKey, Similar>
  private var written: RecentlyUsed<ExactKey, CoreEvent>
  private var serial: UInt64 = 0

  /// - Parameters:
  ///   - component: who tells, as `kubectl get events` shows it: `fabgitops-operator`.
  ///   - instance: which of several, for example the pod's name.
  public init(component: String, instance: String, configuration: Configuration = Configuration()) {
    self.configuration = configuration
    self.component = component
    self.instance = instance
    budgets = RecentlyUsed(capacity: configuration.capacity)
    similar = RecentlyUsed(capacity: configuration.capacity)
    written = RecentlyUsed(capacity: configuration.capacity)
  }

  /// Takes one draft. `wall` goes into the event's timestamps and name.
  public mutating func take(_ draft: EventDraft, at now: MonotonicInstant, wall: Timestamp) -> Decision {
    // The same object, whatever its version.
    var about = draft.about
    about.resourceVersion = nil
    var bucket =
      budgets[about] ?? TokenBucket(size: configuration.burst, refill: configuration.refill, at: now)
    let isAllowed = bucket.take(at: now)
    budgets[about] = bucket
    let key = aggregate(draft, about, at: now)
    let decision = observe(key, draft, wall: wall)
    guard isAllowed else { return .dropped }
    return decision
  }

  /// The identity under which the draft is counted: its own, or that of all similar ones.
  private mutating func aggregate(
    _ draft: EventDraft, _ about: ObjectReference, at now: MonotonicInstant
  ) -> ExactKey {
    let key = SimilarKey(about: about, kind: draft.kind, reason: draft.reason)
    let message = String(draft.message.prefix(1024))
    var record = similar[key] ?? Similar(messages: [], last: now)
    if record.last.duration(to: now) > configuration.similarWithin { record.messages = [] }
    record.last = now
    if record.messages.count < configuration.maxSimilar { record.messages.insert(message) }
    let isCrowded = record.messages.count >= configuration.maxSimilar && !record.messages.contains(message)
    similar[key] = record
    return ExactKey(similar: key, message: isCrowded ? nil : message)
  }

  private mutating func observe(_ key: ExactKey, _ draft: EventDraft, wall: Timestamp) -> Decision {
    let shown = key.message ?? String(("(combined from similar events): " + draft.message).prefix(1024))
    guard var event = written[key] else {
      let event = newEvent(draft, message: shown, wall: wall)
      written[key] = event
      return .create(event)
    }
    event.count = min((event.count ?? 1) &+ 1, Int(Int32.max))
    event.lastTimestamp = wall
    event.message = shown
    written[key] = event
    let patch: JSONValue = [
      "count": .integer(Int64(event.count ?? 1)), "lastTimestamp": .string(wall.rfc3339),
      "message": .string(shown),
    ]
    return .patch(
      name: event.metadata.name ?? "", namespace: event.metadata.namespace ?? "", patch, orCreate: event)
  }

  private mutating func newEvent(_ draft: EventDraft, message: String, wall: Timestamp) -> CoreEvent {
    serial &+= 1
    let moment = UInt64(bitPattern: wall.seconds) &* 1_000_000_000 &+ UInt64(wall.nanoseconds) &+ serial
    // An object name may have 253 characters.
    let stem = (draft.about.name ?? "unknown").prefix(230)
    // Events about cluster-scoped objects live in the default namespace.
    let namespace = draft.about.namespace ?? "default"
    var event = CoreEvent(
      metadata: ObjectMeta(name: "\(stem).\(String(moment, radix: 16))", namespace: namespace),
      involvedObject: draft.about)
    event.reason = draft.reason
    event.message = message
    event.type = draft.kind.rawValue
    event.source = .init(component: component, host: nil)
    event.firstTimestamp = wall
    event.lastTimestamp = wall
    event.count = 1
    event.reportingComponent = component
    event.reportingInstance = instance
    return event
  }
}

/// Tokens that come back one at a time.
struct TokenBucket: Hashable, Sendable {
  private let size: Int
  private let refill: Duration
  private var tokens: Int
  /// When the token being refilled began to be.
  private var since: MonotonicInstant

  init(size: Int, refill: Duration, at now: MonotonicInstant) {
    self.size = max(size, 0)
    self.refill = max(refill, .milliseconds(1))
    tokens = self.size
    since = now
  }

  mutating func take(at now: MonotonicInstant) -> Bool {
    let elapsed = max(since.duration(to: now), .zero)
    let gained = Int(min(elapsed / refill, Double(size)))
    if gained > 0 {
      tokens = min(tokens + gained, size)
      since = since.advanced(by: refill * gained)
    }
    if tokens == size { since = now }
    guard tokens > 0 else { return false }
    tokens -= 1
    return true
  }
}
