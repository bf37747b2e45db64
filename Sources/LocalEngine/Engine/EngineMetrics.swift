import Control
import Metrics

/// What the engine counts that no snapshot tells, through swift-metrics (names of design §13). What snapshots do tell
/// (drift events, corrections, values) is exposed from them. Confined to the engine's loop.
final class EngineMetrics {
  private var writes: [String: Counter] = [:]
  private var refusals: [String: Counter] = [:]
  private var wire: [WireProblem.Kind: Counter] = [:]

  func count(_ transition: Transition) {
    switch transition {
    case .writeRefused(_, let reasons):
      for reason in reasons {
        let word = reason.reason
        let counter =
          refusals[word] ?? Counter(label: "fabgitops_writes_refused_total", dimensions: [("reason", word)])
        refusals[word] = counter
        counter.increment()
      }
    default: break
    }
  }

  func write(_ input: Input) {
    let result: String
    switch input {
    case .writeAcknowledged: result = "acknowledged"
    case .writeRefused: result = "refused"
    case .writeUncertain: result = "uncertain"
    case .writeNotSent: result = "not_sent"
    default: return
    }
    let counter = writes[result] ?? Counter(label: "fabgitops_writes_total", dimensions: [("result", result)])
    writes[result] = counter
    counter.increment()
  }

  func wireFailure(_ problem: WireProblem) {
    let counter =
      wire[problem.kind]
      ?? Counter(label: "fabgitops_modbus_errors_total", dimensions: [("kind", problem.kind.rawValue)])
    wire[problem.kind] = counter
    counter.increment()
  }
}
