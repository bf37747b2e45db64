/// A source of random numbers without state: draw `n` of a seed is always the same number.
///
/// Chaos is a function of (seed, time) and each fault a function of (seed, count of requests), so nothing
/// that one PLC, unit or fault does can shift what another one draws.
public struct Seed: Hashable, Sendable {
  public let value: UInt64

  public init(_ value: UInt64) {
    self.value = value
  }

  /// A seed for a part (a PLC of a fleet, a unit of a PLC), unrelated to its siblings'.
  public func derived(_ part: UInt64) -> Seed {
    Seed(Self.mixed(value ^ Self.mixed(part &+ 0x9E37_79B9_7F4A_7C15)))
  }

  /// A seed for a named part.
  public func derived(_ part: String) -> Seed {
    // FNV-1a, because `Hasher` differs from run to run.
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    for byte in part.utf8 {
      hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3
    }
    return derived(hash)
  }

  /// Draw `n`: 64 bits.
  public func bits(_ n: UInt64) -> UInt64 {
    Self.mixed(value &+ n &* 0x9E37_79B9_7F4A_7C15)
  }

  /// Draw `n` in `0 ..< 1`.
  public func fraction(_ n: UInt64) -> Double {
    Double(bits(n) >> 11) * 0x1p-53
  }

  /// Draw `n`, about normally distributed with mean 0 and deviation 1, never beyond ±3.47 (a sum of four
  /// uniform draws: smooth enough for a process value, and without logarithms).
  public func normal(_ n: UInt64) -> Double {
    let bits = bits(n)
    let sum = (0..<4).reduce(0.0) { $0 + Double((bits >> UInt64($1 * 16)) & 0xFFFF) / 65_536 }
    return (sum - 2) * 1.732_050_807_568_877_2
  }

  /// SplitMix64's finaliser.
  private static func mixed(_ input: UInt64) -> UInt64 {
    var z = input
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}
