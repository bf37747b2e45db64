/// Random around a mean, a new value every `every`: vibration, a cheap sensor.
public struct Noise: DeclaredBehaviour, Hashable {
  public var mean: Double
  /// Standard deviation; no value is further from the mean than 3.47 times this.
  public var deviation: Double
  public var every: Elapsed

  public init(mean: Double, deviation: Double, every: Elapsed = .seconds(1)) {
    self.mean = mean
    self.deviation = deviation
    self.every = every
  }

  public func value(at time: Elapsed, seed: Seed, state: ProcessState) -> Double {
    mean + deviation * seed.normal(Self.step(of: time, every: every))
  }

  static func step(of time: Elapsed, every: Elapsed) -> UInt64 {
    UInt64(max(0, time.nanoseconds) / max(1, every.nanoseconds))
  }

  static let kind = "noise"
  static let keys = ["mean", "deviation", "every"]

  static func read(_ fields: FieldReader) -> Noise? {
    let mean = fields.required("mean", fields.number("mean"))
    let deviation = fields.required("deviation", fields.number("deviation", in: 0...1e12))
    let every = fields.span("every", atLeast: .milliseconds(1), default: .seconds(1))
    guard let mean, let deviation, let every else { return nil }
    return Noise(mean: mean, deviation: deviation, every: every)
  }
}

/// Measurement noise upon another behaviour.
public struct Noisy<Base: Behaviour>: Behaviour {
  public var base: Base
  /// Standard deviation, engineering units.
  public var deviation: Double
  public var every: Elapsed

  public var moves: Bool { base.moves || deviation > 0 }
  public var follows: String? { base.follows }

  public func value(at time: Elapsed, seed: Seed, state: ProcessState) -> Double {
    let draw = seed.derived("measurement").normal(Noise.step(of: time, every: every))
    return base.value(at: time, seed: seed, state: state) + deviation * draw
  }

  public func trueValue(at time: Elapsed, seed: Seed, state: ProcessState) -> Double {
    base.trueValue(at: time, seed: seed, state: state)
  }
}

extension Behaviour {
  /// This, measured with noise of the given standard deviation, a new error every `every`.
  public func noisy(_ deviation: Double, every: Elapsed = .seconds(1)) -> Noisy<Self> {
    Noisy(base: self, deviation: deviation, every: every)
  }
}
