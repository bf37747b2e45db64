/// What is known about one register, for people and for status.
public struct RegisterView: Hashable, Sendable {
  public var spec: RegisterSpec
  /// Last good value, with when it was read; both stay when the device becomes unreachable.
  public var actual: RegisterValue?
  public var rawWords: [UInt16]
  public var lastRead: WallTime?
  /// `nil`: never read, or nothing is desired.
  public var inSync: Bool?
  /// The device refuses to give it.
  public var exception: UInt8?
  /// Last read still in sync before the present drift, and the first that was not.
  public var driftAfter: WallTime?
  public var driftSeen: WallTime?
  public var lastCorrection: WallTime?
  public var driftEvents: UInt64
  public var corrections: UInt64
  /// Why no write is happening, as far as one is wanted.
  public var refusals: [Refusal]
  public var lastOutcome: WriteOutcome?
  public var contested: Bool
  public var shelf: Shelf?
  /// Writes left in the present hour; negative: not known here.
  public var budgetLeft: Int
  /// `nil`: the manifest gives no endurance.
  public var wear: WriteWear?

  public init(
    spec: RegisterSpec, actual: RegisterValue? = nil, rawWords: [UInt16] = [], lastRead: WallTime? = nil,
    inSync: Bool? = nil, exception: UInt8? = nil, driftAfter: WallTime? = nil, driftSeen: WallTime? = nil,
    lastCorrection: WallTime? = nil, driftEvents: UInt64 = 0, corrections: UInt64 = 0,
    refusals: [Refusal] = [],
    lastOutcome: WriteOutcome? = nil, contested: Bool = false, shelf: Shelf? = nil, budgetLeft: Int = 0,
    wear: WriteWear? = nil
  ) {
    self.spec = spec
    self.actual = actual
    self.rawWords = rawWords
    self.lastRead = lastRead
    self.inSync = inSync
    self.exception = exception
    self.driftAfter = driftAfter
    self.driftSeen = driftSeen
    self.lastCorrection = lastCorrection
    self.driftEvents = driftEvents
    self.corrections = corrections
    self.refusals = refusals
    self.lastOutcome = lastOutcome
    self.contested = contested
    self.shelf = shelf
    self.budgetLeft = budgetLeft
    self.wear = wear
  }
}

/// What is known about one device.
public struct DeviceView: Hashable, Sendable {
  public var phase: Phase
  public var status: DeviceStatus
  public var registers: [RegisterView]
  public var driftEvents: UInt64
  public var corrections: UInt64
  /// Last successful poll cycle.
  public var lastRead: WallTime?
  public var lastTransition: WallTime?
  /// The failure that stands now; `nil` when none does.
  public var lastError: String?
  /// Consecutive failures.
  public var failures: Int
  public var retryAt: WallTime?
  public var stale: Bool
  public var suspendedBy: String?
  public var shelf: Shelf?
  public var uncertain: Bool
  /// One short line.
  public var message: String

  public init(
    phase: Phase = .pending, status: DeviceStatus = .pending, registers: [RegisterView] = [],
    driftEvents: UInt64 = 0, corrections: UInt64 = 0, lastRead: WallTime? = nil,
    lastTransition: WallTime? = nil,
    lastError: String? = nil, failures: Int = 0, retryAt: WallTime? = nil, stale: Bool = false,
    suspendedBy: String? = nil, shelf: Shelf? = nil, uncertain: Bool = false, message: String = ""
  ) {
    self.phase = phase
    self.status = status
    self.registers = registers
    self.driftEvents = driftEvents
    self.corrections = corrections
    self.lastRead = lastRead
    self.lastTransition = lastTransition
    self.lastError = lastError
    self.failures = failures
    self.retryAt = retryAt
    self.stale = stale
    self.suspendedBy = suspendedBy
    self.shelf = shelf
    self.uncertain = uncertain
    self.message = message
  }
}
