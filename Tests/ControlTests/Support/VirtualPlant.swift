import Control

/// A PLC in virtual time, as far as a machine can tell: a memory, a latency and ways to misbehave.
final class VirtualPLC {
  struct Place: Hashable {
    var table: RegisterTable
    var address: UInt16
  }

  var memory: [Place: UInt16] = [:]
  var latency = TimeSpan.milliseconds(1)
  /// Requests are never answered; the driver's timeout ends them.
  var hangs = false
  var refusesConnections = false
  /// Addresses that are refused when read, with the exception.
  var unreadable: [Place: UInt8] = [:]
  var writeException: UInt8?
  var ignoresWrites = false
  /// The next so many writes take effect, but their answer is lost.
  var losesAnswers = 0
  /// The next so many writes are lost on the way.
  var losesWrites = 0
  var losesVerifies = 0
  var busy = false
  var identity: DeviceIdentity?
  /// Something puts the old value back so long after each write.
  var rival: TimeSpan?
  private(set) var writes: [(at: Instant, order: WriteOrder)] = []
  private(set) var reads: [Instant] = []
  private(set) var connects: [Instant] = []

  subscript(address: UInt16, table: RegisterTable = .holding) -> UInt16 {
    get { memory[Place(table: table, address: address)] ?? 0 }
    set { memory[Place(table: table, address: address)] = newValue }
  }

  fileprivate func noteRead(_ at: Instant) { reads.append(at) }
  fileprivate func noteConnect(_ at: Instant) { connects.append(at) }
  fileprivate func noteWrite(_ at: Instant, _ order: WriteOrder) { writes.append((at, order)) }

  fileprivate func words(of spec: RegisterSpec) -> [UInt16] {
    (0..<spec.layoutWords).map { self[spec.address &+ UInt16($0), spec.table] }
  }

  fileprivate func apply(_ order: WriteOrder) {
    for (index, word) in order.words.enumerated() {
      let address = order.spec.address &+ UInt16(index)
      if let mask = order.bitMask {
        self[address, order.spec.table] = self[address, order.spec.table] & ~mask | word & mask
      } else {
        self[address, order.spec.table] = word
      }
    }
  }
}

/// A few machines and their PLCs under one virtual clock. Deterministic: nothing in it reads a real one.
final class VirtualPlant {
  private enum Event {
    case input(Int, Input, generation: Int)
    case timer(Int, Instant)
    case action(() -> Void)
  }

  private(set) var now: Moment
  private(set) var machines: [DeviceMachine] = []
  private(set) var plcs: [VirtualPLC] = []
  private(set) var transitions: [(device: Int, at: Instant, transition: Transition)] = []
  private var specs: [DeviceSpec?] = []
  private var generations: [Int] = []
  private var cycles: [Int] = []
  private var timers: [Instant?] = []
  private var queue = EventQueue<Event>()
  /// Asked before a frame is sent, as a careful driver does.
  var objects = true
  var gates = FleetGates()

  static let epoch = WallTime(milliseconds: 1_767_225_600_000)

  /// What the civil clock would have shown at the origin of the monotonic one.
  private var wallAtZero = VirtualPlant.epoch + .seconds(-1000)

  init() { now = Moment(instant: Instant(nanoseconds: 1_000_000_000_000), wall: Self.epoch) }

  @discardableResult
  func add(
    _ spec: DeviceSpec, seed: UInt64 = 1, restoring counters: DeviceCounters? = nil,
    _ prepare: (VirtualPLC) -> Void = { _ in }
  ) -> Int {
    let plc = VirtualPLC()
    prepare(plc)
    let index = machines.count
    machines.append(DeviceMachine(id: spec.id, seed: seed))
    plcs.append(plc)
    specs.append(nil)
    generations.append(0)
    cycles.append(0)
    timers.append(nil)
    feed(.gates(gates), to: index)
    if let counters { feed(.restore(counters), to: index) }
    feed(.desired(spec), to: index)
    return index
  }

  /// Gives an input now.
  func feed(_ input: Input, to index: Int = 0) {
    if case .desired(let spec) = input { specs[index] = spec }
    var actions: [Action] = []
    machines[index].step(input, at: now, into: &actions)
    for action in actions { perform(action, index) }
  }

  func setGates(_ change: (inout FleetGates) -> Void) {
    change(&gates)
    for index in machines.indices { feed(.gates(gates), to: index) }
  }

  func jumpWallClock(by span: TimeSpan) {
    wallAtZero = wallAtZero + span
    now.wall = now.wall + span
  }

  func after(_ span: TimeSpan, _ action: @escaping () -> Void) { push(now.instant + span, .action(action)) }

  /// Lets virtual time pass.
  func run(_ span: TimeSpan) {
    let end = now.instant + span
    while let (at, event) = queue.next(until: end) {
      advance(to: at)
      switch event {
      case .input(let index, let input, let generation):
        if generation == generations[index] { feed(input, to: index) }
      case .timer(let index, let instant):
        if timers[index] == instant {
          timers[index] = nil
          feed(.timer, to: index)
        }
      case .action(let action): action()
      }
    }
    advance(to: end)
  }

  func transitions(of device: Int = 0) -> [Transition] {
    transitions.filter { $0.device == device }.map(\.transition)
  }

  func view(_ index: Int = 0) -> DeviceView { machines[index].view(at: now) }

  private func advance(to instant: Instant) {
    now = Moment(instant: instant, wall: wallAtZero + (instant - Instant(nanoseconds: 0)))
  }

  private func push(_ at: Instant, _ event: Event) {
    queue.push(event, at: at)
  }

  private func answer(_ index: Int, _ input: Input, after span: TimeSpan? = nil) {
    push(now.instant + (span ?? plcs[index].latency), .input(index, input, generation: generations[index]))
  }

  private func perform(_ action: Action, _ index: Int) {
    let plc = plcs[index]
    let timeout = specs[index]?.timeout ?? .seconds(1)
    let silence = WireProblem(.timeout, "no answer within \(timeout.brief)")
    switch action {
    case .connect:
      plc.noteConnect(now.instant)
      answer(
        index,
        plc.refusesConnections ? .connectFailed(WireProblem(.refused, "connection refused")) : .connected)
    case .disconnect: generations[index] += 1
    case .read:
      plc.noteRead(now.instant)
      cycles[index] += 1
      let (generation, cycle) = (generations[index], cycles[index])
      let (hangs, layout) = (plc.hangs, specs[index])
      push(
        now.instant + (hangs ? timeout : plc.latency),
        .action { [unowned self] in
          guard generation == generations[index], cycle == cycles[index] else { return }
          if hangs { return feed(.readFailed(silence), to: index) }
          feed(plc.busy ? .readBusy : .read(observe(index, layout)), to: index)
        })
    case .readIdentity: answer(index, .identity(plc.identity))
    case .write(let order): write(order, index, silence, timeout)
    case .verify(let order):
      if plc.losesVerifies > 0 || plc.hangs {
        plc.losesVerifies = max(0, plc.losesVerifies - 1)
        return answer(index, .verifyFailed(order, silence), after: timeout)
      }
      let generation = generations[index]
      push(
        now.instant + plc.latency,
        .action { [unowned self] in
          guard generation == generations[index] else { return }
          feed(.verified(order, .words(plc.words(of: order.spec))), to: index)
        })
    case .schedule(let at):
      timers[index] = at
      push(max(at, now.instant), .timer(index, at))
    case .publish(let transition): transitions.append((index, now.instant, transition))
    }
  }

  private func write(_ order: WriteOrder, _ index: Int, _ silence: WireProblem, _ timeout: TimeSpan) {
    let plc = plcs[index]
    if objects, let reason = machines[index].objections(to: order, at: now).first {
      return answer(index, .writeNotSent(order, reason: reason.explanation))
    }
    plc.noteWrite(now.instant, order)
    if plc.losesWrites > 0 || plc.hangs {
      plc.losesWrites = max(0, plc.losesWrites - 1)
      return answer(index, .writeUncertain(order, silence), after: timeout)
    }
    if let exception = plc.writeException { return answer(index, .writeRefused(order, exception: exception)) }
    if !plc.ignoresWrites {
      plc.apply(order)
      if let delay = plc.rival {
        after(plc.latency + delay) {
          for (offset, word) in order.beforeWords.enumerated() {
            plc[order.spec.address &+ UInt16(offset), order.spec.table] = word
          }
        }
      }
    }
    if plc.losesAnswers > 0 {
      plc.losesAnswers -= 1
      return answer(index, .writeUncertain(order, silence), after: timeout)
    }
    answer(index, .writeAcknowledged(order))
  }

  private func observe(_ index: Int, _ layout: DeviceSpec?) -> Observation {
    let plc = plcs[index]
    var observation = Observation(words: [])
    guard let spec = layout else { return observation }
    for (position, register) in spec.registers.enumerated() {
      observation.words += plc.words(of: register)
      if let exception = plc.unreadable[.init(table: register.table, address: register.address)] {
        observation.refused.append(.init(register: position, exception: exception))
      }
    }
    if let permit = spec.correction.permit,
      plc.unreadable[.init(table: permit.table, address: permit.address)] == nil
    {
      observation.permit = plc[permit.address, permit.table]
    }
    return observation
  }
}

/// A device with one holding register 4001 that should be 2500.
func simpleSpec(
  _ name: String = "line-1", desired: RegisterValue = .integer(2500), interval: TimeSpan = .seconds(5),
  autoCorrect: Bool = true, _ change: (inout DeviceSpec) -> Void = { _ in }
) -> DeviceSpec {
  var spec = DeviceSpec(
    id: DeviceID(name: name), address: "192.0.2.1", pollInterval: interval, autoCorrect: autoCorrect,
    registers: [RegisterSpec(name: "setpoint", address: 4001, desired: desired)])
  change(&spec)
  return spec
}

extension Transition {
  var isDrift: Bool { if case .driftDetected = self { true } else { false } }
  var isCorrected: Bool { if case .corrected = self { true } else { false } }
  var isViolation: Bool { if case .invariantViolated = self { true } else { false } }
  var outcome: WriteOutcome? { if case .writeFinished(_, let outcome) = self { outcome } else { nil } }
  var refusals: [Refusal]? { if case .writeRefused(_, let reasons) = self { reasons } else { nil } }
  var syncResults: [SyncResult]? { if case .syncFinished(_, let results) = self { results } else { nil } }
  var phase: Phase? { if case .phase(_, let to) = self { to } else { nil } }
  var contest: (reverts: Int, delay: TimeSpan?)? {
    if case .contested(_, let reverts, let delay) = self { (reverts, delay) } else { nil }
  }
}
