import Control
import Fleet
import Foundation
import Synchronization

/// Where everything that comes in meets: the book, and those who want to see what it says.
final class AttachedDesk: Sendable {
  private struct State {
    var book: FleetBook
    var readers: [Int: AsyncStream<FleetSnapshot>.Continuation] = [:]
    var nextReader = 0
    var feeds: [String: FeedConnection] = [:]
    var isStopped = false
    var published = Instant(nanoseconds: 0)
    /// As `published` was at the last beat.
    var publishedAtBeat: Instant?
  }

  private let state: Mutex<State>
  private let bell: AsyncStream<Void>.Continuation
  /// One element whenever something has changed since the last.
  let changes: AsyncStream<Void>

  init(_ sites: [SiteBook]) {
    state = Mutex(State(book: FleetBook(sites, at: Self.now())))
    (changes, bell) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
  }

  /// Takes something in.
  func change<Failure>(_ body: (inout FleetBook, Moment) throws(Failure) -> Void) throws(Failure) {
    let now = Self.now()
    try state.withLock { state throws(Failure) in try body(&state.book, now) }
    bell.yield()
  }

  func ask<Answer: Sendable>(_ body: (FleetBook) -> Answer) -> Answer { state.withLock { body($0.book) } }

  // MARK: Readers

  func subscribe() -> AsyncStream<FleetSnapshot> {
    let (stream, continuation) = AsyncStream.makeStream(
      of: FleetSnapshot.self, bufferingPolicy: .bufferingNewest(1))
    let now = Self.now()
    let token = state.withLock { state -> Int? in
      guard !state.isStopped else { return nil }
      state.nextReader += 1
      state.readers[state.nextReader] = continuation
      continuation.yield(state.book.snapshot(at: now))
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

  func publish() {
    let now = Self.now()
    state.withLock { state in
      state.published = now.instant
      guard !state.readers.isEmpty else { return }
      let snapshot = state.book.snapshot(at: now)
      for reader in state.readers.values { reader.yield(snapshot) }
    }
  }

  /// How long ago something was published.
  var sincePublished: Duration {
    .nanoseconds((Self.now().instant - state.withLock(\.published)).nanoseconds)
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
    for reader in readers { reader.finish() }
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
