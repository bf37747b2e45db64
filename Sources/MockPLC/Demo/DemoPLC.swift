import Modbus

/// One PLC of the demonstration plant: what it does, and what a manifest says about it.
public struct DemoPLC: Sendable {
  /// Fit for `metadata.name`.
  public let name: String
  /// What it is, in a few words.
  public let summary: String
  public let labels: [Label]
  public let tags: [String]
  public let pollIntervalSecs: Int
  public let autoCorrect: Bool
  public let identity: MockIdentity
  /// The first is the setpoint.
  public let registers: [DemoRegister]

  public struct Label: Sendable, Hashable {
    public let key: String
    public let value: String
  }

  init(
    _ name: String, _ summary: String, zone: String, area: String, tags: [String], pollIntervalSecs: Int = 2,
    autoCorrect: Bool = true, product: String, registers: [DemoRegister]
  ) {
    self.name = name
    self.summary = summary
    labels = [Label(key: "zone", value: zone), Label(key: "area", value: area)]
    self.tags = tags
    self.pollIntervalSecs = pollIntervalSecs
    self.autoCorrect = autoCorrect
    identity = MockIdentity(vendor: "Example Controls", product: product, revision: "2.4")
    self.registers = registers
  }

  /// What runs behind its port.
  public var device: MockDevice {
    MockDevice(name: name, identity: identity, registers: registers.map(\.mock))
  }
}

/// A register of the demonstration plant as its manifest declares it.
public struct DemoRegister: Sendable {
  public let mock: MockRegister
  /// Desired value in engineering units; `nil`: monitored only.
  public let desired: MockValue?
  public let tolerance: Double
  public let minimum: Double?
  public let maximum: Double?

  public var name: String { mock.name }
  public var address: UInt16 { mock.address }
  /// As the manifest spells it: `holding`, `coil`, `input`, `discrete`.
  public var table: String { "\(mock.table)" }
  /// As the manifest spells it: `uint16` and so on.
  public var type: String { mock.format.kind.rawValue }
  /// As the manifest spells it: `ABCD` and so on.
  public var order: String { mock.format.order.rawValue }
  public var bit: UInt8? { mock.format.bit }
  /// Words, for `string`.
  public var length: Int? { mock.format.kind == .string ? mock.format.words : nil }
  public var scale: Double { mock.format.scale }
  public var offset: Double { mock.format.offset }
  public var unit: String { mock.unit }

  /// Something that Git decides about: its desired value is also what it has at power-up.
  static func setpoint(
    _ name: String, _ address: UInt16 = 4001, _ format: ValueFormat = ValueFormat(),
    table: ModbusTable = .holding,
    unit: String = "", value: MockValue, tolerance: Double = 0, in envelope: ClosedRange<Double>? = nil,
    chaosEvery seconds: Double, by maxDrift: Double
  ) -> DemoRegister {
    DemoRegister(
      mock: MockRegister(
        name, table: table, address: address, format: format, unit: unit, value: value,
        chaos: ChaosPlan(interval: .seconds(seconds), maxDrift: maxDrift)),
      desired: value, tolerance: tolerance, minimum: envelope?.lowerBound, maximum: envelope?.upperBound)
  }

  /// Something that is only watched: an input register that moves.
  static func measured(
    _ name: String, _ address: UInt16, _ format: ValueFormat = ValueFormat(), unit: String,
    _ behaviour: any Behaviour
  ) -> DemoRegister {
    DemoRegister(
      mock: MockRegister(
        name, table: .input, address: address, format: format, unit: unit, behaviour: behaviour),
      desired: nil, tolerance: 0, minimum: nil, maximum: nil)
  }

  /// A text that is only shown.
  static func text(_ name: String, _ address: UInt16, words: Int, _ text: String) -> DemoRegister {
    DemoRegister(
      mock: MockRegister(
        name, address: address, format: ValueFormat(.string, length: words), value: .text(text),
        isReadOnly: true),
      desired: nil, tolerance: 0, minimum: nil, maximum: nil)
  }
}
