import Control
import Fleet

/// One thing that was looked at, and how it is.
public struct HealthCheck: Hashable, Sendable {
  public var name: String
  public var isGood: Bool
  /// One line: what is wrong, or what is right.
  public var detail: String

  public init(_ name: String, isGood: Bool, _ detail: String) {
    self.name = name
    self.isGood = isGood
    self.detail = detail
  }
}

/// What `/readyz` says of a snapshot.
enum HealthReport {
  /// Not ready: no desired state yet, or no engine. A hold, an invalid commit or a journal that takes no records
  /// stop corrections but not the watching; they are told and do not make a replica go away, and neither does a
  /// lease held by another one.
  static func readiness(_ snapshot: FleetSnapshot?) -> [HealthCheck] {
    guard let snapshot else { return [HealthCheck("engine", isGood: false, "gave no state in time")] }
    var checks = [HealthCheck("engine", isGood: true, "snapshot \(snapshot.sequence)")]
    switch snapshot.source.state {
    case .loading:
      checks.append(HealthCheck("source", isGood: false, "nothing read from \(snapshot.source.origin) yet"))
    case .good: checks.append(HealthCheck("source", isGood: true, snapshot.source.revision))
    case .invalid(let revision, let problems):
      let detail =
        "\(revision) is invalid (\(problems.first ?? "")); \(snapshot.source.revision) stays in force"
      checks.append(HealthCheck("source", isGood: !snapshot.source.revision.isEmpty, detail))
    case .unavailable(let reason, let since):
      let detail = "\(reason) since \(since.rfc3339)"
      checks.append(HealthCheck("source", isGood: !snapshot.source.revision.isEmpty, detail))
    }
    checks.append(
      HealthCheck(
        "journal", isGood: true, snapshot.gates.journalProblem.map { "corrections stopped: \($0)" } ?? "ok"))
    let leader =
      snapshot.gates.leadershipUntil == nil ? "standing by for \(snapshot.gates.leader)" : "leading"
    checks.append(HealthCheck("leadership", isGood: true, leader))
    if let hold = snapshot.gates.hold {
      checks.append(HealthCheck("hold", isGood: true, "all writes held by \(hold.by): \(hold.reason)"))
    }
    return checks
  }

  static func json(_ checks: [HealthCheck]) -> [UInt8] {
    var json = JSONWriter()
    json.object { json in
      json.member("status", checks.allSatisfy(\.isGood) ? "ok" : "unready")
      json.array("checks") { json in
        for check in checks {
          json.object { json in
            json.member("name", check.name)
            json.member("ok", check.isGood)
            json.member("detail", check.detail)
          }
        }
      }
    }
    json.newline()
    return json.bytes
  }
}
