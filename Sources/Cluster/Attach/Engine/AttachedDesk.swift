import Control
import Fleet
import Foundation
import Synchronization

/// Where everything that comes in meets: the book, and those who want to see what it says.
final class AttachedDesk: Sendable {
  private struct Reader {
    var continuation: AsyncStream<FleetSnapshot>.Continuation
    var isLean: Bool

    func yield(_ snapshot: FleetSnapshot) { continuation.yield(isLean ? snapshot : snapshot.complete) }
  }

  private struct State {
    var book: FleetBook
    var readers: [Int: Reader] = [:]
    var nextReader = 0
    var feeds: [String: FeedConnection] = [:]
    var isStopped = false
    var published = Instant(nanoseconds: 0)
    /// As `published` was at the last beat.
    var publishedAtBeat: Instant?

    mutating func publish(at now: Moment) {
      published = now.instant
      guard !readers.isEmpty else { return }
      let snapshot = book.snapshot(at: now)
      for reader in readers.values { reader.yield(snapshot) }
    }
  }

  /// Least time between two snapshots.
  static let snapshotInterval = TimeSpan.milliseconds(100)

  private let state: Mutex<State>
  private let bell: AsyncStream<Void>.Continuation
  /// One element whenever something has changed that is not shown yet.
  let changes: AsyncStream<Void>

  init(_ sites: [SiteBook]) {
    state = Mutex(State(book: FleetBook(sites, at: Self.now())))
    (changes, bell) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
  }

  /// Takes something in, and shows it at once unless something was shown a moment ago: then soon.
  func change<Failure>(_ body: (inout FleetBook, Moment) throws(Failure) -> Void) throws(Failure) {
    let now = Self.now()
    let isShown = try state.withLock { state throws(Failure) in
      try body(&state.book, now)
      guard now.instant - state.published >= Self.snapshotInterval else { return false }
      state.publish(at: now)
      return true
    }
    if !isShown { bell.yield() }
  }

  func ask<Answer: Sendable>(_ body: (FleetBook) -> Answer) -> Answer { state.withLock { body($0.book) } }

  // MARK: Readers

  /// - Parameter lean: devices that were only read again stay the same objects, with `rereads`.
  func subscribe(lean: Bool) -> AsyncStream<FleetSnapshot> {
    let (stream, continuation) = AsyncStream.makeStream(
      of: FleetSnapshot.self, bufferingPolicy: .bufferingNewest(1))
    let now = Self.now()
    let token = state.withLock { state -> Int? in
      guard !state.isStopped else { return nil }
      state.nextReader += 1
      let reader = Reader(continuation: continuation, isLean: lean)
      state.readers[state.nextReader] = reader
      reader.yield(state.book.snapshot(at: now))
      return state.nextReader
    }
    guard let token else {
      continuation.finish()
      return stream
    }
    continuation.onTermination = { [weak self] _ in
      _ = self?.state.withLock { $0.readers.removeValue(forKey: token) }
    }
    return stream
  }

  /// Publishes what there is, as soon as that may be.
  func publish() async {
    let passed = Self.now().instant - state.withLock(\.published)
    if passed < Self.snapshotInterval {
      try? await Task.sleep(for: .nanoseconds(Self.snapshotInterval.nanoseconds - passed.nanoseconds))
    }
    state.withLock { $0.publish(at: Self.now()) }
  }

  /// Publishes what there is, unless something was published since the beat before.
  func beat() {
    let isQuiet = state.withLock { state in
      defer { state.publishedAtBeat = state.published }
      return state.published == state.publishedAtBeat
    }
    if isQuiet { bell.yield() }
  }

  func stop() {
    let readers = state.withLock { state in
      state.isStopped = true
      defer { state.readers = [:] }
      return Array(state.readers.values)
    }
    for reader in readers { reader.continuation.finish() }
    bell.finish()
  }

  // MARK: Feeds that can be asked

  func opened(_ feed: String, of site: String, _ connection: FeedConnection?) {
    state.withLock { $0.feeds["\(site)\n\(feed)"] = connection }
  }

  func connection(_ feed: String, of site: String) -> FeedConnection? {
    state.withLock { $0.feeds["\(site)\n\(feed)"] }
  }

  /// Both clocks at once: the only place where an attached engine asks for the time.
  static func now() -> Moment {
    var monotonic = timespec()
    var wall = timespec()
    clock_gettime(CLOCK_BOOTTIME, &monotonic)
    clock_gettime(CLOCK_REALTIME, &wall)
    return Moment(
      instant: Instant(nanoseconds: Int64(monotonic.tv_sec) &* 1_000_000_000 &+ Int64(monotonic.tv_nsec)),
      wall: WallTime(milliseconds: Int64(wall.tv_sec) &* 1000 &+ Int64(wall.tv_nsec) / 1_000_000))
  }
}
