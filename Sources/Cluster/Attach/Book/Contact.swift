import Control
import Kubernetes

/// Whether one part of what is shown still comes: the resources, the events, an operator's stream.
struct Contact: Hashable, Sendable {
  enum State: Hashable, Sendable {
    case connecting
    case live
    /// One line: why nothing comes.
    case lost(String)
    /// The permission that is missing.
    case refused(String)
    /// Not asked for, or not there.
    case absent(String)
  }

  private(set) var state = State.connecting
  /// When the present state began.
  private(set) var since: Moment
  private(set) var lastHeard: Moment?

  init(since: Moment) { self.since = since }

  mutating func heard(at now: Moment) {
    lastHeard = now
    turn(.live, at: now)
  }

  mutating func turn(_ next: State, at now: Moment) {
    guard next != state else { return }
    // Another reason for the same silence does not make the silence younger.
    if case .lost = next, case .lost = state {} else { since = now }
    state = next
  }

  mutating func fail(_ error: ClientError, at now: Moment) { turn(Self.state(for: error), at: now) }

  static func state(for error: ClientError) -> State {
    if case .forbidden(let verb, let target)? = error.reason {
      return .refused("needs permission to \(verb) \(target)")
    }
    return .lost("\(error)")
  }

  var isLive: Bool { state == .live }

  /// How long nothing has been heard.
  func silence(at now: Moment) -> TimeSpan { now.instant - (lastHeard ?? since).instant }
}

extension Contact {
  /// It has failed in some way: nothing is to be waited for.
  var isOver: Bool {
    switch state {
    case .connecting, .live: false
    case .lost, .refused, .absent: true
    }
  }
}
