/// Whether a connection is kept between polls.
public enum ConnectionMode: String, Hashable, Sendable, CaseIterable {
  case persistent, perRequest
}

/// What FC 43/14 must answer before the first write; `nil` fields are not compared.
public struct DeviceIdentity: Hashable, Sendable {
  public var vendorName: String?
  public var productCode: String?
  public var revision: String?

  public init(vendorName: String? = nil, productCode: String? = nil, revision: String? = nil) {
    self.vendorName = vendorName
    self.productCode = productCode
    self.revision = revision
  }
}

/// An interlock: corrections only while this register, read in the same cycle, holds this raw value.
public struct PermitRule: Hashable, Sendable {
  public var address: UInt16
  public var table: RegisterTable
  public var equals: UInt16

  public init(address: UInt16, table: RegisterTable, equals: UInt16) {
    self.address = address
    self.table = table
    self.equals = equals
  }
}

/// A recurring span in which corrections are allowed, in a civil time zone.
public struct CorrectionWindow: Hashable, Sendable {
  public var schedule: CronSchedule
  public var durationMinutes: Int
  public var zone: ZoneRules

  public init(schedule: CronSchedule, durationMinutes: Int, zone: ZoneRules) {
    self.schedule = schedule
    self.durationMinutes = durationMinutes
    self.zone = zone
  }
}

/// When and how often corrections may be made.
public struct CorrectionPolicy: Hashable, Sendable {
  /// Consecutive reads that must see a drift before it counts.
  public var confirmReads: Int
  /// The write-wear budget, per register.
  public var maxWritesPerHour: Int
  /// Writes that each register's memory is made for; `nil`: not known, or no matter.
  public var writeEndurance: UInt64?
  /// Corrections undone by someone else within `contestedWithin` before writing stops.
  public var contestedAfter: Int
  public var contestedWithin: TimeSpan
  public var permit: PermitRule?
  /// Empty: always.
  public var windows: [CorrectionWindow]

  public init(
    confirmReads: Int = 1, maxWritesPerHour: Int = 60, contestedAfter: Int = 3,
    contestedWithin: TimeSpan = .seconds(60), permit: PermitRule? = nil, windows: [CorrectionWindow] = [],
    writeEndurance: UInt64? = nil
  ) {
    self.confirmReads = confirmReads
    self.maxWritesPerHour = maxWritesPerHour
    self.contestedAfter = contestedAfter
    self.contestedWithin = contestedWithin
    self.permit = permit
    self.windows = windows
    self.writeEndurance = writeEndurance
  }
}

/// Modbus/TCP Security for one device.
public struct TransportSecurity: Hashable, Sendable {
  /// Name of the files (certificate, key, authorities) that the engine presents itself with. Never a path: where the
  /// files are is the engine's business.
  public var credentials: String
  /// The name that the device's certificate must carry; `nil`: the host of the device's address.
  public var serverName: String?

  /// Used where a manifest names none.
  public static let defaultCredentials = "default"

  public init(credentials: String = defaultCredentials, serverName: String? = nil) {
    self.credentials = credentials
    self.serverName = serverName
  }
}

/// Everything a valid manifest says about one device.
public struct DeviceSpec: Hashable, Sendable {
  public var id: DeviceID
  /// IPv4, IPv6 or host name; or a URL (`rtu+tcp://`, `serial://`, `mbaps://`) as the manifest has it.
  public var address: String
  public var port: Int
  /// Who we are to a device behind `mbaps://`, and who it must be; `nil` without TLS.
  public var security: TransportSecurity?
  public var unitID: UInt8
  /// Per request.
  public var timeout: TimeSpan
  public var connection: ConnectionMode
  public var pauseAfterConnect: TimeSpan
  public var pauseBetweenRequests: TimeSpan
  public var maxRegistersPerRequest: Int
  public var maxGap: Int
  /// Added to the protocol address for display, as the manifest counts (0 or 1).
  public var addressBase: Int
  public var pollInterval: TimeSpan
  public var autoCorrect: Bool
  public var suspend: Bool
  public var identity: DeviceIdentity?
  public var registers: [RegisterSpec]
  public var correction: CorrectionPolicy
  public var tags: [String]
  /// Sorted by key.
  public var labels: [Label]

  public struct Label: Hashable, Sendable {
    public var key: String
    public var value: String
    public init(key: String, value: String) {
      self.key = key
      self.value = value
    }
  }

  public init(
    id: DeviceID, address: String, port: Int = 502, security: TransportSecurity? = nil,
    unitID: UInt8 = 1, timeout: TimeSpan = .seconds(1),
    connection: ConnectionMode = .persistent, pauseAfterConnect: TimeSpan = .zero,
    pauseBetweenRequests: TimeSpan = .zero, maxRegistersPerRequest: Int = 125, maxGap: Int = 16,
    addressBase: Int = 0, pollInterval: TimeSpan = .seconds(5), autoCorrect: Bool = true,
    suspend: Bool = false,
    identity: DeviceIdentity? = nil, registers: [RegisterSpec], correction: CorrectionPolicy = .init(),
    tags: [String] = [], labels: [Label] = []
  ) {
    self.id = id
    self.address = address
    self.port = port
    self.security = security
    self.unitID = unitID
    self.timeout = timeout
    self.connection = connection
    self.pauseAfterConnect = pauseAfterConnect
    self.pauseBetweenRequests = pauseBetweenRequests
    self.maxRegistersPerRequest = maxRegistersPerRequest
    self.maxGap = maxGap
    self.addressBase = addressBase
    self.pollInterval = pollInterval
    self.autoCorrect = autoCorrect
    self.suspend = suspend
    self.identity = identity
    self.registers = registers
    self.correction = correction
    self.tags = tags
    self.labels = labels
  }
}
