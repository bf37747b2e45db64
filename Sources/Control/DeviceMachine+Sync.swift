extension DeviceMachine {
  mutating func startSync(_ request: SyncRequest, _ now: Moment, _ actions: inout [Action]) {
    guard let configuration else {
      let names = request.registers.isEmpty ? [""] : request.registers
      let results = names.map { name in
        SyncResult(
          register: -1, name: name, before: nil, after: nil, outcome: .failed("the device has no manifest"))
      }
      return publish(.syncFinished(request, results), &actions)
    }
    let specs = configuration.spec.registers
    var items: [PendingSync.Item] = []
    if request.registers.isEmpty {
      for (index, spec) in specs.enumerated() where spec.desired != nil {
        items.append(PendingSync.Item(register: index, spec: spec))
      }
    }
    for name in request.registers {
      if let index = configuration.index(of: name) {
        guard !items.contains(where: { $0.register == index }) else { continue }
        items.append(PendingSync.Item(register: index, spec: specs[index]))
      } else {
        var unknown = PendingSync.Item(register: -1, spec: RegisterSpec(name: name, address: 0))
        unknown.outcome = .failed("the manifest has no such register")
        items.append(unknown)
      }
    }
    let sync = PendingSync(request: request, deadline: now.instant + configuration.syncPatience, items: items)
    if sync.isDone { return publish(.syncFinished(request, items.map(\.result)), &actions) }
    // Somebody may have swapped the module since it was asked.
    if configuration.spec.identity != nil, !identityMatches { identity = .notAsked }
    syncs.append(sync)
    quiet = false
    reachNow(now)
  }

  var identityMatches: Bool {
    guard let expected = configuration?.spec.identity else { return true }
    guard case .answered(let answer?) = identity else { return false }
    return expected.isMet(by: answer)
  }

  /// The request on whose behalf a register may be written now; a forced one first.
  func syncRequest(for register: Int) -> SyncRequest? {
    var found: SyncRequest?
    for sync in syncs where sync.armed {
      guard let item = sync.openItem(register), !sync.items[item].lost else { continue }
      if sync.request.force { return sync.request }
      if found == nil { found = sync.request }
    }
    return found
  }

  mutating func noteBefore(_ register: Int) {
    guard !syncs.isEmpty else { return }
    let now = value(register)
    eachArmedItem(register) { item in
      if item.before == nil { item.before = now }
      item.after = now
    }
  }

  /// Gives a register's part of every armed sync its outcome.
  ///
  /// - Parameter wroteOnly: only of syncs whose write this is (a lost one waits for the register to be read).
  mutating func settleSyncs(
    _ register: Int, _ outcome: SyncResult.Outcome, _ actions: inout [Action], wroteOnly: Bool = false
  ) {
    guard !syncs.isEmpty else { return }
    eachArmedItem(register) { item in
      if wroteOnly, item.lost { return }
      item.outcome = outcome
    }
    finishSyncs(&actions)
  }

  mutating func settleSyncsInSync(_ register: Int, _ actions: inout [Action]) {
    guard !syncs.isEmpty else { return }
    eachArmedItem(register) { item in item.outcome = item.wrote || item.lost ? .corrected : .alreadyInSync }
    finishSyncs(&actions)
  }

  /// Not answered, read again, and not there: the operator decides whether to try once more.
  mutating func failLostSyncs(_ register: Int, _ actions: inout [Action]) {
    guard !syncs.isEmpty, let spec = configuration?.spec.registers[register] else { return }
    let still = value(register).map { $0.formattedWithUnit(spec) } ?? "unknown"
    eachArmedItem(register) { item in
      if item.lost { item.outcome = .failed("the write was not answered; the device holds \(still)") }
    }
    finishSyncs(&actions)
  }

  mutating func noteSyncProgress(
    _ register: Int, _ actual: RegisterValue, reached: Bool, _ now: Moment, _ actions: inout [Action]
  ) {
    guard !syncs.isEmpty, let configuration else { return }
    for index in syncs.indices where syncs[index].armed {
      guard let item = syncs[index].openItem(register) else { continue }
      syncs[index].items[item].wrote = true
      syncs[index].items[item].after = actual
      if reached { syncs[index].items[item].outcome = .corrected }
      syncs[index].deadline = now.instant + configuration.syncPatience
    }
    finishSyncs(&actions)
  }

  mutating func markSyncsLost(_ register: Int) {
    eachArmedItem(register) { $0.lost = true }
  }

  /// - Parameter exceptLost: those whose write was not answered wait for the register to be read again.
  mutating func failSyncs(_ reason: String, exceptLost: Bool, _ actions: inout [Action]) {
    for index in syncs.indices {
      let waits = exceptLost && syncs[index].items.contains { $0.lost && $0.outcome == nil }
      for item in syncs[index].items.indices where syncs[index].items[item].outcome == nil {
        if waits && syncs[index].items[item].lost && failures <= 1 { continue }
        syncs[index].items[item].outcome = .failed(reason)
      }
    }
    finishSyncs(&actions)
  }

  mutating func expireSyncs(_ now: Moment, _ actions: inout [Action]) {
    for index in syncs.indices where now.instant >= syncs[index].deadline {
      for item in syncs[index].items.indices where syncs[index].items[item].outcome == nil {
        // A write on its way has its outcome soon.
        if isWriting(register: syncs[index].items[item].register) { continue }
        syncs[index].items[item].outcome = .failed(expiryText)
      }
    }
    finishSyncs(&actions)
  }

  /// After a new specification: what the operator agreed to must still be what is written.
  mutating func carrySyncs(from old: Configuration, _ actions: inout [Action]) {
    guard !syncs.isEmpty, let configuration else { return }
    for index in syncs.indices {
      syncs[index].armed = false
      for item in syncs[index].items.indices where syncs[index].items[item].outcome == nil {
        let wanted = syncs[index].items[item].spec
        if let now = configuration.index(of: wanted.name), configuration.spec.registers[now] == wanted {
          syncs[index].items[item].register = now
        } else {
          syncs[index].items[item].outcome = .failed("the manifest changed meanwhile")
        }
      }
    }
    finishSyncs(&actions)
  }

  private var expiryText: String {
    switch link {
    case .up: activity.isIdle ? "no outcome in time: the device is busy" : "no answer in time"
    case .connecting: "unreachable: still connecting"
    case .none, .waiting, .parked: "unreachable" + (lastError.map { ": \($0.detail)" } ?? "")
    }
  }

  private func isWriting(register: Int) -> Bool {
    switch activity {
    case .writing(let kept): currentIndex(of: kept.order) == register
    case .verifying(let kept, _): currentIndex(of: kept.order) == register
    case .idle, .reading, .identifying: false
    }
  }

  private mutating func eachArmedItem(_ register: Int, _ change: (inout PendingSync.Item) -> Void) {
    for index in syncs.indices where syncs[index].armed {
      if let item = syncs[index].openItem(register) { change(&syncs[index].items[item]) }
    }
  }

  private mutating func finishSyncs(_ actions: inout [Action]) {
    guard syncs.contains(where: \.isDone) else { return }
    let done = syncs.filter(\.isDone)
    syncs.removeAll(where: \.isDone)
    for sync in done { publish(.syncFinished(sync.request, sync.items.map(\.result)), &actions) }
  }
}
