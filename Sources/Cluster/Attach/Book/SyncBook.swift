import Control
import Fleet

/// Syncs asked of operators: under way until the status echoes the request.
struct SyncBook: Sendable {
  private struct Pending: Sendable {
    var receipt: Receipt
    var device: DeviceID
    var token: String
    /// Registers that differed when it was asked for.
    var drifted: Set<String>
    var deadline: WallTime
  }

  static let capacity = 64
  /// A sync that no operator has acted on for so long has failed.
  static let patience = TimeSpan.seconds(120)

  private(set) var operations: [Operation] = []
  private var pending: [Pending] = []
  private var nextID: UInt64 = 1

  mutating func begin(_ devices: [DeviceID], by: String, at now: WallTime) -> Receipt {
    let receipt = Receipt(id: nextID)
    nextID += 1
    if operations.count >= Self.capacity, let oldest = operations.firstIndex(where: { $0.state == .done }) {
      operations.remove(at: oldest)
    }
    operations.append(
      Operation(
        receipt: receipt, title: devices.count == 1 ? "sync \(devices[0])" : "sync \(devices.count) devices",
        by: by, startedAt: now, state: devices.isEmpty ? .done : .running,
        lines: devices.map { .init(device: $0, result: nil) }))
    return receipt
  }

  /// The request is about to be made; its echo may come before the API server's answer.
  mutating func asked(
    _ receipt: Receipt, _ device: DeviceID, token: String, view: DeviceView, at now: WallTime
  ) {
    let drifted = view.registers.filter { $0.inSync == false }.map(\.spec.name)
    pending.append(
      Pending(
        receipt: receipt, device: device, token: token, drifted: Set(drifted), deadline: now + Self.patience))
  }

  /// The API server has not taken it.
  mutating func failed(_ receipt: Receipt, _ device: DeviceID, _ reason: String) {
    pending.removeAll { $0.receipt == receipt && $0.device == device }
    finish(
      receipt, device, [SyncResult(register: 0, name: "", before: nil, after: nil, outcome: .failed(reason))])
  }

  /// A status tells which request was last acted on.
  mutating func handled(_ token: String, _ device: DeviceID, _ view: DeviceView) {
    guard let index = pending.firstIndex(where: { $0.device == device && $0.token == token }) else { return }
    let request = pending.remove(at: index)
    finish(request.receipt, device, Self.results(view, drifted: request.drifted))
  }

  mutating func expire(at now: WallTime) {
    for request in pending where request.deadline < now {
      failed(request.receipt, request.device, "no operator has acted on it for \(Self.patience.brief)")
    }
  }

  /// What became of each register with a desired value, as far as the status tells.
  static func results(_ view: DeviceView, drifted: Set<String>) -> [SyncResult] {
    view.registers.enumerated().filter { $0.element.spec.desired != nil }.map { index, register in
      let outcome: SyncResult.Outcome
      if view.status == .unreachable || register.inSync == nil {
        outcome = .failed(view.lastError ?? "not read")
      } else if register.inSync == true {
        outcome = drifted.contains(register.spec.name) ? .corrected : .alreadyInSync
      } else {
        outcome = refusal(register, view)
      }
      return SyncResult(
        register: index, name: register.spec.name, before: nil, after: register.actual, outcome: outcome)
    }
  }

  /// Why the operator did not write, from what the status tells: `…; not written: all writes are held by anna`. That
  /// `autoCorrect` is off is no reason against a sync.
  private static func refusal(_ register: RegisterView, _ view: DeviceView) -> SyncResult.Outcome {
    let reasons = register.refusals.filter { $0.gate != 5 }
    if !reasons.isEmpty { return .refused(reasons) }
    guard let words = view.message.split(separator: "not written: ", maxSplits: 1).dropFirst().first,
      words != Refusal.autoCorrectOff.explanation
    else { return .failed("still \(register.actual.map { $0.formattedWithUnit(register.spec) } ?? "?")") }
    return .refused([.reported(gate: 0, reason: "Refused", explanation: String(words))])
  }

  private mutating func finish(_ receipt: Receipt, _ device: DeviceID, _ results: [SyncResult]) {
    guard let index = operations.firstIndex(where: { $0.receipt == receipt }),
      let line = operations[index].lines.firstIndex(where: { $0.device == device && $0.result == nil })
    else { return }
    operations[index].lines.replaceSubrange(
      line...line, with: results.map { .init(device: device, result: $0) })
    if !operations[index].lines.contains(where: { $0.result == nil }) { operations[index].state = .done }
  }
}
