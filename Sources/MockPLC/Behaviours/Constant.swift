/// Stays as it was last written: a setpoint, a recipe number, a switch.
public struct Constant: DeclaredBehaviour, Hashable {
  static let kind = "constant"
  static let keys: [String] = []

  public var moves: Bool { false }

  public init() {}

  public func value(at time: Elapsed, seed: Seed, state: ProcessState) -> Double { state.target }

  static func read(_ fields: FieldReader) -> Constant? { Constant() }
}
