import Control
import Fleet
import LocalEngine

extension OperatorController {
  /// A new picture of the fleet: statuses to write, requests that can be passed on or have ended.
  func digest(_ snapshot: FleetSnapshot, of source: LocalEngine) async {
    guard let term, term.engine === source else { return }
    await term.writer.digest(snapshot)
    guard !isStopping else { return }
    await finishSyncs(snapshot, term)
    guard let state = self.term, !state.pendingSyncs.isEmpty || hasNewOverrides else { return }
    // The engine takes commands about devices that it knows, in the version that the request meant.
    let present = Dictionary(
      snapshot.devices.map { ($0.id, $0.spec) }, uniquingKeysWith: { first, _ in first })
    // A device that the engine is yet to take up is looked at again.
    hasNewOverrides = state.applied.keys.contains { present[$0] == nil }
    for (id, applied) in state.applied.sorted(by: { $0.key < $1.key }) where present[id] != nil {
      await override(id, applied, term.engine)
    }
    for (id, sync) in state.pendingSyncs.sorted(by: { $0.key < $1.key }) {
      await pass(sync, id, present[id], term.engine)
    }
  }

  private func override(_ id: DeviceID, _ applied: Overrides, _ engine: LocalEngine) async {
    guard let wanted = book.overrides(of: id, at: now()), wanted != applied else { return }
    for command in applied.commands(to: wanted, for: id, at: now()) { _ = await engine.submit(command) }
    if term?.engine === engine { term?.applied[id] = wanted }
  }

  private func pass(_ sync: SyncAnnotation, _ id: DeviceID, _ spec: DeviceSpec?, _ engine: LocalEngine) async
  {
    guard let entry = book[id] else {
      term?.pendingSyncs[id] = nil
      return
    }
    if !entry.problems.isEmpty {
      term?.pendingSyncs[id] = nil
      return await refuse(sync, id, ["the specification is invalid: \(entry.problems[0])"])
    }
    guard let spec, spec == entry.inForce?.device.spec else { return }
    term?.pendingSyncs[id] = nil
    let scope = SyncScope(devices: [id], registers: sync.registers, force: sync.force)
    let by = sync.by.isEmpty ? "the annotation \(PLCAnnotation.lastSyncRequest)" : sync.by
    switch await engine.submit(.sync(scope, by: by)) {
    case .accepted(let receipt):
      logger.notice("Sync requested", metadata: ["plc": "\(id)", "by": "\(by)", "force": "\(sync.force)"])
      if term?.engine === engine { term?.runningSyncs[receipt.id] = (id, sync.request) }
    case .refused(let reasons): await refuse(sync, id, reasons)
    }
  }

  /// A sync is handled when it has an outcome, so that whoever waits for the echo finds the outcome with it.
  private func finishSyncs(_ snapshot: FleetSnapshot, _ term: Term) async {
    guard !term.runningSyncs.isEmpty else { return }
    // Long lists lose their oldest ended ones.
    let running = Set(snapshot.operations.filter { $0.state == .running }.map(\.receipt.id))
    let newest = snapshot.operations.map(\.receipt.id).max() ?? 0
    for (receipt, sync) in term.runningSyncs where receipt <= newest && !running.contains(receipt) {
      self.term?.runningSyncs[receipt] = nil
      await term.writer.handled(sync.request, of: sync.device)
    }
  }
}
