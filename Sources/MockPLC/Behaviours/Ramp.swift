/// Goes from one value to another in straight lines: a counter, a tank filling and emptying.
public struct Ramp: DeclaredBehaviour, Hashable {
  /// What happens at the end of a ramp.
  public enum Shape: String, Sendable, CaseIterable {
    /// Jumps back to the start.
    case sawtooth
    /// Turns around; one period is there and back.
    case triangle
    /// Stays at the end.
    case once
  }

  public var from: Double
  public var to: Double
  public var period: Elapsed
  public var shape: Shape

  public init(from: Double, to: Double, period: Elapsed, shape: Shape = .sawtooth) {
    self.from = from
    self.to = to
    self.period = period
    self.shape = shape
  }

  public func value(at time: Elapsed, seed: Seed, state: ProcessState) -> Double {
    guard period > .zero else { return to }
    let turns = max(0, time.seconds) / period.seconds
    let phase = turns - turns.rounded(.down)
    let share: Double =
      switch shape {
      case .sawtooth: phase
      case .triangle: phase < 0.5 ? phase * 2 : 2 - phase * 2
      case .once: min(turns, 1)
      }
    return from + (to - from) * share
  }

  static let kind = "ramp"
  static let keys = ["from", "to", "period", "shape"]

  static func read(_ fields: FieldReader) -> Ramp? {
    let from = fields.number("from", default: 0)
    let to = fields.required("to", fields.number("to"))
    let period = fields.required("period", fields.span("period", atLeast: .milliseconds(1)))
    let shape = fields.choice("shape", of: Shape.self, default: .sawtooth)
    guard let from, let to, let period, let shape else { return nil }
    return Ramp(from: from, to: to, period: period, shape: shape)
  }
}
