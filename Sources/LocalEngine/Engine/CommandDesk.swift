import Control
import Fleet

/// Turns an operator's command into inputs of the machines, or refuses it with every reason.
///
/// A refused command is recorded as refused and changes nothing, also not for the next process.
struct CommandDesk {
  let core: EngineCore

  func submit(_ command: FleetCommand) -> CommandOutcome {
    let moment = core.now()
    let known = command.limited { core.drivers[$0] != nil }
    let reasons = refusals(of: known).map { "\(command.verb): \($0)" }
    core.audit.note(known, refused: reasons, at: moment.wall)
    guard reasons.isEmpty else { return .refused(reasons) }
    let outcome = perform(known, at: moment)
    if case .hold = known, let hold = core.gates.hold {
      core.audit.note(hold, by: known.by, at: moment.wall)
    }
    return outcome
  }

  /// Does what `submit` does, for a word that is in the audit already.
  func take(_ command: FleetCommand) -> CommandOutcome {
    let known = command.limited { core.drivers[$0] != nil }
    let reasons = refusals(of: known).map { "\(command.verb): \($0)" }
    return reasons.isEmpty ? perform(known, at: core.now()) : .refused(reasons)
  }

  // MARK: Deciding

  private func refusals(of command: FleetCommand) -> [String] {
    var reasons: [String] = []
    if command.needsControl, core.gates.mode != .control {
      let holder = core.settings.observeReason.isEmpty ? "" : " (\(core.settings.observeReason))"
      reasons.append(Refusal.notControlling(mode: core.gates.mode).explanation + holder)
    }
    if command.isAboutDevices, command.devices.isEmpty { reasons.append("no such device") }
    switch command {
    case .sync:
      if let hold = core.gates.hold {
        reasons.append("\(Refusal.held(hold).explanation); release it first")
      }
      if core.operations.isFull {
        reasons.append("\(OperationLog.capacity) syncs are under way already; wait for one to end")
      }
    case .hold(let reason, _):
      if let hold = core.gates.hold, reason.isEmpty {
        reasons.append("already so: \(Refusal.held(hold).explanation)")
      }
    case .shelve(_, _, let span, let reason, _):
      if reason.allSatisfy(\.isWhitespace) { reasons.append("a reason is needed; say why it is silent") }
      if span <= .zero { reasons.append("the time must be longer than nothing") }
    case .release, .unshelve, .suspend, .resume, .refresh, .retryContested, .acknowledge: break
    }
    return reasons
  }

  // MARK: Doing

  private func perform(_ command: FleetCommand, at now: Moment) -> CommandOutcome {
    switch command {
    case .sync(let scope, let by): return sync(scope, by, now)
    case .hold(let reason, let by): hold(reason, by, now)
    case .release(let by): release(by, now)
    case .shelve(let devices, let register, let span, let reason, let by):
      let shelf = Shelf(by: by, since: now.wall, until: now.wall + span, reason: reason, register: register)
      feed(devices, .shelve(shelf))
    case .unshelve(let devices, let register, let by): feed(devices, .unshelve(register: register, by: by))
    case .suspend(let devices, let reason, let by):
      feed(devices, .suspend(by: by))
      if !reason.isEmpty { tell("SuspendReason", devices, "suspended by \(by): \(reason)", now) }
    case .resume(let devices, let by): feed(devices, .resume(by: by))
    case .refresh(let devices): feed(devices, .refresh)
    case .retryContested(let devices, let by): feed(devices, .retryContested(by: by))
    case .acknowledge(let devices, let reason, let by):
      tell("Acknowledged", devices, "acknowledged by \(by)\(reason.isEmpty ? "" : ": \(reason)")", now)
      for device in devices { core.drivers[device]?.acknowledge(by: by) }
    }
    var id: UInt64 = 0
    core.changeOperations { id = $0.begin(title: command.verb, by: command.by, at: now.wall, devices: []) }
    return .accepted(Receipt(id: id))
  }

  private func sync(_ scope: SyncScope, _ by: String, _ now: Moment) -> CommandOutcome {
    let devices = scope.devices
    var id: UInt64 = 0
    let title = devices.count == 1 ? "sync \(devices[0])" : "sync \(devices.count) devices"
    core.changeOperations { id = $0.begin(title: title, by: by, at: now.wall, devices: devices) }
    feed(
      devices, .sync(SyncRequest(id: id, by: by, force: scope.force, registers: scope.registers)))
    return .accepted(Receipt(id: id))
  }

  /// While a hold stands its reason may be told; who holds since when stays.
  private func hold(_ reason: String, _ by: String, _ now: Moment) {
    if var standing = core.gates.hold {
      standing.reason = reason
      core.changeGates { $0.hold = standing }
      core.record(at: now.wall, .notice, nil, "HoldReason", "\(by) says why writes are held: \(reason)")
    } else {
      core.changeGates { $0.hold = Hold(by: by, since: now.wall, reason: reason) }
      core.record(
        at: now.wall, .alarm, nil, "Held", "\(by) holds all writes\(reason.isEmpty ? "" : ": \(reason)")")
    }
  }

  private func release(_ by: String, _ now: Moment) {
    guard core.gates.hold != nil else { return }
    core.changeGates { $0.hold = nil }
    core.record(
      at: now.wall, .notice, nil, "Released", "\(by) released the hold: writes are allowed again")
  }

  /// What an operator said about devices: a line for each, or one for many.
  private func tell(_ reason: String, _ devices: [DeviceID], _ message: String, _ now: Moment) {
    guard devices.count <= 20 else {
      core.record(at: now.wall, .notice, nil, reason, "\(devices.count) devices \(message)")
      return
    }
    let sentence = message.prefix(1).uppercased() + message.dropFirst()
    for device in devices { core.record(at: now.wall, .notice, device, reason, sentence) }
  }

  private func feed(_ devices: [DeviceID], _ command: OperatorCommand) {
    for device in devices { core.drivers[device]?.feed(.command(command)) }
  }
}
