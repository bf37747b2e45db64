import Control
import Fleet

/// Turns an operator's command into inputs of the machines, or refuses it with every reason.
struct CommandDesk {
  let core: EngineCore

  func submit(_ command: FleetCommand) -> CommandOutcome {
    core.audit.note(command, at: core.now().wall)
    return perform(command)
  }

  /// Does what `submit` does, for a word that is in the audit already.
  func perform(_ command: FleetCommand) -> CommandOutcome {
    switch command {
    case .sync(let scope, let by): return sync(scope, by)
    case .hold(let reason, let by): return hold(reason, by)
    case .release(let by): return release(by)
    case .shelve(let devices, let register, let span, let reason, let by):
      guard !reason.isEmpty else { return .refused(["shelve: a reason is needed; say why it is silent"]) }
      guard span > .zero else { return .refused(["shelve: the time must be longer than nothing"]) }
      let now = core.now().wall
      let shelf = Shelf(by: by, since: now, until: now + span, reason: reason, register: register)
      return each(devices, "shelve", by) { .command(.shelve(shelf)) }
    case .unshelve(let devices, let register, let by):
      return each(devices, "unshelve", by) { .command(.unshelve(register: register, by: by)) }
    case .suspend(let devices, let reason, let by):
      let outcome = each(devices, "suspend", by) { .command(.suspend(by: by)) }
      if case .accepted = outcome, !reason.isEmpty {
        tell("SuspendReason", devices, "suspended by \(by): \(reason)")
      }
      return outcome
    case .resume(let devices, let by): return each(devices, "resume", by) { .command(.resume(by: by)) }
    case .refresh(let devices):
      return run(devices, "refresh", by: "") { driver, _ in driver.feed(.command(.refresh)) }
    case .retryContested(let devices, let by):
      return each(devices, "retry", by) { .command(.retryContested(by: by)) }
    case .acknowledge(let devices, let reason, let by):
      tell("Acknowledged", devices, "acknowledged by \(by)\(reason.isEmpty ? "" : ": \(reason)")")
      return run(devices, "acknowledge", by: by) { driver, _ in driver.acknowledge(by: by) }
    }
  }

  private var notControlling: String? {
    core.gates.mode == .control
      ? nil : Refusal.notControlling(mode: core.gates.mode).explanation + holderSuffix
  }

  private var holderSuffix: String {
    core.settings.observeReason.isEmpty ? "" : " (\(core.settings.observeReason))"
  }

  private func sync(_ scope: SyncScope, _ by: String) -> CommandOutcome {
    if let notControlling { return .refused(["sync: \(notControlling)"]) }
    if let hold = core.gates.hold {
      return .refused(["sync: \(Refusal.held(hold).explanation); release it first"])
    }
    let known = scope.devices.filter { core.drivers[$0] != nil }
    guard !known.isEmpty else { return .refused(["sync: no such device"]) }
    let moment = core.now()
    var id: UInt64 = 0
    let title = known.count == 1 ? "sync \(known[0])" : "sync \(known.count) devices"
    core.changeOperations { id = $0.begin(title: title, by: by, at: moment.wall, devices: known) }
    for device in known {
      core.drivers[device]?.feed(
        .command(.sync(SyncRequest(id: id, by: by, force: scope.force, registers: scope.registers))))
    }
    return .accepted(Receipt(id: id))
  }

  private func hold(_ reason: String, _ by: String) -> CommandOutcome {
    if let notControlling { return .refused(["hold: \(notControlling)"]) }
    let now = core.now().wall
    if core.gates.hold == nil {
      core.changeGates { $0.hold = Hold(by: by, since: now, reason: reason) }
      core.record(
        at: now, .alarm, nil, "Held", "\(by) holds all writes\(reason.isEmpty ? "" : ": \(reason)")")
    } else if !reason.isEmpty, core.gates.hold?.reason != reason {
      core.changeGates { $0.hold?.reason = reason }
      core.record(at: now, .notice, nil, "HoldReason", "\(by) says why writes are held: \(reason)")
    }
    return done("hold", by)
  }

  private func release(_ by: String) -> CommandOutcome {
    if let notControlling { return .refused(["release: \(notControlling)"]) }
    if core.gates.hold != nil {
      core.changeGates { $0.hold = nil }
      core.record(
        at: core.now().wall, .notice, nil, "Released", "\(by) released the hold: writes are allowed again")
    }
    return done("release", by)
  }

  /// What an operator said about devices: a line for each, or one for many.
  private func tell(_ reason: String, _ devices: [DeviceID], _ message: String) {
    let known = devices.filter { core.drivers[$0] != nil }
    let now = core.now().wall
    guard known.count <= 20 else {
      core.record(at: now, .notice, nil, reason, "\(known.count) devices \(message)")
      return
    }
    let sentence = message.prefix(1).uppercased() + message.dropFirst()
    for device in known { core.record(at: now, .notice, device, reason, sentence) }
  }

  private func each(
    _ devices: [DeviceID], _ verb: String, _ by: String, _ input: () -> Input
  ) -> CommandOutcome {
    if let notControlling { return .refused(["\(verb): \(notControlling)"]) }
    return run(devices, verb, by: by) { driver, _ in driver.feed(input()) }
  }

  private func run(
    _ devices: [DeviceID], _ verb: String, by: String, _ body: (DeviceDriver, DeviceID) -> Void
  ) -> CommandOutcome {
    let known = devices.filter { core.drivers[$0] != nil }
    guard !known.isEmpty else { return .refused(["\(verb): no such device"]) }
    for device in known { if let driver = core.drivers[device] { body(driver, device) } }
    return done(verb, by)
  }

  private func done(_ verb: String, _ by: String) -> CommandOutcome {
    var id: UInt64 = 0
    let moment = core.now()
    core.changeOperations { id = $0.begin(title: verb, by: by, at: moment.wall, devices: []) }
    return .accepted(Receipt(id: id))
  }
}
