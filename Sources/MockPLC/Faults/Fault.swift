import Modbus

/// One way in which a PLC or its network misbehaves.
///
/// A new one is one small file and one line in ``knownFaults``. A fault decides nothing but from its draws,
/// and a draw is a function of the seed and the number of the request: the same requests meet the same
/// trouble.
public protocol Fault: Sendable {
  /// As written before the `=`.
  static var name: String { get }
  /// For help and error messages: `exception=P:CODE`.
  static var usage: String { get }
  /// `argument` is what stands after the `=`, `nil` without one.
  init(argument: String?) throws(FaultProblem)
  /// Changes what is about to happen to one request.
  func disturb(_ exchange: inout Exchange, draws: inout Draws)
  /// Changes how the whole PLC treats its connections.
  func shape(_ policy: inout ConnectionPolicy)
}

extension Fault {
  public func disturb(_ exchange: inout Exchange, draws: inout Draws) {}
  public func shape(_ policy: inout ConnectionPolicy) {}
}

/// Every fault, in the order in which they act on a request. The first that decides its fate wins.
let knownFaults: [any Fault.Type] = [
  Hang.self, Drop.self, Busy.self, Refusal.self, Reset.self, Junk.self, Late.self, Split.self, Latency.self,
  IgnoreWrites.self, Revert.self, MaxConnections.self, EvictOldest.self, Watchdog.self,
]

/// Why a fault's text is not one. Its description is one line.
public struct FaultProblem: Error, Hashable, CustomStringConvertible {
  public var description: String

  public init(_ description: String) {
    self.description = description
  }
}

/// What is about to happen to one request.
public struct Exchange: Sendable {
  /// What the client gets to see.
  public enum Fate: Sendable, Hashable {
    case answer
    case refuse(ModbusException)
    /// Nothing; the connection goes on.
    case silence
    /// Nothing, and nothing ever again for this unit on this connection.
    case hang
    case reset
    case junk(Junk.Kind, draw: UInt64)
  }

  /// Whether the request is a write.
  public let isWrite: Bool
  public var fate = Fate.answer
  /// The answer waits this long, and the connection's later requests behind it.
  public var delay = Elapsed.zero
  /// The answer comes this much later, without holding up later requests.
  public var lateBy: Elapsed?
  /// The answer comes in single bytes, so far apart.
  public var pieces: Elapsed?
  /// Whether a write takes effect.
  public var takesEffect = true
  /// A write is undone after this long.
  public var revertsAfter: Elapsed?
  /// Names of the faults that struck, for the log.
  public var struck: [String] = []

  init(isWrite: Bool) {
    self.isWrite = isWrite
  }

  /// Decides the fate unless another fault has; `takesEffect`: whether the PLC still does as asked.
  mutating func meet(_ fate: Fate, takesEffect: Bool, as name: String) {
    guard self.fate == .answer else { return }
    self.fate = fate
    self.takesEffect = self.takesEffect && takesEffect
    struck.append(name)
  }
}

/// How a PLC treats its connections.
public struct ConnectionPolicy: Sendable, Hashable {
  /// Connections it can hold; `nil`: any number.
  public var maxConnections: Int?
  /// Makes room by closing the oldest instead of turning the new one away.
  public var evictsOldest = false
  /// Without a request for this long it falls back to its safe values.
  public var watchdog: Elapsed?
}

/// The draws of one fault for one request.
public struct Draws: Sendable {
  private let seed: Seed
  private var next: UInt64

  init(_ seed: Seed, request: UInt64) {
    self.seed = seed
    next = request &* 8
  }

  /// In `0 ..< 1`.
  public mutating func fraction() -> Double {
    defer { next &+= 1 }
    return seed.fraction(next)
  }

  public mutating func bits() -> UInt64 {
    defer { next &+= 1 }
    return seed.bits(next)
  }

  /// True with probability `probability`. Always takes one draw.
  public mutating func happens(_ probability: Double) -> Bool { fraction() < probability }
}
