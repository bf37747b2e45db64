import Control
import Fleet

/// The events of all sites in one list. The same thing is told twice, by an operator's stream and as a Kubernetes
/// event; whichever comes first is kept.
///
/// At the beginning events wait, so that what both tell of the past can be put into order; `settle` ends that.
struct EventBook: Sendable {
  enum Origin: Hashable, Sendable { case stream, cluster }

  private struct Subject: Hashable {
    var device: DeviceID?
    var reason: String
  }

  static let capacity = 1000
  /// Two clocks and whole seconds lie between two reports of one thing.
  static let sameWithin = TimeSpan.seconds(3)

  private(set) var events: [FleetEvent] = []
  private var waiting: [(event: FleetEvent, origin: Origin)]? = []
  private var nextSequence: UInt64 = 1
  private var told: [Subject: [(at: WallTime, origin: Origin)]] = [:]
  /// What a stream told already: it begins again with the past after each reconnection.
  private var fromStreams: Set<FleetEvent> = []

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
    if origin == .stream {
      var identity = event
      identity.sequence = 0
      guard fromStreams.insert(identity).inserted else { return false }
    }
    let subject = Subject(device: event.device, reason: event.reason)
    let known = told[subject] ?? []
    let isTold = known.contains { other in
      other.origin != origin && (max(other.at, event.at) - min(other.at, event.at)) <= Self.sameWithin
    }
    told[subject] = known.suffix(31) + [(event.at, origin)]
    guard !isTold else { return false }
    var event = event
    event.sequence = nextSequence
    nextSequence += 1
    if events.count >= Self.capacity { forgetOldest() }
    events.append(event)
    return true
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
    if fromStreams.count > Self.capacity * 4 { fromStreams = fromStreams.filter { $0.at >= oldest } }
  }
}
