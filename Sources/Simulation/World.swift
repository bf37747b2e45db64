import Control
import Modbus
import NIOCore

/// A plant, its network, its operators and the control process under one virtual clock.
final class World {
  enum Event {
    case timer(device: Int, at: Int64)
    case wake(device: Int, at: Int64)
    case dialled(device: Int, attempt: Int, succeeds: Bool)
    case toDevice(device: Int, attempt: Int, ByteBuffer)
    case toController(device: Int, attempt: Int, ByteBuffer)
    case broken(device: Int, attempt: Int)
    indirect case audited(device: Int, incarnation: Int, WriteOrder)
    case putBack(device: Int, register: Int, [UInt16])
    case incident
    case renewLease
    case leaseReturns
    case restart
    case calm
    case secondChance
    case settled
  }

  let options: SimulationOptions
  var random: SplitMix64
  var swarm: Swarm
  var events = EventHeap<Event>()
  var now: Int64 = 0
  /// Civil time at the origin of the monotonic clock, milliseconds.
  var wallAtZero: Int64 = 1_774_000_000_000
  var devices: [SimulatedDevice] = []
  var journal: SimulatedJournal
  var gates = FleetGates()
  var isAlive = true
  var incarnation = 0
  var isCalm = false
  var isOver = false
  var syncCount: UInt64 = 0
  var auditCount = 0
  /// Inputs that wait for their machine: an answer may come while another step is performed.
  var inputs: [(device: Int, input: Input)] = []
  var actions: [Action] = []
  var result: SimulationResult
  var lines: [String] = []
  /// Another controller has the lease for a while.
  var hasLostLead = false
  /// The civil clock was last set forward.
  var forwardJumpAt = Int64.min
  var clockWentBack = false
  /// The device whose timer a planted bug loses.
  var starved = -1

  init(_ options: SimulationOptions) {
    self.options = options
    random = SplitMix64(seed: options.seed)
    swarm = Swarm(&random)
    journal = SimulatedJournal(devices: options.devices)
    result = SimulationResult(seed: options.seed)
    for index in 0..<options.devices { devices.append(SimulatedDevice(index, &random)) }
    wallAtZero += Int64(random.number(0...86_400)) * 1000
    // Often the run goes through a change of the clocks.
    if random.chance(0.3) { wallAtZero = beforeChangeOfClocks(random.number(0...3900)) }
    if swarm.observes { gates.mode = .observe }
    if options.planted == .starveDevice { starved = random.number(0...(options.devices - 1)) }
  }

  var moment: Moment {
    Moment(
      instant: Instant(nanoseconds: now), wall: WallTime(milliseconds: wallAtZero + now / 1_000_000))
  }

  func run() -> SimulationResult {
    start()
    schedule(.incident, in: .seconds(swarm.pace))
    if swarm.leases { renewLease() }
    schedule(.calm, in: options.duration)
    schedule(.settled, in: options.duration + options.calm)
    while !isOver, result.violation == nil, let (at, event) = events.pop() {
      now = at
      handle(event)
      pump()
    }
    result.trace = lines
    return result
  }

  func schedule(_ event: Event, in span: TimeSpan) { events.push(event, at: now + span.nanoseconds) }

  /// A line of the trace; built only when somebody reads it.
  func note(_ text: @autoclosure () -> String) {
    guard options.trace else { return }
    let milliseconds = now / 1_000_000
    lines.append("\(milliseconds / 1000).\(WallTime.threeDigits(milliseconds % 1000)) \(text())")
  }

  func violation(_ rule: String, _ device: Int, _ detail: @autoclosure () -> String) {
    guard result.violation == nil else { return }
    let text = detail()
    note("!! \(rule): \(devices[device].id.name): \(text)")
    result.violation = .init(
      rule: rule, detail: text, step: result.steps, at: TimeSpan(nanoseconds: now),
      device: devices[device].id.name)
  }

  private func handle(_ event: Event) {
    switch event {
    case .timer(let device, let at):
      guard isAlive, devices[device].timerAt == at else { return }
      devices[device].timerAt = .min
      feed(.timer, device)
    case .wake(let device, let at):
      guard isAlive, devices[device].wakeAt == at else { return }
      devices[device].wakeAt = .min
      devices[device].connection.timerFired(at: now)
      act(device)
    case .dialled(let device, let attempt, let succeeds): dialled(device, attempt, succeeds)
    case .toDevice(let device, let attempt, let bytes): deliver(bytes, toDevice: device, attempt)
    case .toController(let device, let attempt, let bytes): deliver(bytes, toController: device, attempt)
    case .broken(let device, let attempt):
      guard isAlive, devices[device].isUp, devices[device].attempt == attempt else { return }
      devices[device].isUp = false
      devices[device].connection.broken(.connectionReset, at: now)
      act(device)
    case .audited(let device, let incarnation, let order): audited(device, incarnation, order)
    case .putBack(let device, let register, let words):
      guard devices[device].rivals[register] != nil else { return }
      devices[device].plc.set(devices[device].registers[register], words: words)
      note(
        "rival puts \(devices[device].id.name) \(devices[device].registers[register].name) back to \(words)")
    case .incident: incident()
    case .renewLease: renewLease()
    case .leaseReturns: returnLease()
    case .restart: restart()
    case .calm: calm()
    case .secondChance:
      for device in devices.indices { obey(.retryContested(by: "sim"), device) }
    case .settled:
      checkLiveness()
      isOver = true
    }
  }

  // MARK: The control process

  /// Starts all machines with what an earlier process left behind.
  func start() {
    isAlive = true
    incarnation += 1
    for index in devices.indices {
      let id = devices[index].id
      devices[index].machine = DeviceMachine(id: id, seed: options.seed ^ UInt64(incarnation))
      devices[index].connection = ClientConnectionMachine(
        options: ConnectionOptions(), firstTransactionId: UInt16(truncatingIfNeeded: random.next()))
      devices[index].isUp = false
      devices[index].timerAt = .min
      devices[index].wakeAt = .min
      devices[index].ledger.controllerDied()
      devices[index].reader = SimulatedReader(devices[index].spec, after: devices[index].reader)
      feed(.gates(told(gates)), index)
      if let counters = journal.counters[index] {
        feed(.restore(counters), index)
        // A drift that was told before stands, and is not told again.
        for (place, register) in devices[index].registers.enumerated()
        where devices[index].desired[place] != nil {
          let stands = counters.registers.contains { $0.name == register.name && $0.driftSeen != nil }
          devices[index].ledger.registers[place].drifted = stands
        }
      }
      devices[index].ledger.restoredEvents = journal.counters[index]?.driftEvents ?? 0
      feed(.desired(devices[index].toldSpec(options.planted)), index)
      let standing = devices[index].ledger.shelves.map(\.shelf)
      devices[index].ledger.shelves = standing.map { OrderedShelf($0, at: now, wall: moment.wall) }
      for shelf in standing { feed(.command(.shelve(shelf)), index) }
      if let by = devices[index].ledger.suspendedBy { feed(.command(.suspend(by: by)), index) }
    }
    pump()
  }

  func crash() {
    guard isAlive, !isCalm else { return }
    note("the control process dies")
    result.crashes += 1
    isAlive = false
    inputs.removeAll()
    actions.removeAll()
    for index in devices.indices {
      devices[index].machine = nil
      devices[index].isUp = false
      devices[index].attempt += 1
      devices[index].ledger.controllerDied()
    }
    schedule(.restart, in: .milliseconds(random.number(100...20_000)))
  }

  private func restart() {
    guard !isAlive else { return }
    note("the control process starts again")
    start()
  }

  // MARK: Steps

  func feed(_ input: Input, _ device: Int) {
    guard isAlive else { return }
    inputs.append((device, input))
  }

  /// Steps machines until nothing waits.
  func pump() {
    var next = 0
    while next < inputs.count, result.violation == nil {
      let (device, input) = inputs[next]
      next += 1
      step(device, input)
      guard isAlive else { return }
    }
    inputs.removeAll(keepingCapacity: true)
  }

  private func step(_ device: Int, _ input: Input) {
    guard isAlive, devices[device].machine != nil else { return }
    result.steps += 1
    if options.trace { note("\(devices[device].id.name) ← \(describe(input))") }
    if case .read(let observation) = input { observed(device, observation) }
    if case .verified(let order, .words(let words)) = input, order.register < devices[device].registers.count
    {
      devices[device].ledger.registers[order.register].words = words
    }
    devices[device].machine?.step(input, at: moment, into: &actions)
    if options.planted == .countPollsAsEvents, case .read = input { countPoll(device) }
    let todo = actions
    actions.removeAll(keepingCapacity: true)
    for action in todo where isAlive { perform(action, device) }
    if case .read = input { checkDriftTold(device) }
  }

  private func perform(_ action: Action, _ device: Int) {
    switch action {
    case .connect:
      devices[device].connection.connect()
      act(device)
    case .disconnect:
      devices[device].ledger.cycle = nil
      devices[device].ledger.identity = nil
      devices[device].connection.close()
      act(device, silently: true)
    case .read:
      result.polls += 1
      devices[device].ledger.lastReadStart = now
      guard let request = devices[device].reader.start() else { return }
      submit(request, device, .read(cycle: devices[device].reader.cycle))
    case .readIdentity: submit(.readDeviceIdentification(access: .basic, object: 0), device, .identity)
    case .write(let order): audit(order, device)
    case .verify(let order): submit(readBack(order), device, .verify(order))
    case .schedule(let instant):
      guard device != starved || now < 60_000_000_000 else { return }
      devices[device].timerAt = max(instant.nanoseconds, now)
      events.push(.timer(device: device, at: devices[device].timerAt), at: devices[device].timerAt)
    case .publish(let transition): published(transition, device)
    }
  }
}

extension WallTime {
  static func threeDigits(_ value: Int64) -> String {
    let text = String(value)
    return String(repeating: "0", count: max(0, 3 - text.utf8.count)) + text
  }
}
