import Modbus

/// One mock PLC: its units, faults and connections. Confined to its fleet's event loop; pure but for what it
/// tells its observer: time is an argument, and what to do is returned.
final class PLC {
  let index: Int
  let name: String
  let device: MockDevice
  var units: [Unit] = []
  /// Which unit an id means; empty when one image answers every id.
  private var byID: [UInt8: Int] = [:]
  private(set) var policy = ConnectionPolicy()
  /// Counts reboots: what was planned before one is void after it.
  private(set) var epoch = 0
  private(set) var downUntil = Elapsed.zero
  private(set) var lastRequest = Elapsed.zero
  /// Whether the watchdog has struck since the last request.
  var isSafe = false
  /// Whether the watchdog's next look is planned.
  var isWatched = false
  /// Units that hang, by connection.
  private var hung: [UInt64: Set<UInt8>] = [:]

  struct Unit {
    /// `nil`: whatever id a client asks.
    let id: UInt8?
    var image: UnitImage
    var faults: FaultSet
    /// Faults as at power-up.
    let initialFaults: FaultSet

    var label: String { id.map(String.init) ?? "*" }
  }

  struct Setup {
    var index: Int
    var name: String
    var device: MockDevice
    var seed: Seed
    /// Separate images for these ids, where the device itself has one for all.
    var unitIDs: [UInt8]?
    var chaos: ChaosPlan?
    var faults: [FaultSpec]
  }

  init(_ setup: Setup) {
    index = setup.index
    name = setup.name
    device = setup.device
    for unit in setup.device.units {
      let ids: [UInt8?] = (unit.ids ?? setup.unitIDs).map { $0.map(Optional.some) } ?? [nil]
      for id in ids {
        let seed = id.map { setup.seed.derived(UInt64($0) + 1) } ?? setup.seed
        let specs = (unit.faults + setup.faults).filter { $0.units == nil || (id != nil && $0.concerns(id)) }
        let faults = FaultSet(specs.map(\.fault), seed: seed.derived("faults"))
        let image = UnitImage(
          unit, seed: seed, chaos: setup.chaos,
          spreadsChaos: setup.index > 0 || (id.map { $0 != ids[0] } ?? false))
        if let id { byID[id] = units.count }
        units.append(Unit(id: id, image: image, faults: faults, initialFaults: faults))
      }
    }
    reshape()
  }

  /// The unit that answers `id`.
  func unitIndex(_ id: UInt8) -> Int? {
    byID.isEmpty ? (units.isEmpty ? nil : 0) : byID[id]
  }

  /// Recomputes the policy from the faults that are on in any unit.
  private func reshape() {
    policy = ConnectionPolicy()
    for unit in units { unit.faults.shape(&policy) }
  }

  // MARK: Requests

  /// What comes of one request.
  struct Verdict {
    enum Outcome {
      case answer(ModbusResponse)
      case refuse(ModbusException)
      case silence
      case reset
      case junk(Answer, Junk.Kind, draw: UInt64)
    }

    enum Answer {
      case response(ModbusResponse)
      case exception(ModbusException)
    }

    var outcome: Outcome
    var exchange: Exchange
    /// What it wrote, or tried to.
    var write: WriteRecord?
    /// The image's old words, to be put back after a while.
    var revert: (after: Elapsed, unit: Int, words: [UInt16])?
  }

  /// - Parameter mayWrite: false: the client's role may only read.
  func handle(
    _ request: ModbusRequest, unit id: UInt8, connection: UInt64, mayWrite: Bool = true, at now: Elapsed
  ) -> Verdict {
    lastRequest = now
    isSafe = false
    guard mayWrite || !request.isWrite else {
      return Verdict(
        outcome: .refuse(FleetSecurity.refusal), exchange: Exchange(isWrite: true),
        write: record(request, id, connection, now, .refused))
    }
    guard let index = unitIndex(id) else {
      return Verdict(
        outcome: .refuse(.gatewayTargetFailedToRespond), exchange: Exchange(isWrite: request.isWrite))
    }
    if hung[connection]?.contains(id) == true {
      var exchange = Exchange(isWrite: request.isWrite)
      exchange.meet(.silence, takesEffect: false, as: Hang.name)
      return Verdict(outcome: .silence, exchange: exchange, write: lost(request, id, connection, now))
    }
    let exchange =
      units[index].faults.isEmpty
      ? Exchange(isWrite: request.isWrite) : units[index].faults.exchange(isWrite: request.isWrite)
    var verdict = Verdict(outcome: .silence, exchange: exchange)
    switch exchange.fate {
    case .silence: verdict.write = lost(request, id, connection, now)
    case .hang:
      hung[connection, default: []].insert(id)
      verdict.write = lost(request, id, connection, now)
    case .refuse(let exception):
      verdict.outcome = .refuse(exception)
      verdict.write = record(request, id, connection, now, .refused)
    case .answer, .reset, .junk:
      let answer = execute(request, unit: index, connection: connection, id: id, at: now, verdict: &verdict)
      switch (exchange.fate, answer) {
      case (.reset, _): verdict.outcome = .reset
      case (.junk(let kind, let draw), _): verdict.outcome = .junk(answer, kind, draw: draw)
      case (_, .response(let response)): verdict.outcome = .answer(response)
      case (_, .exception(let exception)): verdict.outcome = .refuse(exception)
      }
    }
    return verdict
  }

  /// Whether a request that Modbus does not allow is answered at all.
  func answersInvalid(unit id: UInt8, connection: UInt64, at now: Elapsed) -> Bool {
    lastRequest = now
    isSafe = false
    return hung[connection]?.contains(id) != true
  }

  private func lost(
    _ request: ModbusRequest, _ id: UInt8, _ connection: UInt64, _ now: Elapsed
  ) -> WriteRecord? {
    record(request, id, connection, now, .lost)
  }

  // MARK: Connections

  /// Whether a new connection may stay, when `open` others are there.
  func admits(open: Int, at now: Elapsed) -> Admission {
    if now < downUntil { return .reset }
    guard let most = policy.maxConnections, open >= most else { return .accept }
    return policy.evictsOldest && most > 0 ? .evictOldest : .refuse
  }

  enum Admission {
    case accept, refuse, reset, evictOldest
  }

  func forget(connection: UInt64) {
    hung[connection] = nil
  }

  // MARK: What a script does

  func enable(_ specs: [FaultSpec], unit id: UInt8?) {
    for index in units.indices where id == nil || units[index].id == nil || units[index].id == id {
      for spec in specs where spec.units == nil || (units[index].id != nil && spec.concerns(units[index].id))
      {
        units[index].faults.enable(spec.fault)
      }
    }
    reshape()
  }

  func disable(_ names: [String], unit id: UInt8?) {
    for index in units.indices where id == nil || units[index].id == nil || units[index].id == id {
      if names.isEmpty { units[index].faults.disableAll() }
      for name in names { units[index].faults.disable(name) }
    }
    if names.isEmpty || names.contains(Hang.name) { hung.removeAll() }
    reshape()
  }

  func reboot(at time: Elapsed, down: Elapsed) {
    epoch &+= 1
    downUntil = time + down
    lastRequest = time
    isSafe = false
    hung.removeAll()
    for index in units.indices { units[index].image.boot(at: time) }
  }
}
