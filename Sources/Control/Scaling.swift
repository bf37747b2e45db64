/// Engineering value = raw × scale + offset, and back.
///
/// A scale such as 0.1 has no exact double; dividing by its exact reciprocal 10 gives 723 → 72.3, the same
/// double that the manifest's `72.3` is, where multiplying would give 72.30000000000001.
struct Scaling {
  let scale: Double
  let offset: Double
  /// 1 / scale, when that is a whole number.
  private let divisor: Double?

  init(scale: Double, offset: Double) {
    let usable = scale.isFinite && scale != 0
    self.scale = usable ? scale : 1
    self.offset = offset.isFinite ? offset : 0
    let inverse = (1 / self.scale).rounded()
    divisor = abs(inverse) > 1 && abs(inverse) < 0x1p53 && inverse * self.scale == 1 ? inverse : nil
  }

  var isIdentity: Bool { scale == 1 && offset == 0 }

  func engineering(_ raw: Double) -> Double {
    if isIdentity { return raw }
    return (divisor.map { raw / $0 } ?? raw * scale) + offset
  }

  /// Not rounded.
  func raw(_ engineering: Double) -> Double {
    if isIdentity { return engineering }
    let shifted = engineering - offset
    return divisor.map { shifted * $0 } ?? shifted / scale
  }

  func range(_ raw: ClosedRange<Double>) -> ClosedRange<Double> {
    let a = engineering(raw.lowerBound)
    let b = engineering(raw.upperBound)
    return min(a, b)...max(a, b)
  }
}

extension RegisterSpec {
  var scaling: Scaling { Scaling(scale: scale, offset: offset) }

  /// A whole number of raw units, possibly scaled.
  var isInteger: Bool {
    switch type {
    case .uint16, .int16, .uint32, .int32, .uint64, .int64: !table.isBits
    case .float32, .float64, .bool, .string: false
    }
  }
}
