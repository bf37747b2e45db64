import Control

/// Inputs and transitions as a reader of the trace wants them.
extension World {
  func describe(_ input: Input) -> String {
    switch input {
    case .desired(let spec):
      "desired \(spec.registers.map { "\($0.name)=\($0.desired.map(String.init(describing:)) ?? "–")" })"
    case .removed: "removed"
    case .gates(let gates): "gates hold=\(gates.hold != nil) lead=\(gates.leadershipUntil?.nanoseconds ?? -1)"
    case .connected: "connected"
    case .connectFailed(let problem): "connectFailed \(problem)"
    case .disconnected(let problem): "disconnected \(problem)"
    case .read(let observation): "read \(observation.words) refused=\(observation.refused.count)"
    case .readFailed(let problem): "readFailed \(problem)"
    case .readBusy: "readBusy"
    case .identity(let identity): "identity \(identity?.vendorName ?? "none")"
    case .writeAcknowledged(let order): "acknowledged #\(order.sequence)"
    case .writeRefused(let order, let exception): "writeRefused #\(order.sequence) \(exception)"
    case .writeUncertain(let order, let problem): "uncertain #\(order.sequence) \(problem)"
    case .writeNotSent(let order, let reason): "notSent #\(order.sequence) \(reason)"
    case .verified(let order, let reading): "verified #\(order.sequence) \(reading)"
    case .verifyFailed(let order, let problem): "verifyFailed #\(order.sequence) \(problem)"
    case .timer: "timer"
    case .command(let command): "command \(command)"
    case .restore(let counters): "restore \(counters.driftEvents) events"
    }
  }

  func describe(_ transition: Transition) -> String {
    switch transition {
    case .writeFinished(let order, let outcome):
      "writeFinished #\(order.sequence) \(order.spec.name) \(outcome)"
    case .syncFinished(let request, let results): "syncFinished \(request.id) \(results.map(\.outcome))"
    case .writeRefused(let register, let reasons): "writeRefused r\(register) \(reasons.map(\.reason))"
    default: "\(transition)"
    }
  }
}
