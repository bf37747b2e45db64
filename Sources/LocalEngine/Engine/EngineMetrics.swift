import Control
import Metrics

/// What the engine counts, through swift-metrics (names of design §13). Confined to the engine's loop.
final class EngineMetrics {
  private var drift: [DeviceID: Counter] = [:]
  private var corrections: [DeviceID: Counter] = [:]
  private var writes: [String: Counter] = [:]
  private var refusals: [String: Counter] = [:]
  private var wire: [WireProblem.Kind: Counter] = [:]

  func count(_ transition: Transition, device: DeviceID) {
    switch transition {
    case .driftDetected: counter(&drift, device, "drift_events_total").increment()
    case .corrected: counter(&corrections, device, "corrections_total").increment()
    case .writeRefused(_, let reasons):
      for reason in reasons {
        let word = reason.reason
        let counter =
          refusals[word] ?? Counter(label: "fabgitops_writes_refused_total", dimensions: [("reason", word)])
        refusals[word] = counter
        counter.increment()
      }
    case .released:
      drift[device]?.destroy()
      corrections[device]?.destroy()
      drift[device] = nil
      corrections[device] = nil
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

  private func counter(_ table: inout [DeviceID: Counter], _ device: DeviceID, _ label: String) -> Counter {
    if let known = table[device] { return known }
    let fresh = Counter(
      label: label, dimensions: [("plc_name", device.name), ("namespace", device.namespace)])
    table[device] = fresh
    return fresh
  }
}
