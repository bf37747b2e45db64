/// One register that turns by itself. The times and sizes of its turns are a function of the seed alone: no
/// request can shift them.
struct ChaosTurn {
  /// Index into the unit's registers.
  let register: Int
  let plan: ChaosPlan
  let seed: Seed
  /// How much earlier than a whole interval the first turn comes: spreads a fleet over the interval.
  let lead: Elapsed
  /// What the register was last set to by anybody but chaos.
  var baseline: MockValue

  /// When turn `count` (1, 2, ...) happens.
  func time(of count: Int64) -> Elapsed { plan.interval.times(count) - lead }

  /// What turn `count` turns the register to.
  func value(of count: Int64, format: ValueFormat, isBit: Bool) -> MockValue {
    if isBit || format.kind == .bool { return .bool((baseline.number ?? 0) == 0) }
    let base = baseline.number ?? 0
    let draw = UInt64(bitPattern: count) &* 2
    let size: Double
    if let step = format.step {
      let most = (plan.maxDrift / step + 1e-9).rounded(.down)
      guard most >= 1 else { return baseline }
      // Not less than a tenth, or a turn could hide in the tolerance.
      let least = max(1, (most * 0.1).rounded(.up))
      size = step * (least + (seed.fraction(draw) * min(most - least + 1, 1e15)).rounded(.down))
    } else {
      size = plan.maxDrift * (0.1 + 0.9 * seed.fraction(draw))
    }
    let up = seed.bits(draw &+ 1) & 1 == 0
    let limits = format.limits ?? 0...0
    // At the end of the range it can only turn the other way.
    for value in up ? [base + size, base - size] : [base - size, base + size] where limits.contains(value) {
      return .real(value)
    }
    return .real(min(max(base + size, limits.lowerBound), limits.upperBound))
  }
}
