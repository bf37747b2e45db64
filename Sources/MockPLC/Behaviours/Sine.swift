import Foundation

/// Swings around a mean: daily load, a controller that hunts.
public struct Sine: DeclaredBehaviour, Hashable {
  public var mean: Double
  public var amplitude: Double
  public var period: Elapsed
  /// Where in the swing time zero lies, 0...1 of a period.
  public var phase: Double

  public init(mean: Double, amplitude: Double, period: Elapsed, phase: Double = 0) {
    self.mean = mean
    self.amplitude = amplitude
    self.period = period
    self.phase = phase
  }

  public func value(at time: Elapsed, seed: Seed, state: ProcessState) -> Double {
    guard period > .zero else { return mean }
    return mean + amplitude * sin(2 * Double.pi * (time.seconds / period.seconds + phase))
  }

  static let kind = "sine"
  static let keys = ["mean", "amplitude", "period", "phase"]

  static func read(_ fields: FieldReader) -> Sine? {
    let mean = fields.required("mean", fields.number("mean"))
    let amplitude = fields.required("amplitude", fields.number("amplitude"))
    let period = fields.required("period", fields.span("period", atLeast: .milliseconds(1)))
    let phase = fields.number("phase", in: 0...1, default: 0)
    guard let mean, let amplitude, let period, let phase else { return nil }
    return Sine(mean: mean, amplitude: amplitude, period: period, phase: phase)
  }
}
