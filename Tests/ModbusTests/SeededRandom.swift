import Testing

/// SplitMix64: a small generator whose seed a failing test can print.
struct SeededRandom: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}

/// Runs `body` with fresh random seeds and a few fixed ones; a failure's message begins with the seed.
func withSeeds(_ count: Int, always: [UInt64] = [], _ body: (inout SeededRandom, Comment) throws -> Void)
  rethrows
{
  var system = SystemRandomNumberGenerator()
  for seed in always + (0..<count).map({ _ in system.next() }) {
    var random = SeededRandom(seed: seed)
    try body(&random, "seed \(seed)")
  }
}

extension SeededRandom {
  mutating func word() -> UInt16 { UInt16.random(in: .min ... .max, using: &self) }
  mutating func byte() -> UInt8 { UInt8.random(in: .min ... .max, using: &self) }
  mutating func int(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &self) }
  mutating func bool() -> Bool { Bool.random(using: &self) }

  mutating func bytes(_ count: Int) -> [UInt8] { (0..<count).map { _ in byte() } }
}
