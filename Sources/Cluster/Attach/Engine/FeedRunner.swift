import Control
import Fleet
import Kubernetes

/// Keeps one operator's stream open, for as long as the task lives.
struct FeedRunner: Sendable {
  let site: String
  let feed: String
  let connection: FeedConnection
  let desk: AttachedDesk
  let options: AttachOptions

  /// How often a replica that only stands by is left for another one behind the same Service.
  private static let standbyTries = 8

  private enum End: Error {
    case standby(String)
    case line(FleetLineError)
  }

  func run() async {
    var generator = SystemJitter()
    var failures = 0
    var standbys = 0
    var refusals = 0
    var isForFull = false
    desk.opened(feed, of: site, connection)
    defer { desk.opened(feed, of: site, nil) }
    while !Task.isCancelled {
      var wait = Duration.zero
      let brief = !isForFull
      isForFull = false
      do {
        let lines = try await connection.stream(brief: brief)
        desk.change { book, now in book.change(site) { $0.beginFeed(feed, at: now) } }
        refusals = 0
        var iterator = lines.makeAsyncIterator()
        while let group = try await iterator.nextGroup() {
          if try take(group, mayLeave: standbys < Self.standbyTries) { standbys = 0 }
          failures = 0
        }
        lose(.lost("the operator ended the stream"))
      } catch End.standby(let leader) {
        standbys += 1
        lose(.lost("this replica stands by for \(leader); looking for the leading one"))
      } catch End.line(let error) {
        // The next time in full: that needs nothing that was told before.
        isForFull = true
        lose(.lost("\(error)"))
      } catch ClientError.refused(let answer) where brief && (answer.code == 400 || answer.code == 404) {
        // It is of a version that does not know of it.
        isForFull = true
        continue
      } catch let error as ClientError {
        let state = Contact.state(for: error)
        if case .refused = state {
          // An API server that has just started refuses everybody until it has read the roles.
          wait = min(.seconds(1 << refusals), options.refusedWait)
          refusals = min(refusals + 1, 10)
        }
        lose(state)
      } catch {
        lose(.lost("\(error)"))
      }
      failures = min(failures + 1, 1000)
      if wait == .zero { wait = generator.wait(options.backoff, after: failures) }
      try? await Task.sleep(for: wait)
    }
  }

  /// Takes lines that came together in together, so that they are shown together. Returns whether this replica leads,
  /// when a line tells it.
  private func take(_ group: [[UInt8]], mayLeave: Bool) throws -> Bool {
    try Task.checkCancellation()
    var lines: [FleetLine] = []
    lines.reserveCapacity(group.count)
    var leads = false
    for bytes in group {
      let line: FleetLine
      do {
        line = try FleetLine(bytes)
      } catch {
        throw End.line(error)
      }
      lines.append(line)
      guard case .fleet(let header) = line else { continue }
      if mayLeave, header.mode == .control, !header.isLeading, !header.leader.isEmpty {
        throw End.standby(header.leader)
      }
      leads = header.isLeading
    }
    do {
      try desk.change { book, now throws(FleetLineError) in
        for line in lines { try book.take(line, from: feed, of: site, at: now) }
      }
    } catch {
      throw End.line(error)
    }
    return leads
  }

  private func lose(_ state: Contact.State) {
    guard !Task.isCancelled else { return }
    desk.change { book, now in book.change(site) { $0.turn(feed: feed, state, at: now) } }
  }
}

/// Spreads waits, so that many screens which lost the same operator do not come back at once.
struct SystemJitter {
  private var generator = SeededGenerator(seed: .random(in: .min ... .max))

  mutating func wait(_ backoff: Backoff, after failures: Int) -> Duration {
    backoff.delay(afterFailure: failures, using: &generator)
  }
}
