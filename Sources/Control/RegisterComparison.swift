extension RegisterCodec {
  /// Whether an actual value counts as the wanted one: |actual − wanted| ≤ tolerance in engineering units.
  ///
  /// Whole-number registers compare raw, so a wanted 72.5 at scale 0.1 is exactly the raw 725. A float
  /// compares with what the register can hold of the wanted value. NaN matches nothing.
  public static func matches(
    _ actual: RegisterValue, _ wanted: RegisterValue, tolerance: Double, as spec: RegisterSpec
  ) -> Bool {
    if case .text(let a) = actual {
      guard case .text(let b) = wanted else { return false }
      return trimmed(a) == trimmed(b)
    }
    if spec.table.isBits || spec.type == .bool {
      guard let a = try? truth(of: actual), let b = try? truth(of: wanted) else { return false }
      return a == b
    }
    let deadband = tolerance.isFinite && tolerance > 0 ? tolerance : 0
    if spec.isInteger { return matchesInteger(actual, wanted, deadband, spec) }
    guard let a = actual.number, let b = wanted.number, a.isFinite, b.isFinite else { return false }
    if a == b || holdable(b, spec) == a { return true }
    guard deadband > 0 else { return false }
    // A float32 that shows 72.0 may be half a unit in the last place off; the deadband must not decide on
    // that.
    let slack = spec.type == .float32 ? Double(Float(max(abs(a), abs(b))).ulp) : max(a.ulp, b.ulp) * 4
    return abs(a - b) <= deadband + slack
  }

  /// Whether `words[offset...]` hold the register's desired value; `nil` when none is desired.
  public static func isInSync(_ words: [UInt16], at offset: Int = 0, as spec: RegisterSpec) -> Bool? {
    guard let desired = spec.desired else { return nil }
    guard let actual = decode(words, at: offset, as: spec) else { return false }
    return matches(actual, desired, tolerance: spec.tolerance, as: spec)
  }

  private static func matchesInteger(
    _ actual: RegisterValue, _ wanted: RegisterValue, _ deadband: Double, _ spec: RegisterSpec
  ) -> Bool {
    let a = try? rawInteger(of: actual, as: spec)
    let b = try? rawInteger(of: wanted, as: spec)
    if let a, let b {
      if a == b { return true }
      if spec.scaling.isIdentity, deadband < 0x1p63 {
        return a.distance(to: b) <= UInt64(deadband)
      }
    }
    guard deadband > 0, let x = actual.number, let y = wanted.number, x.isFinite, y.isFinite else {
      return false
    }
    return abs(x - y) <= deadband + abs(spec.scaling.scale) * 1e-6
  }

  /// The nearest value that the register can hold.
  private static func holdable(_ value: Double, _ spec: RegisterSpec) -> Double {
    let raw = spec.scaling.raw(value)
    return spec.scaling.engineering(spec.type == .float32 ? Double(Float(raw)) : raw)
  }

  private static func trimmed(_ text: String) -> Substring {
    var rest = Substring(text)
    while rest.last == " " { rest.removeLast() }
    return rest
  }
}
