import Control
import Modbus

/// One device of the simulated plant: its PLC, what Git wants of it, the controller's side of it, and the
/// oracle's ledger.
struct SimulatedDevice {
  /// Whose a request of the connection is.
  enum Token {
    case read(cycle: Int)
    case identity
    indirect case write(WriteOrder)
    indirect case verify(WriteOrder)
  }

  let id: DeviceID
  var plc = SimulatedPLC()
  var registers: [SimulatedRegister]
  var powerOn: SimulatedPLC?

  // What Git wants.
  var desired: [Double?]
  var spec: DeviceSpec
  var revision = 1

  // The controller; nil while its process is dead.
  var machine: DeviceMachine?
  var connection = ClientConnectionMachine<Token>()
  var reader = SimulatedReader()
  var attempt = 0
  var isUp = false
  var timerAt: Int64 = .min
  var wakeAt: Int64 = .min

  // What the plant does to it.
  var refusesUntil: Int64 = .min
  var hangsUntil: Int64 = .min
  /// Something puts the old value back so many nanoseconds after a write, by register.
  var rivals: [Int64?]

  var ledger: Ledger

  init(_ index: Int, _ random: inout SplitMix64) {
    id = DeviceID(namespace: "sim", name: "plc-\(index)")
    registers = (0..<random.number(1...4)).map { SimulatedRegister($0, &random) }
    desired = []
    spec = DeviceSpec(id: id, address: "192.0.2.\(index)", registers: [])
    rivals = Array(repeating: nil, count: registers.count)
    ledger = Ledger(registers.count)
    for register in registers {
      let value = register.drawDesired(&random, leaky: false)
      desired.append(register.kind == .input || random.chance(0.1) ? nil : value)
      plc.set(register, words: register.words(value, over: plc.words(of: register)))
    }
    plc.coils[1] = 1
    if random.chance(0.3) { plc.hole = 14 }
    powerOn = plc
    spec.pollInterval = .seconds([2, 5, 10, 10, 30, 30, 60, 60][random.number(0...7)])
    spec.timeout = .milliseconds([500, 1000, 3000][random.number(0...2)])
    spec.autoCorrect = random.chance(0.85)
    spec.connection = random.chance(0.1) ? .perRequest : .persistent
    spec.correction.confirmReads = random.chance(0.2) ? random.number(2...3) : 1
    spec.correction.maxWritesPerHour = [3, 10, 60, 1000][random.number(0...3)]
    if random.chance(0.1) { spec.correction.writeEndurance = UInt64(random.number(2...20)) }
    if random.chance(0.2) { spec.correction.permit = PermitRule(address: 1, table: .coil, equals: 1) }
    if random.chance(0.2) { spec.identity = DeviceIdentity(vendorName: "ACME") }
    if random.chance(0.15), let window = Self.window(&random) { spec.correction.windows = [window] }
    writeSpec()
  }

  /// A daily window, in UTC or in Berlin, there often about the hour in which clocks are changed.
  private static func window(_ random: inout SplitMix64) -> CorrectionWindow? {
    let isBerlin = random.chance(0.6)
    let hour = isBerlin && random.chance(0.7) ? random.number(0...3) : random.number(0...23)
    guard let schedule = try? CronSchedule(parsing: "\(random.number(0...59)) \(hour) * * *") else {
      return nil
    }
    let minutes = random.chance(0.5) ? random.number(10...90) : random.number(10...1200)
    return CorrectionWindow(
      schedule: schedule, durationMinutes: minutes, zone: isBerlin ? BerlinTime.rules : .utc)
  }

  /// The manifest's registers follow what is desired.
  mutating func writeSpec() {
    spec.registers = registers.indices.map { registers[$0].spec(desired: desired[$0], autoCorrect: nil) }
  }

  /// What the machine is told; a planted bug may hide something.
  func toldSpec(_ planted: PlantedBug?) -> DeviceSpec {
    guard planted == .skipEnvelope else { return spec }
    var told = spec
    for index in told.registers.indices {
      (told.registers[index].minimum, told.registers[index].maximum) = (nil, nil)
    }
    return told
  }
}

/// A shelf, and when its silence ends on the clock that nobody can set.
struct OrderedShelf {
  var shelf: Shelf
  var endsAt: Int64

  /// Ordered now, or by a process that died: then only civil times are left, and never more than was ordered.
  init(_ shelf: Shelf, at now: Int64, wall: WallTime) {
    self.shelf = shelf
    let left = min(shelf.until - wall, shelf.until - shelf.since)
    endsAt = now + max(0, left.nanoseconds)
  }
}

/// What the oracle knows of a device by watching the wire and the answers, never by asking the machine.
struct Ledger {
  /// The last complete read of all registers, as it was delivered.
  struct Cycle {
    var number: Int
    var attempt: Int
    var revision: Int
    var at: Int64
    var words: [[UInt16]?]
    var permit: UInt16?
  }

  struct Register {
    var drifted = false
    /// Of events told by the present machine.
    var events: UInt64 = 0
    var frames: [Int64] = []
    /// Audited writes, whether or not their frame was sent: after a crash nobody knows.
    var attempts: [Int64] = []
    /// The read cycle in which it was last written.
    var lastWriteCycle = -1
    /// Contested since; no automatic frame for a minute.
    var contestedAt: Int64?
    /// Last read or read back.
    var words: [UInt16]?
  }

  var cycle: Cycle?
  var registers: [Register]
  /// The write on its way.
  var order: WriteOrder?
  /// What it said of itself on the present connection; nil when not asked.
  var identity: String??
  var lastReadStart: Int64 = .min
  var lastGoodRead: Int64 = .min
  var suspendedBy: String?
  var shelves: [OrderedShelf] = []
  var syncs: [SyncRequest] = []
  var events: UInt64 = 0
  var restoredEvents: UInt64 = 0
  var phase = Phase.pending

  init(_ registers: Int) { self.registers = Array(repeating: Register(), count: registers) }

  /// The controller's process has died: what only it knew is gone.
  mutating func controllerDied() {
    cycle = nil
    identity = nil
    syncs = []
    events = 0
    phase = .pending
    for index in registers.indices {
      registers[index].drifted = false
      registers[index].events = 0
      registers[index].contestedAt = nil
    }
  }
}

/// What survives a crash: audit records, and the counters with the times of writes.
struct SimulatedJournal {
  struct Key: Hashable {
    var incarnation: Int
    var device: Int
    var sequence: UInt64
  }

  var audited: Set<Key> = []
  var sent: Set<Key> = []
  var counters: [DeviceCounters?]

  init(devices: Int) { counters = Array(repeating: nil, count: devices) }
}
