import Modbus

/// One named register of a mock PLC: where it is, what its bits mean, and what it does by itself.
public struct MockRegister: Sendable {
  public var name: String
  public var table: ModbusTable
  /// Protocol address, 0-based.
  public var address: UInt16
  public var format: ValueFormat
  /// For people only.
  public var unit: String
  /// What it holds at power-up, engineering units.
  public var value: MockValue
  /// Refuses writes with exception 0x02, as PLCs do with registers of their own.
  public var isReadOnly: Bool
  public var behaviour: any Behaviour
  /// Turns it by itself now and then.
  public var chaos: ChaosPlan?
  /// What a watchdog sets it to; `nil`: see ``Watchdog``.
  public var safe: MockValue?

  public init(
    _ name: String, table: ModbusTable = .holding, address: UInt16, format: ValueFormat = ValueFormat(),
    unit: String = "", value: MockValue = .integer(0), isReadOnly: Bool = false,
    behaviour: any Behaviour = Constant(), chaos: ChaosPlan? = nil, safe: MockValue? = nil
  ) {
    self.name = name
    self.table = table
    self.address = address
    self.format = format
    self.unit = unit
    self.value = value
    self.isReadOnly = isReadOnly
    self.behaviour = behaviour
    self.chaos = chaos
    self.safe = safe
  }

  /// The addresses it takes, cut off at 65535.
  var addresses: ClosedRange<Int> {
    let first = Int(address)
    return first...min(65_535, first + (table.isBits ? 1 : format.words) - 1)
  }

  /// Whether it is something that somebody sets: what chaos turns when nothing says which registers it
  /// should.
  var isSetpoint: Bool {
    table.isWritable && !isReadOnly && !behaviour.moves && format.kind != .string
  }
}

/// Random turns of a register: every interval, to somewhere at most `maxDrift` away from what it was last set
/// to.
public struct ChaosPlan: Sendable, Hashable {
  public var interval: Elapsed
  /// Engineering units.
  public var maxDrift: Double

  /// An interval under 1 ms counts as 1 ms.
  public init(interval: Elapsed, maxDrift: Double) {
    self.interval = max(interval, .milliseconds(1))
    self.maxDrift = max(0, maxDrift.isFinite ? maxDrift : 0)
  }
}

/// What one unit id of a PLC answers with.
public struct MockUnit: Sendable {
  /// The ids that each get such an image; `nil`: one image for whatever id a client asks.
  public var ids: [UInt8]?
  public var registers: [MockRegister]
  /// Addresses that exist besides the registers' own.
  public var addresses: [ModbusTable: AddressSet]
  public var faults: [FaultSpec]

  /// Without `addresses` every address exists.
  public init(
    ids: [UInt8]? = nil, registers: [MockRegister],
    addresses: [ModbusTable: AddressSet] = MockUnit.everywhere,
    faults: [FaultSpec] = []
  ) {
    self.ids = ids
    self.registers = registers
    self.addresses = addresses
    self.faults = faults
  }

  /// Every address of every table.
  public static let everywhere: [ModbusTable: AddressSet] = [
    .coil: .all, .discrete: .all, .holding: .all, .input: .all,
  ]
}

/// What one PLC is: its identity and its units.
public struct MockDevice: Sendable {
  public var name: String?
  public var identity: MockIdentity
  public var units: [MockUnit]

  public init(name: String? = nil, identity: MockIdentity = MockIdentity(), units: [MockUnit]) {
    self.name = name
    self.identity = identity
    self.units = units
  }

  /// A PLC of one unit that answers every id and has every address.
  public init(name: String? = nil, identity: MockIdentity = MockIdentity(), registers: [MockRegister]) {
    self.init(name: name, identity: identity, units: [MockUnit(registers: registers)])
  }

  var registers: [MockRegister] { units.flatMap(\.registers) }
}
