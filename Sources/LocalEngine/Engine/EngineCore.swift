import Control
import Fleet
import Journal
import Logging
import Modbus
import NIOCore

/// The engine's inside, confined to one event loop: drivers, gates, events and snapshots.
///
/// One loop on purpose: a poll costs no hop between threads, and devices cannot hold a lock against each other
/// because there is none.
final class EngineCore {
  let loop: any EventLoop
  let settings: EngineSettings
  let metrics = EngineMetrics()
  let health = EngineHealthMeter()
  private let logger: Logger
  private let timers: LoopTimer
  private let links: any LinkMaker
  private let clock: () -> Moment
  let audit: any AuditTrail
  let hooks: EngineHooks
  let scratch = ActionScratch()

  private(set) var gates: FleetGates
  private(set) var drivers: [DeviceID: DeviceDriver] = [:]
  private var ordered: [DeviceDriver] = []
  private var departed = DepartedDevices()
  private var events = EventLog()
  private(set) var operations = OperationLog()
  private var source: SourceStatus
  private lazy var feed = SnapshotFeed(core: self, interval: settings.snapshotInterval)
  private var sequence: UInt64 = 0
  /// Grows when devices come or go.
  private(set) var fleetGeneration: UInt64 = 0
  private var isStopped = false
  private var notices: [String] = []
  /// Which one is in use, or was last.
  private var journal: String?

  init(
    loop: any EventLoop, settings: EngineSettings, origin: String, links: any LinkMaker,
    audit: any AuditTrail, hooks: EngineHooks = .init(), logger: Logger,
    clock: @escaping () -> Moment = EngineClock.now
  ) {
    self.clock = clock
    self.loop = loop
    self.settings = settings
    self.links = links
    self.audit = audit
    self.hooks = hooks
    self.logger = logger
    timers = LoopTimer(eventLoop: loop)
    source = SourceStatus(origin: origin)
    gates = FleetGates(
      mode: settings.mode,
      leadershipUntil: settings.mode == .control && settings.leadsFromTheStart
        ? Instant(nanoseconds: .max) : nil,
      leader: settings.controller ?? "")
  }

  func now() -> Moment { clock() }

  // MARK: Desired state

  func apply(_ update: DesiredUpdate) {
    guard !isStopped else { return }
    let moment = now()
    announce(update.status, before: source, at: moment.wall)
    source = update.status
    if gates.trustProblem != update.trustProblem { changeGates { $0.trustProblem = update.trustProblem } }
    if let state = update.state { apply(settings.automaticCorrections ? state : state.withoutAutoCorrect) }
    touched()
  }

  private func apply(_ state: DesiredState) {
    let slots = PollSlots(state.devices.map(\.spec))
    var wanted: Set<DeviceID> = []
    wanted.reserveCapacity(state.devices.count)
    for device in state.devices {
      wanted.insert(device.spec.id)
      if let driver = drivers[device.spec.id] {
        driver.apply(device)
      } else {
        let driver = DeviceDriver(core: self, device: device, pollSlots: slots.of(device.spec))
        drivers[device.spec.id] = driver
        let left = departed.take(device.spec.id) ?? audit.restored(device.spec.id)
        driver.begin(left.overridden(by: device.restored))
      }
    }
    for driver in ordered where !wanted.contains(driver.spec.id) {
      drivers[driver.spec.id] = nil
      departed.keep(driver.spec.id, driver.machine.left(at: now()))
      driver.release()
    }
    ordered = drivers.values.sorted { $0.spec.id < $1.spec.id }
    fleetGeneration &+= 1
  }

  private func announce(_ status: SourceStatus, before: SourceStatus, at time: WallTime) {
    switch status.state {
    case .loading: break
    case .good:
      if status.revision != before.revision {
        let who = status.author.isEmpty ? "" : " by \(status.author): \(status.subject)"
        record(at: time, .notice, nil, "RevisionApplied", "Now holding the fleet to \(status.revision)\(who)")
      } else if status.state != before.state {
        record(at: time, .notice, nil, "SourceRestored", "The source is good again at \(status.revision)")
      }
    case .invalid(let revision, let problems):
      guard status.state != before.state else { return }
      let more = problems.count > 1 ? " (and \(problems.count - 1) more)" : ""
      record(
        at: time, .alarm, nil, "RevisionInvalid",
        "\(revision) is not applied, the last good one stays: \(problems.first ?? "invalid")\(more)")
    case .unavailable(let reason, _):
      guard status.state != before.state else { return }
      record(at: time, .alarm, nil, "SourceUnavailable", "The source cannot be read: \(reason)")
    }
  }

  // MARK: Gates

  func changeGates(_ change: (inout FleetGates) -> Void) {
    var changed = gates
    change(&changed)
    guard changed != gates else { return }
    gates = changed
    for driver in ordered { driver.feed(.gates(changed)) }
    touched()
  }

  // MARK: What drivers need

  func makeLink(_ spec: DeviceSpec, owner: any DeviceLinkOwner) -> any DeviceLink {
    links.link(for: spec, owner: owner)
  }

  func timer(at instant: Instant, _ fire: @escaping () -> Void) -> EngineTimer {
    EngineTimer(on: timers, at: instant, fire)
  }

  /// A poll that was due then begins now.
  func noteLag(due: Instant) {
    let now = now().instant
    health.noteLag(now - due, at: now)
    metrics.delay(now - due)
  }

  func note(_ kind: DeviceHistory.Mark.Kind, for driver: DeviceDriver, at time: WallTime) {
    let words = source.revision.isEmpty ? "new revision" : "\(source.revision) \(source.subject)"
    driver.note(kind, at: time, words)
  }

  /// Records the intent to write; calls back on this loop with the problem, or `nil` once the record is durable.
  func record(_ order: WriteOrder, _ done: @escaping (String?) -> Void) {
    audit.intend(order, revision: source.revision, at: now().wall, done)
  }

  /// An order of a device that was released while the frame was under way: nobody else will tell its outcome.
  func settle(_ order: WriteOrder, released input: Input) {
    audit.settle(order, input, at: now().wall)
  }

  func publish(_ transition: Transition, of driver: DeviceDriver, at moment: Moment) {
    metrics.count(transition)
    audit.note(transition, of: driver.spec, revision: source.revision, at: moment.wall)
    switch transition {
    case .driftDetected, .driftCleared, .corrected, .released:
      audit.note(driver.machine.counters(at: moment), of: driver.spec.id)
    default: break
    }
    if case .syncFinished(let request, let results) = transition {
      operations.finish(request.id, device: driver.spec.id, results: results)
    }
    guard let words = TransitionWording.of(transition, spec: driver.spec) else { return }
    record(
      at: moment.wall, words.severity, driver.spec.id, register: words.register, words.reason, words.message)
  }

  func record(
    at time: WallTime, _ severity: FleetEvent.Severity, _ device: DeviceID?, register: String? = nil,
    _ reason: String, _ message: String
  ) {
    let event = events.append(at: time, severity, device, register: register, reason: reason, message)
    audit.note(event)
    hooks.onEvent?(event)
    log(event)
    touched()
  }

  func adopted(_ device: DeviceID, branch: String, commit: String, by: String) {
    let time = now().wall
    audit.adopted(device, branch: branch, commit: commit, by: by, at: time)
    record(
      at: time, .notice, device, "Adopted",
      "\(by) made reality the commit \(commit.prefix(10)) on \(branch)")
  }

  private func log(_ event: FleetEvent) {
    var metadata: Logger.Metadata = ["reason": .string(event.reason)]
    if let device = event.device { metadata["plc"] = .string(device.description) }
    if let register = event.register { metadata["register"] = .string(register) }
    let level: Logger.Level =
      switch event.severity {
      case .info, .notice: .info
      case .warning: .warning
      case .alarm: .error
      }
    logger.log(level: level, "\(event.message)", metadata: metadata)
  }

  // MARK: Commands

  func submit(_ command: FleetCommand) -> CommandOutcome {
    CommandDesk(core: self).submit(command)
  }

  func plan(_ scope: SyncScope) -> SyncPlan {
    let moment = now()
    var steps: [SyncPlan.Step] = []
    for id in scope.devices {
      guard let driver = drivers[id] else { continue }
      for step in driver.machine.plan(registers: scope.registers, force: scope.force, at: moment)
      where driver.spec.registers.indices.contains(step.register) {
        steps.append(
          .init(
            device: id, register: driver.spec.registers[step.register], before: step.before,
            after: step.after, refusals: step.refusals))
      }
    }
    return SyncPlan(steps: steps)
  }

  func changeOperations(_ change: (inout OperationLog) -> Void) {
    change(&operations)
    touched()
  }

  func history(_ query: HistoryQuery) -> [DeviceHistory] {
    query.devices.compactMap { id in
      guard let driver = drivers[id] else { return nil }
      let index =
        query.register.flatMap { name in driver.spec.registers.firstIndex { $0.name == name } }
        ?? driver.spec.registers.firstIndex { $0.type != .string } ?? 0
      guard driver.spec.registers.indices.contains(index) else { return nil }
      return DeviceHistory(
        device: id, register: driver.spec.registers[index].name,
        samples: driver.ring.samples(
          register: index, from: query.from, to: query.to, maxPoints: query.maxPoints),
        states: driver.ring.states(from: query.from, to: query.to),
        marks: driver.ring.marks(from: query.from, to: query.to))
    }
  }

  /// The latest beginning of what the memory holds of these devices; `nil`: of some it holds nothing.
  func memoryBegins(_ query: HistoryQuery) -> WallTime? {
    var latest: WallTime?
    for id in query.devices {
      guard let begins = drivers[id]?.ring.begins else { return nil }
      latest = max(latest ?? begins, begins)
    }
    return latest
  }

  // MARK: Snapshots

  /// The journal can or cannot take records from here on.
  func journalChanged(_ health: JournalHealth) {
    let problem = health.problem?.description
    if let problem, problem != gates.journalProblem {
      record(at: now().wall, .alarm, nil, "JournalUnavailable", "Corrections stop: \(problem)")
    } else if problem == nil, gates.journalProblem != nil {
      record(at: now().wall, .notice, nil, "JournalRestored", "The audit journal takes records again")
    }
    if let known = journal, let journal = health.journal, journal != known { carryOver() }
    journal = health.journal ?? journal
    for notice in health.notices where !notices.contains(notice) {
      record(at: now().wall, .warning, nil, "JournalNotice", "The journal: \(notice)")
    }
    notices = health.notices
    changeGates { $0.journalProblem = problem }
    touched()
  }

  /// Another journal has taken the place of the one that was in use (moved away because it was damaged): what operators
  /// have said stays in force here, and the next process must find it there.
  private func carryOver() {
    let moment = now()
    if let hold = gates.hold { audit.note(hold, by: hold.by, at: moment.wall) }
    for driver in ordered {
      audit.carryOver(driver.machine.left(at: moment), of: driver.spec.id, at: moment.wall)
    }
    departed.forEach { audit.carryOver($1, of: $0, at: moment.wall) }
    record(
      at: moment.wall, .warning, nil, "JournalReplaced",
      "Another journal is in use: holds, shelves, suspensions and counters were carried over into it")
  }

  /// What an earlier process left, found only now because the journal could not be read at the start. Comes before
  /// the journal counts as good again: until then nothing is written.
  func restoreLate(_ restore: JournalRestore) {
    audit.adopt(restore)
    for driver in ordered { driver.restore(audit.restored(driver.spec.id)) }
    departed.add { audit.restored($0) }
    if let hold = restore.hold, gates.hold == nil { restoreHold(hold) }
  }

  /// A hold that an earlier process left in force.
  func restoreHold(_ hold: Hold) {
    changeGates { $0.hold = hold }
    record(at: now().wall, .alarm, nil, "Held", "\(hold.by) still holds all writes: \(hold.reason)")
  }

  /// Something changed: publish soon, but not more often than the interval allows; what is no news, but a value that
  /// moved within its tolerance, waits for the next full second.
  func touched(isNews: Bool = true) { feed.touched(isNews: isNews) }

  var deviceCount: Int { ordered.count }

  /// A part of the fleet, in its order, as it is now.
  func devices(_ range: Range<Int>, at moment: Moment) -> [DeviceSnapshot] {
    ordered[range].map { $0.snapshot(at: moment) }
  }

  /// What there is beside the devices, put together with them.
  func snapshot(_ devices: [DeviceSnapshot], at moment: Moment) -> FleetSnapshot {
    sequence += 1
    return FleetSnapshot(
      sequence: sequence, at: moment.wall, mode: gates.mode, source: source, gates: gates,
      health: health.report(
        at: moment.instant, connections: links.connections, problems: problems(),
        controller: settings.controller),
      devices: devices, events: events.events, operations: operations.operations)
  }

  /// The whole fleet in one go.
  func makeSnapshot() -> FleetSnapshot {
    let moment = now()
    return snapshot(devices(0..<deviceCount, at: moment), at: moment)
  }

  private func problems() -> [String] {
    var list = notices
    if !settings.observeReason.isEmpty, settings.controller == nil {
      list.append("observing only: \(settings.observeReason)")
    }
    if let problem = gates.journalProblem { list.append("journal: \(problem)") }
    if let problem = gates.trustProblem { list.append("source: \(problem)") }
    return list
  }

  func subscribe(_ continuation: SnapshotFeed.Continuation) -> Int { feed.subscribe(continuation) }
  func unsubscribe(_ token: Int) { feed.unsubscribe(token) }

  /// The last values of these registers (empty: all that drifted), for making them the desired ones.
  func actualValues(of device: DeviceID, registers: [String]) -> [String: RegisterValue]? {
    guard let driver = drivers[device] else { return nil }
    var values: [String: RegisterValue] = [:]
    for register in driver.machine.view(at: now()).registers {
      let wanted =
        registers.isEmpty
        ? register.spec.desired != nil && register.inSync == false : registers.contains(register.spec.name)
      if wanted, let actual = register.actual { values[register.spec.name] = actual }
    }
    return values
  }

  // MARK: End

  /// From here on no new write is decided; what is in flight may still be verified.
  func beginStop() {
    changeGates { $0.hold = $0.hold ?? Hold(by: "shutdown", since: now().wall, reason: "stopping") }
  }

  /// Leaves every device without writing and ends the streams.
  func stop() {
    guard !isStopped else { return }
    // What was verified since the last one must not be lost with the process.
    feed.publishAtOnce()
    isStopped = true
    for driver in ordered { driver.end() }
    drivers.removeAll()
    ordered.removeAll()
    fleetGeneration &+= 1
    feed.stop()
    audit.close()
  }

  /// Writes still waiting for their answer or their read-back: a graceful stop waits for them.
  var writesInFlight: Int { ordered.reduce(0) { $0 + ($1.machine.isWriting ? 1 : 0) } }
}
