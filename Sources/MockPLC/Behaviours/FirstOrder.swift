import Foundation

/// A process that follows a setpoint as a first-order lag: an oven that warms up, a motor that speeds up.
/// After one time constant it has covered 63 % of the way to `gain` × setpoint + `bias`.
///
/// Exact at any time from the last change of the setpoint, so nothing has to be computed in between.
public struct FirstOrder: DeclaredBehaviour, Hashable {
  /// The name of the register that holds the setpoint, in the same unit image.
  public var setpoint: String
  public var timeConstant: Elapsed
  public var gain: Double
  public var bias: Double
  /// The value at power-up; `nil`: settled at the setpoint.
  public var initial: Double?

  public init(
    follows setpoint: String, timeConstant: Elapsed, gain: Double = 1, bias: Double = 0,
    initial: Double? = nil
  ) {
    self.setpoint = setpoint
    self.timeConstant = timeConstant
    self.gain = gain
    self.bias = bias
    self.initial = initial
  }

  public var follows: String? { setpoint }

  public func value(at time: Elapsed, seed: Seed, state: ProcessState) -> Double {
    let end = gain * state.target + bias
    let start = state.value ?? initial ?? end
    guard timeConstant > .zero else { return end }
    let elapsed = max(0, (time - state.since).seconds)
    return end + (start - end) * exp(-elapsed / timeConstant.seconds)
  }

  static let kind = "first-order"
  static let keys = ["follows", "timeConstant", "gain", "bias", "initial"]

  static func read(_ fields: FieldReader) -> FirstOrder? {
    let follows = fields.required("follows", fields.text("follows"))
    let timeConstant = fields.required("timeConstant", fields.span("timeConstant", atLeast: .milliseconds(1)))
    let gain = fields.number("gain", default: 1)
    let bias = fields.number("bias", default: 0)
    let initial = fields.has("initial") ? fields.number("initial") : nil
    guard let follows, let timeConstant, let gain, let bias else { return nil }
    return FirstOrder(follows: follows, timeConstant: timeConstant, gain: gain, bias: bias, initial: initial)
  }
}
