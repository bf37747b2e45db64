import Control
import Fleet

/// What an attached screen lacks, in words: which part, since when, and which permission.
extension FleetBook {
  /// The state of the source that the header shows: the API server's, or the operator's when there is none.
  func sourceState(_ now: Moment) -> SourceStatus.State {
    let states = sites.map { $0.sourceState }
    // With several sites one of them being away is a problem among others, not the end of the source.
    if states.contains(.loading) { return .loading }
    if states.count > 1, states.contains(.good) { return .good }
    return states.first { $0 != .good } ?? .good
  }

  func problems(at now: Moment) -> [String] {
    if let only = sites.first, sites.count == 1 { return only.problems(at: now) }
    let away = sites.compactMap { site in site.absence(at: now).map { "\(site.name): \($0)" } }
    return away + sites.flatMap { site in site.problems(at: now).map { "\(site.name): \($0)" } }
  }
}

extension SiteBook {
  var sourceState: SourceStatus.State {
    guard hasCluster else {
      guard let feed = feeds.values.first else { return .loading }
      switch feed.contact.state {
      case .live: return feed.header?.source.state ?? .loading
      case .connecting: return .loading
      case .lost(let reason), .refused(let reason), .absent(let reason):
        return .unavailable(reason: reason, since: (feed.contact.lastHeard ?? feed.contact.since).wall)
      }
    }
    switch resources.state {
    case .live: return hasListed ? .good : .loading
    case .connecting: return .loading
    case .lost(let reason), .absent(let reason):
      return .unavailable(reason: reason, since: (resources.lastHeard ?? resources.since).wall)
    case .refused(let reason):
      let hint =
        reason.contains("namespace") ? "" : "; name one namespace with -n, or ask for the viewer role"
      return .unavailable(reason: reason + hint, since: resources.since.wall)
    }
  }

  /// Of one site among several; of a single one the header tells it.
  func absence(at now: Moment) -> String? {
    guard case .unavailable(let reason, let since) = sourceState else { return nil }
    let seconds = Int(clamping: max(0, (now.wall - since).milliseconds / 1000))
    return "unreachable for \(TimeSpan.seconds(seconds).brief): \(reason)"
  }

  func problems(at now: Moment) -> [String] {
    var lines: [String] = []
    if hasCluster {
      if let line = eventProblem(now) { lines.append(line) }
      if let line = liveProblem(now) { lines.append(line) }
    }
    for feed in feeds.values { lines += feed.problems }
    return lines
  }

  private func eventProblem(_ now: Moment) -> String? {
    switch eventContact.state {
    case .refused(let reason): return "events are missing: \(reason)"
    case .lost(let reason) where resources.isLive:
      return "events are missing for \(eventContact.silence(at: now).brief): \(reason)"
    case .absent, .connecting, .live, .lost: return nil
    }
  }

  /// Why values are only as fresh as status.
  private func liveProblem(_ now: Moment) -> String? {
    // While the API server is away, its silence is the news.
    guard resources.isLive else { return nil }
    if feeds.values.contains(where: { $0.contact.isLive }) {
      let lost = feeds.filter { !$0.value.contact.isLive }.keys.sorted()
      return lost.isEmpty ? nil : "no live values from \(lost.joined(separator: ", ")): as fresh as status"
    }
    let reason: String?
    if let state = feeds.sorted(by: { $0.key < $1.key }).first?.value.contact.state {
      reason = Self.words(state)
    } else {
      reason = discovery.flatMap(Self.words)
    }
    return reason.map { "values are as fresh as status (up to 1 min): \($0)" }
  }

  private static func words(_ state: Contact.State) -> String? {
    switch state {
    case .connecting, .live: nil
    case .lost(let reason), .refused(let reason), .absent(let reason): reason
    }
  }
}

extension FeedBook {
  /// What the operator itself complains of, and clocks that disagree.
  var problems: [String] {
    guard contact.isLive, let header else { return [] }
    var lines = header.health.problems
    if let clockOffset, clockOffset.milliseconds.magnitude > 5000 {
      let apart = max(clockOffset, .zero - clockOffset).brief
      let word = clockOffset > .zero ? "behind" : "ahead of"
      lines.append("this machine's clock is \(apart) \(word) the operator's: ages shown are wrong by that")
    }
    return lines
  }
}

extension TimeSpan {
  fileprivate static func - (a: TimeSpan, b: TimeSpan) -> TimeSpan { a + b * -1 }
}
