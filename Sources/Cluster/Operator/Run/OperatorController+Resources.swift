import Control
import Fleet
import Kubernetes
import LocalEngine
import Manifest

extension OperatorController {
  func handle(_ event: InformerEvent<DynamicObject>, epoch: Int) async {
    guard epoch == self.epoch, !isStopping else { return }
    switch event {
    case .upsert(let object): await upsert(object)
    case .delete(let key, _): await delete(DeviceID(namespace: key.namespace, name: key.name))
    case .undecodable(let object):
      logger.warning("A resource cannot be read", metadata: ["error": "\(object)"])
    case .synced:
      isSynced = true
      trouble = nil
      await flush()
      showStandby()
    case .troubled(let error):
      trouble = (Self.advice(error), now())
      logger.warning("The resources cannot be watched", metadata: ["error": "\(Self.advice(error))"])
      await flush()
      showStandby()
    case .recovered:
      logger.notice("The resources are watched again")
      trouble = nil
      await flush()
      showStandby()
    }
  }

  private static func advice(_ error: ClientError) -> String {
    guard error.isNotFound else { return error.description }
    return "\(error); is the CustomResourceDefinition installed? (kubectl apply -f deploy/k8s/crd.yaml)"
  }

  private func upsert(_ object: DynamicObject) async {
    let id = object.id
    let change = book.upsert(object)
    guard let entry = book[id] else { return change.isEmpty ? () : await gone(id) }
    guard let term else { return }
    relay?.know(id, entry.resource.reference)
    if change.contains(.sync), let sync = entry.resource.sync { await asked(sync, entry, term.writer) }
    await term.writer.know(entry)
    if change.contains(.invalid) { invalid(entry) }
    if change.contains(.desired) { scheduleFlush() }
  }

  private func delete(_ id: DeviceID) async {
    if !book.delete(id).isEmpty { await gone(id) }
  }

  private func gone(_ id: DeviceID) async {
    term?.pendingSyncs[id] = nil
    relay?.know(id, nil)
    await term?.writer.forget(id)
    scheduleFlush()
  }

  private func invalid(_ entry: ResourceBook.Entry) {
    for problem in entry.problems {
      logger.warning(
        "Invalid specification", metadata: ["plc": "\(entry.resource.id)", "problem": "\(problem)"])
    }
    recorder.tell(EventWording.invalid(entry.problems, about: entry.resource.reference))
  }

  private func asked(_ sync: SyncAnnotation, _ entry: ResourceBook.Entry, _ writer: StatusWriter) async {
    let id = entry.resource.id
    let handled = await writer.handledSync(of: id) ?? entry.resource.handledSync
    guard sync.request != handled else { return }
    if !isSynced, let asked = WallTime(rfc3339: sync.request), now() - asked > configuration.forgetSyncAfter {
      await writer.know(entry)
      return await refuse(sync, id, ["the request is older than this operator: ask again"])
    }
    term?.pendingSyncs[id] = sync
  }

  func refuse(_ sync: SyncAnnotation, _ id: DeviceID, _ reasons: [String]) async {
    if let reference = book[id]?.resource.reference {
      recorder.tell(EventWording.refusedSync(reasons, about: reference))
    }
    logger.notice("Sync refused", metadata: ["plc": "\(id)", "why": "\(reasons.joined(separator: "; "))"])
    await term?.writer.handled(sync.request, of: id)
  }

  // MARK: To the engine

  /// Changes that come together are handed over together.
  func scheduleFlush() {
    guard isSynced, !isFlushScheduled else { return }
    isFlushScheduled = true
    Task {
      try? await Task.sleep(for: .milliseconds(50))
      isFlushScheduled = false
      await flush()
    }
  }

  /// Hands the engine all that is desired. Not before everything is known: what is listed last must not look as if
  /// it had been deleted, and a hold must be in force before the first device is.
  func flush() async {
    guard term != nil, isSynced, isHoldKnown, !isStopping else { return }
    for id in book.settleConflicts() {
      guard let entry = book[id] else { continue }
      if !entry.conflict.isEmpty { invalid(entry) }
      await term?.writer.know(entry)
    }
    await applyHold()
    guard var term else { return }
    let state = book.desired(at: now())
    var applied: [DeviceID: Overrides] = [:]
    for device in state.devices {
      let overrides = Overrides(device.restored)
      applied[device.spec.id] = term.applied[device.spec.id] ?? overrides
    }
    term.applied = applied
    self.term = term
    hasNewOverrides = true
    term.source.hand(
      DesiredUpdate(status: sourceStatus, state: state), commits: book.commits)
  }

  var sourceStatus: SourceStatus {
    var status = SourceStatus(origin: configuration.origin)
    if isSynced { status.revision = "cluster" }
    if let trouble {
      status.state = .unavailable(reason: trouble.error, since: trouble.since)
    } else {
      status.state = isSynced ? .good : .loading
    }
    return status
  }
}
