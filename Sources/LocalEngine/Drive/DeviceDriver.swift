import Control
import Fleet
import Modbus

/// Performs what one `DeviceMachine` decides, and decides nothing. Confined to the engine's event loop.
final class DeviceDriver: DeviceLinkOwner {
  let core: EngineCore
  private(set) var machine: DeviceMachine
  private(set) var spec: DeviceSpec
  private(set) var sources: [SourceLocation?]
  private(set) var ring: HistoryRing
  private(set) var acknowledgedBy: String?
  private var link: (any DeviceLink)?
  private var linkAddress: LinkAddress?
  private var reader: RegisterReader
  private var timer: EngineTimer?
  /// Inputs that came while one was being performed; seldom any.
  private var queue: [Input] = []
  private var isStepping = false
  /// When the cycle that is under way began.
  private var cycleBegan: Instant?
  private var isCycling = false
  /// The connection that the last observation came over.
  private var observedEpoch: UInt64 = 0
  /// The device refused FC 22; bits are written as whole words from then on.
  private var refusesMaskWrite = false
  private(set) var isReleased = false
  /// The snapshot in use, until something changes.
  private var cached: DeviceSnapshot?

  init(core: EngineCore, device: DesiredState.Device, pollSlots: Int) {
    self.core = core
    spec = device.spec
    sources = device.sources
    machine = DeviceMachine(
      id: device.spec.id, seed: core.settings.seed, pollSlots: pollSlots)
    ring = HistoryRing(capacity: core.settings.historyCapacity, width: device.spec.registers.count)
    reader = RegisterReader(spec: device.spec)
  }

  // MARK: Inputs

  /// Steps the machine and performs what it asks. Answers that come while performing are queued, so that every
  /// input sees the machine between two steps.
  func feed(_ input: Input) {
    guard !isStepping else { return queue.append(input) }
    isStepping = true
    var actions = core.scratch.borrow()
    var isNews = take(input, &actions)
    var next = 0
    while next < queue.count {
      if take(queue[next], &actions) { isNews = true }
      next += 1
    }
    if next > 0 { queue = [] }
    core.scratch.giveBack(actions)
    isStepping = false
    touch(isNews: isNews)
  }

  /// - Returns: whether more happened than that a poll found everything as it was.
  private func take(_ input: Input, _ actions: inout [Action]) -> Bool {
    let now = core.now()
    if cycleBegan == nil { cycleBegan = now.instant }
    machine.step(input, at: now, into: &actions)
    var isNews = !input.isRoutine
    for action in actions {
      if action.isNews { isNews = true }
      perform(action, at: now)
    }
    actions.removeAll(keepingCapacity: true)
    if !input.endsTheDevice, noteStatus(at: now) { isNews = true }
    measureCycle(at: now.instant)
    return isNews
  }

  /// A cycle lasts from the input that begins a read to the one after which nothing is under way.
  private func measureCycle(at now: Instant) {
    guard machine.isIdle else { return isCycling = true }
    if isCycling, let began = cycleBegan { core.metrics.cycle(took: now - began) }
    isCycling = false
    cycleBegan = nil
  }

  /// The first inputs: the fleet's gates and what an earlier process left come before anything is desired.
  func begin(_ restored: RestoredDevice) {
    feed(.gates(core.gates))
    if let counters = restored.counters { feed(.restore(counters)) }
    feed(.desired(spec))
    restoreOverrides(restored)
  }

  /// What an earlier process left, when it is found only after the start.
  func restore(_ restored: RestoredDevice) {
    if let counters = restored.counters { feed(.restore(counters)) }
    restoreOverrides(restored)
  }

  private func restoreOverrides(_ restored: RestoredDevice) {
    for shelf in restored.shelves { feed(.command(.shelve(shelf))) }
    if let by = restored.suspendedBy { feed(.command(.suspend(by: by))) }
  }

  /// A new or changed specification; the machine applies it at once.
  func apply(_ device: DesiredState.Device) {
    sources = device.sources
    if device.spec != spec {
      if device.spec.registers.map(\.name) != spec.registers.map(\.name) {
        ring.reset(width: device.spec.registers.count)
        core.audit.forgetSeries(of: spec.id)
      }
      spec = device.spec
      reader = reader.adapted(to: device.spec)
      if let address = linkAddress, address != LinkAddress(spec) { dropLink() }
      core.note(.commit, for: self, at: core.now().wall)
      feed(.desired(device.spec))
    }
    touch()
  }

  /// The manifest is gone.
  func release() {
    feed(.removed)
    let time = core.now().wall
    if ring.record(status: nil, at: time) { core.audit.note(status: nil, of: spec.id, at: time) }
    core.audit.forgetSeries(of: spec.id)
    end()
  }

  /// The engine stops: what the machine knew ends with it, and nothing has happened to the device.
  func end() {
    isReleased = true
    dropLink()
    timer?.cancel()
    timer = nil
  }

  func acknowledge(by operatorName: String?) {
    acknowledgedBy = operatorName
    touch()
  }

  func linkDidConnect() { feed(.connected) }
  func linkDidFail(_ problem: WireProblem) { feed(.connectFailed(problem)) }
  func linkDidClose(_ problem: WireProblem) { feed(.disconnected(problem)) }

  // MARK: Actions

  private func perform(_ action: Action, at now: Moment) {
    switch action {
    case .connect: openLink().connect()
    case .disconnect: link?.disconnect()
    case .read: startCycle()
    case .readIdentity: readIdentity()
    case .write(let order): core.record(order) { [weak self] problem in self?.send(order, problem) }
    case .verify(let order): verify(order)
    case .schedule(let instant): schedule(at: instant)
    case .publish(let transition): publish(transition, at: now)
    }
  }

  private func schedule(at instant: Instant) {
    timer?.cancel()
    timer = core.timer(at: instant) { [weak self] in
      guard let self, !self.isReleased else { return }
      self.timer = nil
      self.core.noteLag(due: instant)
      self.feed(.timer)
    }
  }

  private func startCycle() {
    guard let link else { return feed(.readFailed(WireProblem(.local, "not connected"))) }
    observedEpoch = link.epoch
    reader.start(over: link) { [weak self] outcome in
      guard let self, !self.isReleased else { return }
      self.core.health.notePoll(at: self.core.now().instant)
      switch outcome {
      case .observed(let observation): self.digest(observation)
      case .busy: self.feed(.readBusy)
      case .failed(let problem): self.feed(.readFailed(problem))
      }
    }
  }

  private func digest(_ observation: Observation) {
    feed(.read(observation))
    let machine = self.machine
    let time = core.now().wall
    ring.append(at: time) { machine.number(ofRegister: $0) ?? .nan }
    if core.audit.wantsSamples {
      core.audit.sample(spec.id, registers: spec.registers, at: time) {
        machine.number(ofRegister: $0) ?? .nan
      }
    }
  }

  private func readIdentity() {
    guard let link else { return feed(.readFailed(WireProblem(.local, "not connected"))) }
    link.send(.readDeviceIdentification(access: .basic, object: 0)) { [weak self] result in
      guard let self, !self.isReleased else { return }
      switch result {
      case .success(.readDeviceIdentification(let page)):
        func text(_ id: UInt8) -> String? { page.objects.first { $0.id == id }?.text }
        self.feed(
          .identity(
            DeviceIdentity(
              vendorName: text(IdentificationObject.vendorName),
              productCode: text(IdentificationObject.productCode),
              revision: text(IdentificationObject.majorMinorRevision))))
      case .success, .failure(.refused): self.feed(.identity(nil))
      case .failure(.wire(let failure)): self.feed(.readFailed(WireProblem(failure)))
      case .failure(.notSent(let failure)): self.feed(.readFailed(WireProblem(failure)))
      }
    }
  }

  // MARK: Writes

  /// The record is durable (or could not be made): send the one frame of this order, unless a gate has closed in
  /// the meantime.
  private func send(_ order: WriteOrder, _ problem: String?) {
    if let problem { return finish(order, .writeNotSent(order, reason: problem)) }
    guard !isReleased, let link else {
      return finish(order, .writeNotSent(order, reason: "the device was released"))
    }
    let objections = machine.objections(to: order, at: core.now())
    guard objections.isEmpty else {
      let reason = objections.map { $0.explanation }.joined(separator: "; ")
      return finish(order, .writeNotSent(order, reason: reason))
    }
    guard core.hooks.mayWrite?() ?? true else {
      return finish(order, .writeNotSent(order, reason: Refusal.notLeading(holder: "").explanation))
    }
    guard link.epoch == observedEpoch else {
      return finish(
        order, .writeNotSent(order, reason: "the connection changed since the register was read"))
    }
    let request = WriteRequests.request(for: order, maskWrite: !refusesMaskWrite)
    link.send(request) { [weak self] result in
      guard let self else { return }
      switch result {
      case .success: self.finish(order, .writeAcknowledged(order))
      case .failure(.notSent(let failure)):
        self.finish(order, .writeNotSent(order, reason: failure.description))
      case .failure(.wire(let failure)):
        self.finish(order, .writeUncertain(order, WireProblem(failure)))
      case .failure(.refused(let refusal)):
        let failure = RequestFailure.refused(refusal)
        if case .maskWriteRegister = request, refusal.exception == .illegalFunction {
          self.refusesMaskWrite = true
        }
        if failure.mayHaveTakenEffect {
          self.finish(order, .writeUncertain(order, WireProblem(.local, refusal.description)))
        } else {
          self.finish(order, .writeRefused(order, exception: refusal.exception.rawValue))
        }
      }
    }
  }

  private func finish(_ order: WriteOrder, _ input: Input) {
    core.metrics.write(input)
    guard !isReleased else { return core.settle(order, released: input) }
    feed(input)
  }

  private func verify(_ order: WriteOrder) {
    guard let link else { return feed(.verifyFailed(order, WireProblem(.local, "not connected"))) }
    link.send(WriteRequests.readBack(of: order)) { [weak self] result in
      guard let self, !self.isReleased else { return }
      switch result {
      case .success(let response):
        self.feed(.verified(order, .words(WriteRequests.words(of: response))))
      case .failure(.refused(let refusal)):
        self.feed(.verified(order, .refused(exception: refusal.exception.rawValue)))
      case .failure(.wire(let failure)): self.feed(.verifyFailed(order, WireProblem(failure)))
      case .failure(.notSent(let failure)): self.feed(.verifyFailed(order, WireProblem(failure)))
      }
    }
  }

  // MARK: Link

  private func openLink() -> any DeviceLink {
    let address = LinkAddress(spec)
    if let link, linkAddress == address { return link }
    dropLink()
    let fresh = core.makeLink(spec, owner: self)
    link = fresh
    linkAddress = address
    return fresh
  }

  private func dropLink() {
    reader.abandon()
    link?.release()
    link = nil
    linkAddress = nil
  }

  // MARK: Telling

  private func publish(_ transition: Transition, at now: Moment) {
    switch transition {
    case .driftDetected(let index, let desired, let actual, _, _):
      acknowledgedBy = nil
      if let register = register(index) {
        ring.mark(
          .drift, at: now.wall,
          "\(register.name) \(desired.formattedWithUnit(register)) → \(actual.formattedWithUnit(register))")
      }
    case .corrected(let index, let from, let to):
      if let register = register(index) {
        ring.mark(
          .correction, at: now.wall,
          "\(register.name) \(from.formattedWithUnit(register)) → \(to.formattedWithUnit(register))")
      }
    case .connectionLost(let problem), .connectFailed(let problem, _, _):
      ring.mark(.failure, at: now.wall, problem.description)
    default: break
    }
    core.publish(transition, of: self, at: now)
  }

  func note(_ kind: DeviceHistory.Mark.Kind, at time: WallTime, _ text: String) {
    ring.mark(kind, at: time, text)
  }

  private func register(_ index: Int) -> RegisterSpec? {
    spec.registers.indices.contains(index) ? spec.registers[index] : nil
  }

  /// Something may look different now.
  private func touch(isNews: Bool = true) {
    cached = nil
    core.touched(isNews: isNews)
  }

  /// The timeline's states are recorded when they begin, whether or not anybody looks.
  /// - Returns: whether it is another than before.
  private func noteStatus(at now: Moment) -> Bool {
    let status = Self.status(of: &machine, at: now)
    guard ring.record(status: status, at: now.wall) else { return false }
    core.audit.note(status: status, of: spec.id, at: now.wall)
    return true
  }

  func snapshot(at now: Moment) -> DeviceSnapshot {
    if let cached { return cached }
    let plotted = spec.registers.firstIndex { $0.type != .string } ?? 0
    let fresh = DeviceSnapshot(
      spec: spec, view: Self.view(of: &machine, at: now), sources: sources,
      trend: Self.trend(of: &ring, register: plotted), since: ring.states.last?.at,
      acknowledgedBy: acknowledgedBy)
    cached = fresh
    return fresh
  }

  // A method called on a property is given a copy of it, with a retain for everything in it, at each poll of each
  // device; what is passed `inout` is not copied.

  private static func status(of machine: inout DeviceMachine, at now: Moment) -> DeviceStatus {
    machine.status(at: now)
  }

  private static func view(of machine: inout DeviceMachine, at now: Moment) -> DeviceView {
    machine.view(at: now)
  }

  private static func trend(of ring: inout HistoryRing, register: Int) -> [Float] {
    ring.trend(register: register, points: DeviceSnapshot.trendCapacity)
  }
}

extension Input {
  fileprivate var endsTheDevice: Bool {
    if case .removed = self { return true }
    return false
  }

  /// Part of every poll, and no news by itself: what it changes shows in the status and in the actions.
  fileprivate var isRoutine: Bool {
    switch self {
    case .timer, .connected, .read: true
    default: false
    }
  }
}

extension Action {
  fileprivate var isNews: Bool {
    switch self {
    case .publish, .write: true
    default: false
    }
  }
}
