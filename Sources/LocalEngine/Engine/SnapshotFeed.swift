import Control
import Fleet
import NIOCore

/// Gives snapshots of the fleet to whoever reads them: soon after something happened, not more often than an interval
/// allows, and never at the expense of polls. Polls that found everything as it was are shown together, at the full
/// second, when clocks and ages change as well. A large fleet is looked at in slices, with the loop's other work in
/// between. Confined to the engine's loop.
final class SnapshotFeed {
  typealias Continuation = AsyncStream<FleetSnapshot>.Continuation

  private enum State {
    /// To scheduled or assembling.
    case idle
    /// To assembling, to idle when nobody reads any more, or to one that is due sooner.
    case scheduled(due: Instant)
    /// To idle.
    case assembling(Assembly)
  }

  private final class Assembly {
    /// Who gets it: those that read when it began. A later reader must not be shown what was seen before it came.
    let audience: [Int]
    var fleet: UInt64
    var devices: [DeviceSnapshot] = []

    init(audience: [Int], fleet: UInt64) {
      self.audience = audience
      self.fleet = fleet
    }
  }

  /// Devices that are looked at in one go: well under a millisecond.
  static let slice = 256
  /// What lies between two slices: a turn of the loop, so that sockets and timers have theirs.
  private static let breath = TimeAmount.microseconds(50)

  /// A fleet of so many is looked at as often as the interval says; a larger one less often, as each look costs more
  /// and shows no more of a screen that is as large as before. At most this many times less often.
  private static let unhurriedAbove = 250
  private static let unhurriedAtMost = 5

  private unowned let core: EngineCore
  private let shortest: TimeSpan
  private var interval: TimeSpan {
    shortest * min(max(core.deviceCount / Self.unhurriedAbove, 1), Self.unhurriedAtMost)
  }
  private var state = State.idle
  /// When what changed while a snapshot was being assembled should be shown, by what had changed.
  private var outdated: Urgency?

  private enum Urgency {
    case routine, news
  }
  private var readers: [Int: Continuation] = [:]
  private var nextReader = 0
  private var lastPublish = Instant(nanoseconds: .min)
  private var isStopped = false
  private var isBeating = false
  private static let beatInterval = TimeSpan.seconds(2)

  init(core: EngineCore, interval: TimeSpan) {
    self.core = core
    shortest = interval
  }

  /// A new reader gets a snapshot at once, and then every newer one that it is quick enough for.
  func subscribe(_ continuation: Continuation) -> Int {
    nextReader += 1
    guard !isStopped else {
      continuation.finish()
      return nextReader
    }
    readers[nextReader] = continuation
    if !isBeating { beat() }
    if core.deviceCount <= Self.slice {
      continuation.yield(core.makeSnapshot())
    } else if case .assembling = state {
      outdated = .news
    } else {
      begin()
    }
    return nextReader
  }

  func unsubscribe(_ token: Int) { readers[token] = nil }

  /// Something looks different now.
  func touched(isNews: Bool) { touched(isNews ? .news : .routine) }

  private func touched(_ urgency: Urgency) {
    guard !isStopped, !readers.isEmpty else { return }
    switch state {
    case .assembling:
      if outdated != .news { outdated = urgency }
    case .idle: schedule(urgency, before: nil)
    case .scheduled(let due):
      if urgency == .news { schedule(urgency, before: due) }
    }
  }

  private func schedule(_ urgency: Urgency, before planned: Instant?) {
    let now = core.now()
    var due = max(now.instant, lastPublish + interval)
    if urgency == .routine {
      let wall = now.wall + (due - now.instant)
      due = due + .milliseconds(Int(1000 - wall.milliseconds % 1000))
    }
    if let planned, planned <= due { return }
    state = .scheduled(due: due)
    later(.nanoseconds((due - now.instant).nanoseconds)) { [self] in
      // A reader that came meanwhile may have begun it already, or news have made it sooner.
      if case .scheduled(due) = state { begin() }
    }
  }

  /// A sign of life every so often, also when nothing changes: with no devices, or ones that are polled rarely, a
  /// reader could not tell a quiet engine from a dead one.
  private func beat() {
    isBeating = !isStopped && !readers.isEmpty
    guard isBeating else { return }
    let now = core.now().instant
    var next = Self.beatInterval
    if now - lastPublish >= Self.beatInterval {
      touched(.news)
    } else {
      // With a snapshot that is due then, when the loop is awake in any case.
      next = lastPublish + Self.beatInterval - now
    }
    later(.nanoseconds(next.nanoseconds)) { [self] in beat() }
  }

  /// Without slices and without waiting: for the end of the engine, when there are no polls to delay.
  func publishAtOnce() {
    guard !isStopped, !readers.isEmpty else { return }
    let snapshot = core.makeSnapshot()
    for reader in readers.values { reader.yield(snapshot) }
  }

  func stop() {
    isStopped = true
    for reader in readers.values { reader.finish() }
    readers.removeAll()
    state = .idle
  }

  private func begin() {
    guard !readers.isEmpty, !isStopped else { return state = .idle }
    outdated = nil
    let assembly = Assembly(audience: Array(readers.keys), fleet: core.fleetGeneration)
    assembly.devices.reserveCapacity(core.deviceCount)
    advance(assembly)
  }

  private func advance(_ assembly: Assembly) {
    if assembly.fleet != core.fleetGeneration {
      assembly.fleet = core.fleetGeneration
      assembly.devices.removeAll(keepingCapacity: true)
    }
    let start = assembly.devices.count
    let end = min(core.deviceCount, start + Self.slice)
    let moment = core.now()
    assembly.devices.append(contentsOf: core.devices(start..<end, at: moment))
    guard end < core.deviceCount else { return publish(assembly, at: moment) }
    state = .assembling(assembly)
    later(Self.breath) { [self] in
      if case .assembling(let assembly) = state { advance(assembly) }
    }
  }

  private func later(_ wait: TimeAmount, _ work: @escaping () -> Void) {
    core.loop.assumeIsolated().scheduleTask(in: wait) { [core] in
      withExtendedLifetime(core, work)
    }
  }

  private func publish(_ assembly: Assembly, at moment: Moment) {
    let snapshot = core.snapshot(assembly.devices, at: moment)
    for token in assembly.audience { readers[token]?.yield(snapshot) }
    lastPublish = moment.instant
    state = .idle
    if let outdated { touched(outdated) }
  }
}
