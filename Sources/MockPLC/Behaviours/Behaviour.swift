/// How a register moves by itself: a pure function of time, seed and state, evaluated only when somebody
/// reads.
///
/// A new one is one file with a ``DeclaredBehaviour`` and one line in ``declaredBehaviours``.
public protocol Behaviour: Sendable {
  /// Whether the register moves. One that does not keeps whatever is written to it.
  var moves: Bool { get }
  /// The name of the register it follows, if it follows one.
  var follows: String? { get }
  /// The engineering value at `time`. Equal arguments give equal values.
  func value(at time: Elapsed, seed: Seed, state: ProcessState) -> Double
  /// ``value(at:seed:state:)`` without measurement noise: what the process continues from.
  func trueValue(at time: Elapsed, seed: Seed, state: ProcessState) -> Double
}

extension Behaviour {
  public func trueValue(at time: Elapsed, seed: Seed, state: ProcessState) -> Double {
    value(at: time, seed: seed, state: state)
  }
  public var moves: Bool { true }
  public var follows: String? { nil }
}

/// What a process remembers. Only a change of the register that it follows, or a reboot, changes it.
public struct ProcessState: Hashable, Sendable {
  /// When `value` was last known.
  public var since: Elapsed
  /// The value then; `nil` before the first evaluation.
  public var value: Double?
  /// The followed register's value since then, engineering units.
  public var target: Double

  public init(since: Elapsed = .zero, value: Double? = nil, target: Double = 0) {
    self.since = since
    self.value = value
    self.target = target
  }
}

/// A behaviour that a map can name: `behaviour: { kind: sine, ... }`.
protocol DeclaredBehaviour: Behaviour {
  static var kind: String { get }
  /// Its keys besides `kind`.
  static var keys: [String] { get }
  /// Reads its keys; reports every problem to `fields` and returns a value only without any.
  static func read(_ fields: FieldReader) -> Self?
}

/// Every behaviour a map can name.
let declaredBehaviours: [any DeclaredBehaviour.Type] = [
  Constant.self, Ramp.self, Sine.self, Noise.self, FirstOrder.self,
]
