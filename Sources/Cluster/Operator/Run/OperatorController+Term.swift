import Control
import Fleet
import Kubernetes
import LocalEngine

extension OperatorController {
  func handle(_ event: LeaderElector.Event) async {
    switch event {
    case .elected:
      leaseTrouble = nil
      logger.notice("Leading", metadata: ["identity": "\(configuration.identity)"])
      leader = configuration.identity
      await beginTerm()
      leaseChanged()
    case .deposed(let reason):
      logger.warning("Not leading any more, nothing is written from here on", metadata: ["why": "\(reason)"])
      leaseChanged()
    case .observed(let other):
      leader = other
      logger.notice("Standing by", metadata: ["leader": "\(other)"])
      await endTerm()
      showStandby()
    case .troubled(let error):
      guard error != leaseTrouble else { return }
      leaseTrouble = error
      logger.warning("The lease cannot be read or renewed", metadata: ["error": "\(error)"])
    }
  }

  /// Carries the lease's deadline to the write gate.
  func followLease(_ elector: LeaderElector) async {
    while !Task.isCancelled {
      leaseChanged()
      try? await Task.sleep(for: .milliseconds(200))
    }
  }

  func leaseChanged() {
    guard let term else { return }
    guard let elector else { return term.engine.lead(for: TimeSpan(nanoseconds: .max)) }
    let deadline = elector.writeDeadline
    guard deadline != lastDeadline else { return }
    lastDeadline = deadline
    let left = deadline.map { MonotonicInstant.now().duration(to: $0) }
    term.engine.lead(
      for: left.map { TimeSpan.seconds($0 / .seconds(1)) },
      holder: leader == configuration.identity ? "" : leader)
  }

  func beginTerm() async {
    guard term == nil, !isStopping else { return }
    var settings = EngineSettings(
      mode: configuration.isDryRun ? .observe : .control,
      observeReason: configuration.isDryRun ? "--dry-run" : "", snapshotInterval: .milliseconds(200))
    settings.leadsFromTheStart = false
    let source = ClusterDesiredSource()
    let mayWrite = mayWrite
    let events = EventRelay(recorder)
    let fresh: LocalEngine
    do {
      fresh = try await LocalEngine(
        source: source, origin: configuration.origin, settings: settings, journal: configuration.journal,
        loop: loop, hooks: EngineHooks(mayWrite: mayWrite, onEvent: { events.tell($0) }), logger: logger)
    } catch {
      return logger.critical("The engine cannot start", metadata: ["error": "\(error)"])
    }
    guard term == nil, !isStopping else { return await fresh.stop(grace: .zero) }
    let logger = logger
    let writer = StatusWriter(client, mayWrite: mayWrite, now: now) { logger.warning("\($0)") }
    let pump = Task { [weak self, engine] in
      for await snapshot in fresh.snapshots() {
        engine.show(snapshot)
        await self?.digest(snapshot, of: fresh)
      }
    }
    let writing = Task.detached { await writer.run() }
    relay = events
    lastDeadline = nil
    term = Term(engine: fresh, source: source, writer: writer, pump: pump, writing: writing)
    engine.begin(fresh)
    leaseChanged()
    // What the last leader wrote is in the API server; what this replica has seen of it may be old.
    inform()
  }

  /// Another process leads: the devices are its own now.
  func endTerm() async {
    guard let ending = term else { return }
    term = nil
    lastDeadline = nil
    relay?.end()
    relay = nil
    ending.writing.cancel()
    await ending.engine.stop(grace: .zero)
    ending.pump.cancel()
  }

  func showStandby() {
    guard term == nil else { return }
    engine.standBy(for: leader, source: sourceStatus, at: now())
  }

  // MARK: Hold

  /// Keeps the engine's hold in step with the ConfigMap.
  func watchHold() -> Task<Void, Never> {
    let informer = Informer<DynamicObject>(
      client, .configMaps, namespace: configuration.ownNamespace,
      selection: Selection(fields: "metadata.name=\(HoldConfigMap.name)"))
    return Task.detached { [weak self] in
      await informer.run { [weak self] event in await self?.handleHold(event) }
    }
  }

  private func handleHold(_ event: InformerEvent<DynamicObject>) async {
    switch event {
    case .upsert(let object): await held(object)
    case .delete: await released()
    case .synced: await holdIsKnown()
    case .troubled(let error): await holdIsHidden(error)
    case .undecodable, .recovered: break
    }
  }

  private func held(_ object: DynamicObject) async {
    let data = object.json["data"]
    hold = Hold(
      by: data?[HoldConfigMap.by]?.stringValue ?? "ConfigMap \(HoldConfigMap.name)",
      since: data?[HoldConfigMap.since]?.stringValue.flatMap(WallTime.init(rfc3339:)) ?? now(),
      reason: data?[HoldConfigMap.reason]?.stringValue ?? "")
    await applyHold()
  }

  private func released() async {
    hold = nil
    await applyHold()
  }

  private func holdIsKnown() async {
    isHoldForbidden = false
    guard !isHoldKnown else { return }
    isHoldKnown = true
    await applyHold()
    await flush()
  }

  /// A permission that is missing must not stop the operator for ever; trouble that passes is waited for. A server that
  /// has just started refuses everybody until it has read the roles.
  private func holdIsHidden(_ error: ClientError) async {
    logger.warning(
      "Cannot see whether writes are held: ConfigMap \(configuration.ownNamespace)/\(HoldConfigMap.name)",
      metadata: ["error": "\(error)"])
    isHoldForbidden = false
    guard case .forbidden? = error.reason, !isHoldKnown else { return }
    isHoldForbidden = true
    Task {
      try? await Task.sleep(for: .seconds(20))
      if isHoldForbidden { await holdIsKnown() }
    }
  }

  func applyHold() async {
    guard let term, hold != nil || isHoldKnown else { return }
    if let told = term.hold, told == hold { return }
    self.term?.hold = .some(hold)
    let by = "ConfigMap \(HoldConfigMap.name)"
    if let hold {
      _ = await term.engine.submit(.hold(reason: hold.reason, by: hold.by))
    } else if term.hold != nil {
      _ = await term.engine.submit(.release(by: by))
    } else {
      // The journal may have kept one from before.
      for await snapshot in term.engine.snapshots() {
        if snapshot.gates.hold != nil { _ = await term.engine.submit(.release(by: by)) }
        break
      }
    }
  }
}
