import Control
import Fleet
import Terminal

/// What must be said above everything else.
struct Banner: Hashable, Sendable {
  var role: Role
  var text: String
}

extension Model {
  /// Snapshots older than this are news of something wrong between the engine and the screen.
  static let silenceLimit = TimeSpan.seconds(5)

  /// Most important first.
  var banners: [Banner] {
    var banners: [Banner] = []
    if let endedBecause {
      banners.append(Banner(role: .alarm, text: "The engine has stopped: \(endedBecause)"))
    } else if let latest, now - receivedAt > Self.silenceLimit {
      banners.append(
        Banner(
          role: .alarm,
          text:
            "No news from the engine for \(time.age(receivedAt)): what you see is from \(time.moment(latest.at))"
        ))
    }
    if let frozen {
      banners.append(
        Banner(
          role: .warning, text: "FROZEN for \(time.age(frozen.at)), at \(time.moment(frozen.at)); p goes on"))
    }
    guard let shown = latest else { return banners }
    if let hold = shown.gates.hold {
      let reason = hold.reason.isEmpty ? "" : ": \(hold.reason)"
      banners.append(
        Banner(
          role: .hold,
          text: "ALL WRITES HELD by \(hold.by) since \(time.moment(hold.since))\(reason)  (H releases)"))
    }
    banners += sourceBanners(shown.source) + gateBanners(shown)
    return banners
  }

  private func sourceBanners(_ source: SourceStatus) -> [Banner] {
    switch source.state {
    case .loading, .good: return []
    case .invalid(let revision, let problems):
      let first = problems.first.map { ": \($0)" } ?? ""
      let rest = problems.count > 1 ? " (and \(problems.count - 1) more: !)" : ""
      return [
        Banner(
          role: .invalid, text: "Commit \(HeaderPane.shortened(revision)) is not applied\(first)\(rest)")
      ]
    case .unavailable(let reason, let since):
      return [Banner(role: .warning, text: "Source unreachable since \(time.moment(since)): \(reason)")]
    }
  }

  private func gateBanners(_ snapshot: FleetSnapshot) -> [Banner] {
    var banners: [Banner] = []
    if let controller = snapshot.health.controller {
      banners.append(
        Banner(role: .observing, text: "Observing only: these devices are controlled by \(controller)"))
    } else if snapshot.mode == .control, snapshot.gates.leadershipUntil == nil {
      let holder = snapshot.gates.leader
      banners.append(
        Banner(
          role: .warning,
          text: holder.isEmpty ? "Not leading: nothing is written" : "Not leading: \(holder) controls"))
    }
    if let problem = snapshot.gates.journalProblem {
      banners.append(
        Banner(role: .alarm, text: "Nothing is written: the audit journal takes no records (\(problem))"))
    }
    if let problem = snapshot.gates.trustProblem {
      banners.append(
        Banner(role: .warning, text: "Nothing is written: the source is not trusted (\(problem))"))
    }
    banners += snapshot.health.problems.map { Banner(role: .warning, text: $0) }
    return banners
  }

  /// Everything that `!` lists, with all the problems of an invalid source.
  var problems: [String] {
    var lines = banners.map(\.text)
    if case .invalid(let revision, let all)? = latest?.source.state {
      lines.append("")
      lines.append("Commit \(revision) does not validate; the last good one stays in force:")
      lines += all.map { "  \($0)" }
    }
    if !settings.mistakes.isEmpty {
      if !lines.isEmpty { lines.append("") }
      lines += ["In your settings:"] + settings.mistakes.map { "  \($0)" }
    }
    return lines
  }
}
