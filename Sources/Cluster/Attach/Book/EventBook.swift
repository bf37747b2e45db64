import Control
import Fleet

/// The events of all sites in one list. The same thing is told twice, by an operator's stream and as a Kubernetes
/// event; whichever comes first is kept. One telling of each kind makes a pair, so that a device which drifts again
/// within seconds is not taken for the same drift.
///
/// At the beginning events wait, so that what both tell of the past can be put into order; `settle` ends that.
struct EventBook: Sendable {
  enum Origin: Hashable, Sendable { case stream, cluster }

  private struct Subject: Hashable {
    var device: DeviceID?
    var reason: String
  }

  private struct Telling {
    var at: WallTime
    var origin: Origin
    /// The other kind has told it, too.
    var isPaired = false
  }

  private struct Identity: Hashable {
    var event: FleetEvent
    var origin: Origin
  }

  static let capacity = 1000
  /// Tellings remembered of one device and reason.
  private static let memory = 32
  /// Two clocks and whole seconds lie between two reports of one thing.
  static let sameWithin = TimeSpan.seconds(3)

  private(set) var events: [FleetEvent] = []
  private var waiting: [(event: FleetEvent, origin: Origin)]? = []
  private var nextSequence: UInt64 = 1
  private var told: [Subject: [Telling]] = [:]
  /// What was told already: streams and lists begin again with the past after each reconnection.
  private var heard: Set<Identity> = []

  var isSettled: Bool { waiting == nil }

  /// - Returns: whether it is news.
  @discardableResult
  mutating func add(_ event: FleetEvent, from origin: Origin) -> Bool {
    if waiting != nil {
      waiting?.append((event, origin))
      return true
    }
    return take(event, from: origin)
  }

  /// From here on events are shown as they come.
  mutating func settle() {
    guard let all = waiting else { return }
    waiting = nil
    // Of two that tell the same, the stream's says more.
    let ordered = all.enumerated().sorted { a, b in
      (a.element.origin == .stream ? 0 : 1, a.offset) < (b.element.origin == .stream ? 0 : 1, b.offset)
    }
    for item in ordered { _ = take(item.element.event, from: item.element.origin) }
    events.sort { ($0.at, $0.sequence) < ($1.at, $1.sequence) }
    for index in events.indices { events[index].sequence = UInt64(index) + 1 }
    nextSequence = UInt64(events.count) + 1
  }

  private mutating func take(_ event: FleetEvent, from origin: Origin) -> Bool {
    var event = event
    event.sequence = 0
    guard heard.insert(Identity(event: event, origin: origin)).inserted else { return false }
    guard !pair(event, origin) else { return false }
    event.sequence = nextSequence
    nextSequence += 1
    if events.count >= Self.capacity { forgetOldest() }
    events.append(event)
    return true
  }

  /// Whether the other kind has told it already; each of its tellings counts for one of these.
  private mutating func pair(_ event: FleetEvent, _ origin: Origin) -> Bool {
    let subject = Subject(device: event.device, reason: EventReason.inCluster(event.reason))
    var tellings = told[subject] ?? []
    func distance(_ telling: Telling) -> TimeSpan { max(telling.at, event.at) - min(telling.at, event.at) }
    let open = tellings.indices.filter { index in
      tellings[index].origin != origin && !tellings[index].isPaired
        && distance(tellings[index]) <= Self.sameWithin
    }
    let nearest = open.min { distance(tellings[$0]) < distance(tellings[$1]) }
    if let nearest { tellings[nearest].isPaired = true }
    tellings.append(Telling(at: event.at, origin: origin, isPaired: nearest != nil))
    told[subject] = tellings.suffix(Self.memory)
    return nearest != nil
  }

  private mutating func forgetOldest() {
    events.removeFirst(Self.capacity / 4)
    guard let oldest = events.first?.at else { return }
    told = told.compactMapValues { entries in
      let kept = entries.filter { $0.at >= oldest }
      return kept.isEmpty ? nil : kept
    }
    // A stream tells at most its last events again, which are younger than what was dropped here, or they are
    // shown once more: better than a set without bounds.
    if heard.count > Self.capacity * 4 { heard = heard.filter { $0.event.at >= oldest } }
  }
}
