/// What a machine remembers of one register. Kept small: a fleet has hundreds of thousands.
struct RegisterState: Sendable {
  struct Flags: OptionSet, Sendable {
    let rawValue: UInt8
    /// Its words were read at least once.
    static let known = Flags(rawValue: 1)
    /// As last compared; without a desired value never set.
    static let inSync = Flags(rawValue: 2)
    /// In a drift: confirmed, its event counted.
    static let drifted = Flags(rawValue: 4)
    /// The device refuses to give it; `exception` says why.
    static let unreadable = Flags(rawValue: 8)
    /// What is desired has just changed: a difference needs no confirmation.
    static let desiredChanged = Flags(rawValue: 16)
    /// The words have to be compared even if they are the same as before.
    static let unjudged = Flags(rawValue: 32)
  }

  var flags: Flags = []
  var exception: UInt8 = 0
  /// Consecutive reads that differed, until confirmed.
  var streak: UInt16 = 0
  /// The kinds of refusal last published.
  var refusals: UInt32 = 0
  var driftEvents: UInt64 = 0
  var corrections: UInt64 = 0
  var driftAfter = WallTime.never
  var driftSeen = WallTime.never
  var lastCorrection = WallTime.never
  /// One element once it was written to or contested, none before.
  var past: [WritePast] = []

  var isDrifted: Bool { flags.contains(.drifted) }
  var isInSync: Bool { flags.contains(.inSync) }
  var isReadable: Bool { flags.contains(.known) && !flags.contains(.unreadable) }

  /// Changes what is remembered of writes.
  mutating func remember(_ change: (inout WritePast) -> Void) {
    if past.isEmpty { past.append(WritePast()) }
    change(&past[0])
  }

  /// Changes what is remembered of writes, if anything is.
  mutating func revise(_ change: (inout WritePast) -> Void) {
    if !past.isEmpty { change(&past[0]) }
  }
}

/// What is remembered of the writes of one register.
struct WritePast: Sendable {
  struct Stamp: Sendable {
    var at: Instant
    var wall: WallTime
  }

  /// A verified write whose next poll is awaited.
  struct Watch: Sendable {
    var order: KeptOrder
    var acknowledgedAt: Instant
    /// The last read that still showed it.
    var seenAt: Instant
  }

  struct Contest: Sendable {
    var reverts: Int
    var retryAt: Instant
  }

  /// Writes of the last hour, oldest first.
  var writes: [Stamp] = []
  var tally = WriteTally()
  var lastOutcome: WriteOutcome?
  var watch: Watch?
  /// Nobody knows whether this write took effect; until the register is read again.
  var unresolved: KeptOrder?
  /// Consecutive writes that did not take.
  var failures = 0
  var retryAt = Instant(nanoseconds: .min)
  /// A ramp goes on then.
  var nextStepAt: Instant?
  /// Times of the reverts within `contestedWithin`.
  var reverts: [Instant] = []
  var rivalDelay: TimeSpan?
  var contest: Contest?
  /// How often it was contested of late; the hold-off grows with it.
  var contestLevel = 0
  var contestEndedAt: Instant?
  /// The last read before the device began to refuse the register.
  var lastGoodRead: WallTime?
}

/// An order that outlives its cycle, on the heap because few registers have one.
final class KeptOrder: Sendable {
  let order: WriteOrder
  init(_ order: WriteOrder) { self.order = order }
}

extension WallTime {
  /// Stands for no time in compact state.
  static let never = WallTime(milliseconds: .min)
  var ifEver: WallTime? { self == .never ? nil : self }
}
