import Control

/// Which faults a run has, and how often: drawn per seed, so that each run is bad in its own way and every
/// fault is met with few others now and then (swarm testing).
struct Swarm {
  /// Per request.
  var loseRequest = 0.0
  var loseAnswer = 0.0
  var duplicateAnswer = 0.0
  var lateAnswer = 0.0
  var reset = 0.0
  var ignoreWrite = 0.0
  var refuseWrite = 0.0
  var busy = 0.0
  var refuseRead = 0.0
  /// Per audited write: the process dies right before, or right after the frame.
  var crashBeforeFrame = 0.0
  var crashAfterFrame = 0.0
  var slowAudit = 0.0
  /// Most of a request's time on the way, milliseconds.
  var latency = 5
  /// Kinds of incident, by weight.
  var incidents: [(kind: Incident, weight: Int)] = []
  /// Mean seconds between incidents.
  var pace = 20
  /// Leases of fifteen seconds, renewed every ten.
  var leases = false
  var observes = false
  /// Commits may hold desired values outside the envelope, as if the validator had a hole.
  var leakyValidator = false

  enum Incident: CaseIterable {
    case drift, commit, sync, shelve, unshelve, suspend, resume, refresh, retry, hold, release, loseLead,
      trust, journal,
      reboot, cut, refuse, hang, rival, permit, clock, crash, identity
  }

  init(_ random: inout SplitMix64) {
    func rate(_ most: Double) -> Double { random.unit() < 0.5 ? 0 : most * random.unit() * random.unit() }
    loseRequest = rate(0.1)
    loseAnswer = rate(0.1)
    duplicateAnswer = rate(0.2)
    lateAnswer = rate(0.1)
    reset = rate(0.05)
    ignoreWrite = rate(0.5)
    refuseWrite = rate(0.3)
    busy = rate(0.3)
    refuseRead = rate(0.05)
    crashBeforeFrame = rate(0.05)
    crashAfterFrame = rate(0.05)
    slowAudit = rate(0.3)
    latency = [2, 5, 20, 100, 400][Int(random.next(below: 5))]
    pace = [5, 15, 30, 60][Int(random.next(below: 4))]
    leases = random.unit() < 0.4
    observes = random.unit() < 0.03
    leakyValidator = random.unit() < 0.5
    incidents.append((.drift, 20))
    for kind in Incident.allCases where random.unit() < 0.5 {
      incidents.append((kind, 1 + Int(random.next(below: kind == .drift ? 30 : 8))))
    }
  }

  func draw(_ random: inout SplitMix64) -> Incident {
    var point = Int(random.next(below: UInt64(incidents.reduce(0) { $0 + $1.weight })))
    for (kind, weight) in incidents {
      if point < weight { return kind }
      point -= weight
    }
    return .drift
  }

  /// The faults have stopped.
  mutating func calm() {
    (loseRequest, loseAnswer, duplicateAnswer, lateAnswer, reset) = (0, 0, 0, 0, 0)
    (ignoreWrite, refuseWrite, busy, refuseRead) = (0, 0, 0, 0)
    (crashBeforeFrame, crashAfterFrame, slowAudit) = (0, 0, 0)
    incidents = []
  }
}

extension SplitMix64 {
  mutating func chance(_ probability: Double) -> Bool { probability > 0 && unit() < probability }
  mutating func number(_ range: ClosedRange<Int>) -> Int {
    range.lowerBound + Int(next(below: UInt64(range.upperBound - range.lowerBound + 1)))
  }
}
