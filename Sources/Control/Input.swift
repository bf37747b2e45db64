/// Everything that can happen to a `DeviceMachine`. Large payloads are boxed, so that a poll moves few bytes.
public enum Input: Sendable {
  /// A new or changed specification; applied at once.
  indirect case desired(DeviceSpec)
  /// The manifest is gone: release the device without writing.
  case removed
  indirect case gates(FleetGates)

  case connected
  case connectFailed(WireProblem)
  /// The connection ended or was dropped.
  case disconnected(WireProblem)

  /// One poll cycle is complete: every register was answered or refused by the device.
  case read(Observation)
  /// The wire failed during the cycle; the connection may be gone (then `disconnected` follows or came
  /// before).
  case readFailed(WireProblem)
  /// The device answered *busy* (0x06): not a failure, retried later.
  case readBusy
  /// Answer to `Action.readIdentity`; `nil`: the device does not support FC 43/14.
  case identity(DeviceIdentity?)

  indirect case writeAcknowledged(WriteOrder)
  indirect case writeRefused(WriteOrder, exception: UInt8)
  /// The frame may or may not have reached the device.
  indirect case writeUncertain(WriteOrder, WireProblem)
  /// The record or the frame could not be sent at all: the device was not touched.
  indirect case writeNotSent(WriteOrder, reason: String)
  /// Read-back of exactly the register of the order.
  indirect case verified(WriteOrder, RegisterReading)
  indirect case verifyFailed(WriteOrder, WireProblem)

  /// The time asked for by the last `Action.schedule` has come (or passed). A spurious one is harmless.
  case timer
  indirect case command(OperatorCommand)
  /// Counters from the journal, before the first poll.
  indirect case restore(DeviceCounters)
}

/// Why the wire failed, in one line for people, with a stable kind for metrics.
public struct WireProblem: Hashable, Sendable, CustomStringConvertible {
  public enum Kind: String, Hashable, Sendable, CaseIterable {
    case timeout, refused, reset, closed, unresolved, unreachable, badFrame, mismatch, local
  }
  public var kind: Kind
  public var detail: String

  public init(_ kind: Kind, _ detail: String) {
    self.kind = kind
    self.detail = detail
  }

  public var description: String { detail }
}

/// What one poll cycle found, in the order of the specification's registers.
public struct Observation: Sendable {
  /// Words of all registers one after the other (`RegisterLayout`); a coil or discrete input takes one word,
  /// 0 or 1.
  public var words: [UInt16]
  /// Registers the device refused to give, with the exception code; their words are meaningless.
  public var refused: [RefusedRead]
  /// The permit register's raw value, when the policy names one and it could be read.
  public var permit: UInt16?

  public struct RefusedRead: Hashable, Sendable {
    public var register: Int
    public var exception: UInt8
    public init(register: Int, exception: UInt8) {
      self.register = register
      self.exception = exception
    }
  }

  public init(words: [UInt16], refused: [RefusedRead] = [], permit: UInt16? = nil) {
    self.words = words
    self.refused = refused
    self.permit = permit
  }
}

/// The answer to reading one register.
public enum RegisterReading: Hashable, Sendable {
  case words([UInt16])
  case refused(exception: UInt8)
}

/// What an operator asks of one device. `by` names who, for the audit.
public enum OperatorCommand: Hashable, Sendable {
  /// Reconcile now; `force` overrides gates 5 and 6 and nothing else. `registers` empty: all with a desired
  /// value.
  case sync(SyncRequest)
  case shelve(Shelf)
  case unshelve(register: String?, by: String)
  case suspend(by: String)
  case resume(by: String)
  /// Poll now.
  case refresh
  /// Try a contested register again now.
  case retryContested(by: String)
}

public struct SyncRequest: Hashable, Sendable {
  public var id: UInt64
  public var by: String
  public var force: Bool
  public var registers: [String]

  public init(id: UInt64, by: String, force: Bool = false, registers: [String] = []) {
    self.id = id
    self.by = by
    self.force = force
    self.registers = registers
  }
}

/// Counters that survive restarts.
public struct DeviceCounters: Hashable, Sendable {
  public var driftEvents: UInt64
  public var corrections: UInt64
  /// By register name.
  public var registers: [RegisterCounters]

  public struct RegisterCounters: Hashable, Sendable {
    public var name: String
    public var driftEvents: UInt64
    public var corrections: UInt64
    /// Times of the writes of the last hour, for the wear budget.
    public var recentWrites: [WallTime]
    /// All writes that may have reached the device, and those of the last day by age in hours.
    public var writes: UInt64 = 0
    public var writesByAge: [UInt32] = []
    /// A drift that is counted already and stands: when it was first seen, and the last read before that.
    public var driftSeen: WallTime?
    public var driftAfter: WallTime?

    public init(name: String, driftEvents: UInt64 = 0, corrections: UInt64 = 0, recentWrites: [WallTime] = [])
    {
      self.name = name
      self.driftEvents = driftEvents
      self.corrections = corrections
      self.recentWrites = recentWrites
    }
  }

  public init(driftEvents: UInt64 = 0, corrections: UInt64 = 0, registers: [RegisterCounters] = []) {
    self.driftEvents = driftEvents
    self.corrections = corrections
    self.registers = registers
  }
}
