extension DeviceMachine {
  mutating func obey(_ command: OperatorCommand, _ now: Moment, _ actions: inout [Action]) {
    switch command {
    case .sync(let request): startSync(request, now, &actions)
    case .refresh: if configuration != nil { reachNow(now) }
    case .suspend(let by):
      suspendedBy = by
      publish(.suspended(by: by), &actions)
    case .resume(let by):
      guard suspendedBy != nil else { return }
      suspendedBy = nil
      publish(.resumed(by: by), &actions)
      reconsider(now)
    case .shelve(let shelf):
      shelves.removeAll { $0.shelf.register == shelf.register }
      shelves.append(StandingShelf(shelf, at: now))
      publish(.shelved(shelf), &actions)
    case .unshelve(let register, let by):
      let before = shelves.count
      shelves.removeAll { $0.shelf.register == register }
      guard shelves.count != before else { return }
      publish(.unshelved(register: register, by: by, expired: false), &actions)
      reconsider(now)
    case .retryContested:
      for index in registers.indices {
        registers[index].revise { $0.contest?.retryAt = now.instant }
      }
      reconsider(now)
    }
  }

  mutating func gatesChanged(_ new: FleetGates, _ now: Moment) {
    let old = gates
    gates = new
    // A lease that was only renewed changes nothing; most calls are that.
    let sameLead = old.isLeading(at: now.instant) == new.isLeading(at: now.instant)
    let same =
      sameLead && old.mode == new.mode && old.hold == new.hold && old.journalProblem == new.journalProblem
      && old.trustProblem == new.trustProblem
    if !same { reconsider(now) }
  }

  /// A gate may have opened: a drift is looked at now and not at the next poll.
  private mutating func reconsider(_ now: Moment) {
    guard registers.contains(where: \.isDrifted) else { return }
    readSoon(now.instant)
  }

  mutating func expireShelves(_ now: Moment, _ actions: inout [Action]) {
    guard shelves.contains(where: { $0.isOver(at: now) }) else { return }
    let expired = shelves.filter { $0.isOver(at: now) }.map(\.shelf)
    shelves.removeAll { $0.isOver(at: now) }
    for shelf in expired {
      publish(.unshelved(register: shelf.register, by: shelf.by, expired: true), &actions)
    }
    reconsider(now)
  }

  /// The shelf that covers a register: the device's before its own.
  func shelf(covering name: String, at now: Moment) -> Shelf? {
    deviceShelf(at: now) ?? shelves.first { $0.shelf.register == name && !$0.isOver(at: now) }?.told(at: now)
  }

  /// The shelf of the whole device.
  func deviceShelf(at now: Moment) -> Shelf? {
    shelves.first { $0.shelf.register == nil && !$0.isOver(at: now) }?.told(at: now)
  }

  /// All shelves in force, of the device and of single registers.
  public func standingShelves(at now: Moment) -> [Shelf] {
    shelves.filter { !$0.isOver(at: now) }.map { $0.told(at: now) }
  }

  /// The operator who suspended the device, if it was one.
  public var operatorSuspension: String? { suspendedBy }

  /// Who suspended the device: an operator, else the manifest.
  var suspension: String? { suspendedBy ?? (configuration?.spec.suspend == true ? "the manifest" : nil) }

  // MARK: Counters

  /// What must survive a restart.
  public func counters(at now: Moment) -> DeviceCounters {
    guard let configuration else {
      return DeviceCounters(driftEvents: driftEvents, corrections: corrections, registers: restored)
    }
    var all: [DeviceCounters.RegisterCounters] = []
    all.reserveCapacity(registers.count)
    for (index, state) in registers.enumerated() {
      var register = DeviceCounters.RegisterCounters(
        name: configuration.spec.registers[index].name, driftEvents: state.driftEvents,
        corrections: state.corrections, recentWrites: state.past.first?.writes.map(\.wall) ?? [])
      register.writes = state.past.first?.tally.total ?? 0
      register.writesByAge = state.past.first?.tally.byAge(at: now.instant) ?? []
      if state.isDrifted {
        register.driftSeen = state.driftSeen
        register.driftAfter = state.driftAfter.ifEver
      }
      all.append(register)
    }
    return DeviceCounters(driftEvents: driftEvents, corrections: corrections, registers: all)
  }

  mutating func restore(_ counters: DeviceCounters, _ now: Moment) {
    driftEvents = driftEvents.addingReportingOverflow(counters.driftEvents).partialValue
    corrections = corrections.addingReportingOverflow(counters.corrections).partialValue
    restored = counters.registers
    if configuration != nil { applyRestored(now) }
  }

  mutating func applyRestored(_ now: Moment) {
    guard let configuration else { return }
    for counters in restored {
      guard let index = configuration.index(of: counters.name) else { continue }
      registers[index].driftEvents &+= counters.driftEvents
      registers[index].corrections &+= counters.corrections
      restoreDrift(index, counters)
      if counters.writes > 0 {
        registers[index].remember {
          $0.tally.restore(counters.writes, byAge: counters.writesByAge, at: now.instant)
        }
      }
      // Civil times of another process on this process's monotonic clock. A clock that was set in between
      // must not enlarge the budget: what cannot be right counts as just written.
      let writes = counters.recentWrites.compactMap { wall -> WritePast.Stamp? in
        let age = now.wall - wall
        guard age < WritePast.hour else { return nil }
        return WritePast.Stamp(at: now.instant + TimeSpan(nanoseconds: -max(age.nanoseconds, 0)), wall: wall)
      }
      let known = keptWrites.first { $0.name == counters.name }?.writes ?? writes.sorted { $0.at < $1.at }
      guard !known.isEmpty else { continue }
      registers[index].remember { $0.writes = known + $0.writes }
    }
    restored = []
    keptWrites = []
  }

  /// A drift that an earlier process counted is not counted again: it began then, and still stands until a read
  /// says otherwise.
  private mutating func restoreDrift(_ index: Int, _ counters: DeviceCounters.RegisterCounters) {
    guard let seen = counters.driftSeen, !registers[index].flags.contains(.known),
      configuration?.spec.registers[index].desired != nil
    else { return }
    registers[index].flags.insert(.drifted)
    registers[index].driftSeen = seen
    registers[index].driftAfter = counters.driftAfter ?? .never
  }
}
