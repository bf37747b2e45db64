import Modbus

/// All of a fleet but its sockets and its clock: the PLCs, what is due when, and what is told. Confined to
/// the fleet's event loop.
final class FleetCore {
  let plcs: [PLC]
  private let script: Script
  private var due = EventQueue<Due>()
  /// The latest time seen: time never runs backwards.
  private(set) var now = Elapsed.zero
  /// Told of every line of the log, in order.
  var observer: ((LogEntry) -> Void)?
  /// Also log each request and each fault that struck.
  let isVerbose: Bool
  /// Told to close every connection of a PLC.
  var disconnect: ((_ plc: Int) -> Void)?

  private(set) var writes: [WriteRecord] = []
  private let keepsWrites: Int
  private let horizon: Elapsed

  /// What can be due.
  enum Due {
    case chaos(unit: Int, index: Int, count: Int64)
    case script(event: Int, count: Int64)
    case revert(unit: Int, record: WriteRecord, words: [UInt16], epoch: Int)
    case watchdog
  }

  init(_ configuration: FleetConfiguration) {
    let seed = Seed(configuration.seed)
    plcs = configuration.plcs.enumerated().map { index, device in
      PLC(
        PLC.Setup(
          index: index, name: device.name ?? "plc-\(index + 1)", device: device,
          // The first PLC of any fleet behaves like a fleet of one.
          seed: seed.derived(UInt64(index)), unitIDs: configuration.unitIDs, chaos: configuration.chaos,
          faults: configuration.faults))
    }
    script = configuration.script
    isVerbose = configuration.isVerbose
    keepsWrites = configuration.keepsWrites
    horizon = configuration.horizon
    for plc in plcs {
      for (unit, state) in plc.units.enumerated() {
        for (index, turn) in state.image.chaos.enumerated() {
          due.add(.chaos(unit: unit, index: index, count: 1), plc: plc.index, at: turn.time(of: 1))
        }
      }
      watch(plc)
    }
    for (index, event) in script.events.enumerated() {
      // Before the PLCs' own events of that time.
      due.add(.script(event: index, count: 0), plc: -1, at: event.at)
    }
  }

  /// When there is something to do next.
  var nextDue: Elapsed? { due.nextTime.flatMap { $0 <= horizon ? $0 : nil } }

  /// Does everything that is due by `time`, in order.
  func advance(to time: Elapsed) {
    while let (at, plc, event) = due.popDue(at: min(time, horizon)) {
      now = max(now, at)
      perform(event, plc: plc, at: at)
    }
    now = max(now, time)
  }

  private func perform(_ event: Due, plc index: Int, at time: Elapsed) {
    if case .script(let event, let count) = event {
      run(event, count, at: time)
      return
    }
    guard plcs.indices.contains(index) else { return }
    let plc = plcs[index]
    switch event {
    case .chaos(let unit, let index, let count):
      if let (register, words) = plc.units[unit].image.turn(index, count: count) {
        set(plc, unit, register.table, register.address, words, at: time, .chaos)
        let next = plc.units[unit].image.chaos[index].time(of: count &+ 1)
        due.add(.chaos(unit: unit, index: index, count: count &+ 1), plc: plc.index, at: next)
      }
    case .revert(let unit, let record, let words, let epoch):
      guard epoch == plc.epoch else { return }
      set(plc, unit, record.table, record.address, words, at: time, .revert)
    case .watchdog: checkWatchdog(plc, at: time)
    case .script: break
    }
  }

  /// Changes an image for `cause` and logs it.
  private func set(
    _ plc: PLC, _ unit: Int, _ table: ModbusTable, _ address: UInt16, _ words: [UInt16], at time: Elapsed,
    _ cause: LogEntry.Cause
  ) {
    let before = plc.units[unit].image.read(table, address, count: words.count, at: time)
    plc.units[unit].image.write(table, address, words, at: time, isChaos: cause == .chaos)
    log(plc, cause, at: time, isClientCaused: cause == .revert || cause == .watchdog) {
      [
        .init("unit", plc.units[unit].label), .init("table", table), .init("address", address),
        .init("before", LogEntry.words(before)), .init("after", LogEntry.words(words)),
      ]
    }
  }

  // MARK: Watchdog

  private func watch(_ plc: PLC) {
    guard let span = plc.policy.watchdog, !plc.isWatched else { return }
    plc.isWatched = true
    due.add(.watchdog, plc: plc.index, at: max(now, plc.lastRequest) + span)
  }

  private func checkWatchdog(_ plc: PLC, at time: Elapsed) {
    guard let span = plc.policy.watchdog else {
      plc.isWatched = false
      return
    }
    let deadline = plc.lastRequest + span
    if deadline > time || plc.isSafe {
      due.add(.watchdog, plc: plc.index, at: max(deadline, time + (plc.isSafe ? span : .zero)))
      return
    }
    plc.isSafe = true
    for unit in plc.units.indices {
      for (register, value) in plc.units[unit].image.safeState {
        let words = plc.units[unit].image.words(of: value, in: register)
        set(plc, unit, register.table, register.address, words, at: time, .watchdog)
      }
    }
    due.add(.watchdog, plc: plc.index, at: time + span)
  }

  // MARK: Script

  private func run(_ index: Int, _ count: Int64, at time: Elapsed) {
    let event = script.events[index]
    if let next = event.time(of: count &+ 1) {
      due.add(.script(event: index, count: count &+ 1), plc: -1, at: next)
    }
    for plc in plcs where event.plc == nil || event.plc == plc.name || event.plc == String(plc.index + 1) {
      run(event.action, unit: event.unit, on: plc, at: time)
    }
  }

  /// Does what a script can do, now. `plc`: `nil` for all.
  func perform(_ action: ScriptAction, plc: Int?, unit: UInt8?) {
    for candidate in plcs where plc == nil || plc == candidate.index {
      run(action, unit: unit, on: candidate, at: now)
    }
  }

  private func run(_ action: ScriptAction, unit: UInt8?, on plc: PLC, at time: Elapsed) {
    switch action {
    case .set(let target, let value): assign(target, value, unit, plc, at: time, .script)
    case .rival(let target, let value): assign(target, value, unit, plc, at: time, .rival)
    case .enable(let specs):
      plc.enable(specs, unit: unit)
      watch(plc)
      log(plc, .fault, at: time) { [.init("on", specs.map(\.name).joined(separator: ","))] }
    case .disable(let names):
      plc.disable(names, unit: unit)
      log(plc, .fault, at: time) { [.init("off", names.isEmpty ? "all" : names.joined(separator: ","))] }
    case .reboot(let down):
      plc.reboot(at: time, down: down)
      log(plc, .reboot, at: time) { [.init("down", down.logText)] }
      disconnect?(plc.index)
    case .disconnect:
      log(plc, .disconnect, at: time) { [.init("by", "script")] }
      disconnect?(plc.index)
    }
  }

  private func assign(
    _ target: ScriptTarget, _ value: MockValue, _ unitID: UInt8?, _ plc: PLC, at time: Elapsed,
    _ cause: LogEntry.Cause
  ) {
    for index in plc.units.indices {
      let unit = plc.units[index]
      guard unitID == nil || unit.id == nil || unit.id == unitID else { continue }
      switch target {
      case .named(let name):
        guard let register = unit.image.registers.first(where: { $0.name == name }) else { continue }
        set(
          plc, index, register.table, register.address, unit.image.words(of: value, in: register), at: time,
          cause)
      case .address(let table, let address, let format):
        let words = table.isBits ? [(value.number ?? 0) != 0 ? 1 : 0] : format.encode(value)
        guard Int(address) + words.count <= 65_536 else { continue }
        set(plc, index, table, address, words, at: time, cause)
      }
    }
  }

  // MARK: Clients

  /// One request of a client at `time`.
  func handle(
    _ request: ModbusRequest, plc: PLC, unit: UInt8, connection: UInt64, mayWrite: Bool = true,
    at time: Elapsed
  ) -> PLC.Verdict {
    advance(to: time)
    let verdict = plc.handle(request, unit: unit, connection: connection, mayWrite: mayWrite, at: now)
    if let write = verdict.write { note(write, by: plc) }
    if let revert = verdict.revert, let write = verdict.write {
      due.add(
        .revert(unit: revert.unit, record: write, words: revert.words, epoch: plc.epoch), plc: plc.index,
        at: now + revert.after)
    }
    if isVerbose {
      log(plc, .request, at: now, isClientCaused: true) {
        [
          .init("conn", connection), .init("unit", unit), .init("what", request),
          .init(
            "faults", verdict.exchange.struck.isEmpty ? "-" : verdict.exchange.struck.joined(separator: ",")),
        ]
      }
    }
    return verdict
  }

  private func note(_ write: WriteRecord, by plc: PLC) {
    if keepsWrites > 0 {
      if writes.count >= keepsWrites * 2 { writes.removeFirst(writes.count - keepsWrites) }
      writes.append(write)
    }
    log(plc, .write, at: write.time, isClientCaused: true) {
      [
        .init("conn", write.connection), .init("unit", write.unit), .init("fc", write.function),
        .init("table", write.table), .init("address", write.address),
        .init("before", LogEntry.words(write.before)),
        .init("after", LogEntry.words(write.asked)), .init("outcome", write.outcome.rawValue),
      ]
    }
  }

  func log(
    _ plc: PLC, _ cause: LogEntry.Cause, at time: Elapsed, isClientCaused: Bool = false,
    _ fields: () -> [LogEntry.Field]
  ) {
    guard let observer else { return }
    observer(
      LogEntry(time: time, isClientCaused: isClientCaused, plc: plc.name, cause: cause, fields: fields()))
  }
}
