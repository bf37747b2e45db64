import Control
import Metrics

/// What the engine counts that no snapshot tells, through swift-metrics (names of design §13). What snapshots do tell
/// (drift events, corrections, values) is exposed from them. Confined to the engine's loop.
///
/// Every series that may come is there from the start, at zero: a counter that first appears with its first event
/// hides that event from `rate()`.
final class EngineMetrics {
  private static let writeResults = ["acknowledged", "refused", "uncertain", "not_sent"]

  private let writes: [String: Counter]
  private let refusals: [String: Counter]
  private let cycles = Timer(label: "reconciliation_duration_seconds")
  private let delays = Timer(label: "fabgitops_poll_delay_seconds")

  init() {
    writes = Dictionary(
      uniqueKeysWithValues: Self.writeResults.map {
        ($0, Counter(label: "fabgitops_writes_total", dimensions: [("result", $0)]))
      })
    refusals = Dictionary(
      uniqueKeysWithValues: Refusal.reasons.map {
        ($0, Counter(label: "fabgitops_writes_refused_total", dimensions: [("reason", $0)]))
      })
  }

  func count(_ transition: Transition) {
    guard case .writeRefused(_, let reasons) = transition else { return }
    for reason in reasons { refusals[reason.reason]?.increment() }
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
    writes[result]?.increment()
  }

  /// One poll of a device: read, decide, and if need be write and verify.
  func cycle(took span: TimeSpan) { cycles.recordNanoseconds(max(0, span.nanoseconds)) }

  /// A poll began so much later than it was due.
  func delay(_ span: TimeSpan) { delays.recordNanoseconds(max(0, span.nanoseconds)) }
}
