import Control
import Kubernetes

/// Decides whose status is written when. Pure: time is an argument.
///
/// What people must know goes soon, values take turns, and every status is refreshed once a minute so that its age
/// tells that somebody is watching. Changes that come in quick succession share one write. Two budgets keep the API
/// server from being flooded: a small one for values and refreshes, a larger one for news.
struct StatusSchedule: Sendable {
  enum Urgency: Int, Hashable, Sendable, Comparable {
    case inTurn, soon
    static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }
  }

  struct Configuration: Hashable, Sendable {
    /// A status that has not changed is written again after this long.
    var refresh = Duration.seconds(60)
    /// How long a change waits for others of its device.
    var settle = Duration.milliseconds(100)
    /// Least time between two writes of one device: news, and mere values.
    var gapOfNews = Duration.seconds(1)
    var gapOfValues = Duration.milliseconds(1500)
    /// Writes a second in the long run, and at once.
    var newsRate = 60.0
    var newsBurst = 200.0
    var turnRate = 17.0
    var turnBurst = 20.0
    /// Requests at the same time.
    var maxInFlight = 12

    init() {}
  }

  private struct Entry: Sendable {
    var urgency: Urgency?
    var since = MonotonicInstant(nanoseconds: .min)
    var written: MonotonicInstant?
    var notBefore = MonotonicInstant(nanoseconds: .min)
    var isInFlight = false
    var failures = 0
  }

  let configuration: Configuration
  private var entries: [DeviceID: Entry] = [:]
  /// In the order of their turns, which the cursor remembers.
  private var order: [DeviceID] = []
  private var cursor = 0
  private var inFlight = 0
  private var news: Budget
  private var turns: Budget

  init(_ configuration: Configuration = .init(), at now: MonotonicInstant) {
    self.configuration = configuration
    news = Budget(rate: configuration.newsRate, burst: configuration.newsBurst, at: now)
    turns = Budget(rate: configuration.turnRate, burst: configuration.turnBurst, at: now)
  }

  /// Nothing waits to be written and nothing is under way.
  var isIdle: Bool { inFlight == 0 && !entries.values.contains { $0.urgency != nil } }

  /// A device has something to tell. Unknown devices are taken in.
  mutating func note(_ id: DeviceID, _ urgency: Urgency, at now: MonotonicInstant) {
    if entries[id] == nil {
      entries[id] = Entry()
      order.append(id)
    }
    guard var entry = entries[id] else { return }
    if entry.urgency == nil { entry.since = now }
    entry.urgency = max(entry.urgency ?? urgency, urgency)
    entries[id] = entry
  }

  mutating func forget(_ id: DeviceID) {
    guard let entry = entries.removeValue(forKey: id) else { return }
    if entry.isInFlight { inFlight -= 1 }
    guard let index = order.firstIndex(of: id) else { return }
    order.remove(at: index)
    if index < cursor { cursor -= 1 }
  }

  /// The devices to write now; each counts as under way until `finished`.
  ///
  /// - Parameter rushed: at the end of a process nothing waits for its gap.
  mutating func due(at now: MonotonicInstant, rushed: Bool = false) -> [DeviceID] {
    guard !order.isEmpty else { return [] }
    var chosen: [DeviceID] = []
    for urgency in [Urgency.soon, .inTurn] {
      if cursor >= order.count { cursor = 0 }
      let start = cursor
      for step in order.indices {
        guard inFlight < configuration.maxInFlight else { return chosen }
        let index = (start + step) % order.count
        let id = order[index]
        guard isDue(id, urgency, at: now, rushed) else { continue }
        guard urgency == .soon ? news.take(at: now) : turns.take(at: now) else { break }
        entries[id]?.isInFlight = true
        entries[id]?.urgency = nil
        inFlight += 1
        chosen.append(id)
        cursor = index + 1
      }
    }
    return chosen
  }

  private func isDue(_ id: DeviceID, _ urgency: Urgency, at now: MonotonicInstant, _ rushed: Bool) -> Bool {
    guard let entry = entries[id], !entry.isInFlight, now >= entry.notBefore else { return false }
    if let wanted = entry.urgency, wanted == urgency || urgency == .inTurn {
      guard !rushed else { return true }
      let gap = wanted == .soon ? configuration.gapOfNews : configuration.gapOfValues
      return now >= entry.since.advanced(by: configuration.settle)
        && entry.written.map { now >= $0.advanced(by: gap) } ?? true
    }
    guard urgency == .inTurn, entry.urgency == nil, let written = entry.written else { return false }
    return now >= written.advanced(by: configuration.refresh)
  }

  enum Outcome: Hashable, Sendable {
    case written
    /// To be tried again, not sooner than that (the server's own wish, else an ever longer wait).
    case failed(retryAfter: Duration?)
  }

  mutating func finished(_ id: DeviceID, _ outcome: Outcome, at now: MonotonicInstant) {
    guard var entry = entries[id], entry.isInFlight else { return }
    inFlight -= 1
    entry.isInFlight = false
    switch outcome {
    case .written:
      entry.written = now
      entry.failures = 0
    case .failed(let retryAfter):
      entry.failures = min(entry.failures + 1, 6)
      let wait = retryAfter ?? .milliseconds(250 << entry.failures)
      entry.notBefore = now.advanced(by: wait)
      if entry.urgency == nil { entry.since = now }
      entry.urgency = .soon
    }
    entries[id] = entry
  }

  /// A budget that fills at a steady rate.
  private struct Budget: Hashable, Sendable {
    let rate: Double
    let burst: Double
    var level: Double
    var at: MonotonicInstant

    init(rate: Double, burst: Double, at now: MonotonicInstant) {
      self.rate = rate
      self.burst = burst
      level = burst
      at = now
    }

    mutating func take(at now: MonotonicInstant) -> Bool {
      let seconds = max(at.duration(to: now) / .seconds(1), 0)
      level = min(burst, level + seconds * rate)
      at = now
      guard level >= 1 else { return false }
      level -= 1
      return true
    }
  }
}
