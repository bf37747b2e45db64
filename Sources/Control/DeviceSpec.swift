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
///
/// Lies on the heap once, however many hold it: the source, the machine, its driver and every snapshot do. A change makes
/// a copy, so that it is a value all the same.
public struct DeviceSpec: Hashable, Sendable {
  private var box: Box

  fileprivate final class Box: Sendable {
    let fields: Fields
    init(_ fields: Fields) { self.fields = fields }
  }

  private var fields: Fields {
    get { box.fields }
    set { box = Box(newValue) }
  }

  public static func == (a: DeviceSpec, b: DeviceSpec) -> Bool { a.box === b.box || a.fields == b.fields }

  public func hash(into hasher: inout Hasher) { hasher.combine(fields) }

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
    box = Box(
      Fields(
        id: id, address: address, port: port, security: security, unitID: unitID, timeout: timeout,
        connection: connection, pauseAfterConnect: pauseAfterConnect,
        pauseBetweenRequests: pauseBetweenRequests, maxRegistersPerRequest: maxRegistersPerRequest,
        maxGap: maxGap, addressBase: addressBase, pollInterval: pollInterval, autoCorrect: autoCorrect,
        suspend: suspend, identity: identity, registers: registers, correction: correction, tags: tags,
        labels: labels))
  }
}

extension DeviceSpec {
  fileprivate struct Fields: Hashable, Sendable {
    var id: DeviceID
    var address: String
    var port: Int
    var security: TransportSecurity?
    var unitID: UInt8
    var timeout: TimeSpan
    var connection: ConnectionMode
    var pauseAfterConnect: TimeSpan
    var pauseBetweenRequests: TimeSpan
    var maxRegistersPerRequest: Int
    var maxGap: Int
    var addressBase: Int
    var pollInterval: TimeSpan
    var autoCorrect: Bool
    var suspend: Bool
    var identity: DeviceIdentity?
    var registers: [RegisterSpec]
    var correction: CorrectionPolicy
    var tags: [String]
    var labels: [Label]
  }

  public var id: DeviceID {
    get { box.fields.id }
    set { fields.id = newValue }
  }
  /// IPv4, IPv6 or host name; or a URL (`rtu+tcp://`, `serial://`, `mbaps://`) as the manifest has it.
  public var address: String {
    get { box.fields.address }
    set { fields.address = newValue }
  }
  public var port: Int {
    get { box.fields.port }
    set { fields.port = newValue }
  }
  /// Who we are to a device behind `mbaps://`, and who it must be; `nil` without TLS.
  public var security: TransportSecurity? {
    get { box.fields.security }
    set { fields.security = newValue }
  }
  public var unitID: UInt8 {
    get { box.fields.unitID }
    set { fields.unitID = newValue }
  }
  /// Per request.
  public var timeout: TimeSpan {
    get { box.fields.timeout }
    set { fields.timeout = newValue }
  }
  public var connection: ConnectionMode {
    get { box.fields.connection }
    set { fields.connection = newValue }
  }
  public var pauseAfterConnect: TimeSpan {
    get { box.fields.pauseAfterConnect }
    set { fields.pauseAfterConnect = newValue }
  }
  public var pauseBetweenRequests: TimeSpan {
    get { box.fields.pauseBetweenRequests }
    set { fields.pauseBetweenRequests = newValue }
  }
  public var maxRegistersPerRequest: Int {
    get { box.fields.maxRegistersPerRequest }
    set { fields.maxRegistersPerRequest = newValue }
  }
  public var maxGap: Int {
    get { box.fields.maxGap }
    set { fields.maxGap = newValue }
  }
  /// Added to the protocol address for display, as the manifest counts (0 or 1).
  public var addressBase: Int {
    get { box.fields.addressBase }
    set { fields.addressBase = newValue }
  }
  public var pollInterval: TimeSpan {
    get { box.fields.pollInterval }
    set { fields.pollInterval = newValue }
  }
  public var autoCorrect: Bool {
    get { box.fields.autoCorrect }
    set { fields.autoCorrect = newValue }
  }
  public var suspend: Bool {
    get { box.fields.suspend }
    set { fields.suspend = newValue }
  }
  public var identity: DeviceIdentity? {
    get { box.fields.identity }
    set { fields.identity = newValue }
  }
  public var registers: [RegisterSpec] {
    get { box.fields.registers }
    set { fields.registers = newValue }
  }
  public var correction: CorrectionPolicy {
    get { box.fields.correction }
    set { fields.correction = newValue }
  }
  public var tags: [String] {
    get { box.fields.tags }
    set { fields.tags = newValue }
  }
  /// Sorted by key.
  public var labels: [Label] {
    get { box.fields.labels }
    set { fields.labels = newValue }
  }
}
