/// The next write toward a desired value: the value itself, or one step of a ramp (gate 7).
struct WriteStep {
  var before: RegisterValue
  var value: RegisterValue
  var words: [UInt16]

  /// What to write when `current` was read. Refuses what leaves the envelope or steps further than `maxStep`.
  ///
  /// Where the actual value is outside the envelope and farther from it than one step, no write obeys both
  /// limits: that is refused, and a person must bring the value back.
  static func next(from current: [UInt16], of spec: RegisterSpec) -> Result<WriteStep, Refusal> {
    guard spec.table.isWritable, let desired = spec.desired,
      let before = RegisterCodec.decode(current, as: spec)
    else { return .failure(.notWritable) }
    let words: [UInt16]
    do throws(EncodeFailure) {
      words = try RegisterCodec.encode(desired, as: spec, over: current)
    } catch {
      if case .outOfRange(let low, let high) = error, let value = desired.number {
        return .failure(.outsideEnvelope(value: value, minimum: low, maximum: high))
      }
      return .failure(.notWritable)
    }
    guard let value = RegisterCodec.decode(words, as: spec) else { return .failure(.notWritable) }
    let whole = WriteStep(before: before, value: value, words: words)
    guard spec.hasNumericValue else { return .success(whole) }
    for number in [desired.number, value.number] where !spec.envelopeHolds(number) {
      return .failure(
        .outsideEnvelope(value: number ?? .nan, minimum: spec.minimum, maximum: spec.maximum))
    }
    guard let limit = spec.maxStep else { return .success(whole) }
    return whole.limited(to: limit, from: current, of: spec)
  }

  private func limited(
    to maxStep: Double, from current: [UInt16], of spec: RegisterSpec
  ) -> Result<WriteStep, Refusal> {
    if value == before { return .success(self) }
    guard let from = before.number, from.isFinite, let to = value.number, maxStep > 0 else {
      return .failure(.stepTooLarge(step: .infinity, maxStep: maxStep))
    }
    guard
      let stepped = spec.isInteger
        ? integerStep(maxStep, current, spec) : floatStep(maxStep, from: from, to: to, spec)
    else {
      // Not even the smallest change that the register can hold fits.
      return .failure(.stepTooLarge(step: abs(to - from), maxStep: maxStep))
    }
    guard let words = try? RegisterCodec.encode(stepped, as: spec, over: current),
      let reached = RegisterCodec.decode(words, as: spec), reached != before, let number = reached.number
    else { return .failure(.stepTooLarge(step: abs(to - from), maxStep: maxStep)) }
    guard spec.envelopeHolds(number) else {
      return .failure(.stepTooLarge(step: spec.distanceToEnvelope(from: from), maxStep: maxStep))
    }
    return .success(WriteStep(before: before, value: reached, words: words))
  }

  /// In raw units, so that a step is never rounded beyond the limit.
  private func integerStep(_ maxStep: Double, _ current: [UInt16], _ spec: RegisterSpec) -> RegisterValue? {
    let from = RawInteger(words: current, spec: spec)
    let to = RawInteger(words: words, spec: spec)
    let rawLimit = (maxStep / abs(spec.scaling.scale) * (1 + 1e-12)).rounded(.down)
    let limit = rawLimit >= 0x1p63 ? UInt64.max : UInt64(max(0, rawLimit))
    if from.distance(to: to) <= limit { return value }
    guard limit > 0, let next = from.moved(by: limit, up: from.number < to.number) else { return nil }
    return RegisterCodec.integerValue(next, spec: spec)
  }

  private func floatStep(
    _ maxStep: Double, from: Double, to: Double, _ spec: RegisterSpec
  ) -> RegisterValue? {
    if abs(to - from) <= maxStep { return value }
    var target = to > from ? from + maxStep : from - maxStep
    // The register may round the target away from where we are; then a little less.
    for attempt in 0..<8 {
      guard let words = try? RegisterCodec.encode(.real(target), as: spec),
        let held = RegisterCodec.decode(words, as: spec)?.number
      else { return nil }
      if abs(held - from) <= maxStep { return .real(held) }
      let unit = (spec.type == .float32 ? Double(Float(held).ulp) : held.ulp) * Double(1 << attempt)
      target += to > from ? -unit : unit
    }
    return nil
  }
}

extension RawInteger {
  /// The raw integer that a register's words hold.
  init(words: [UInt16], spec: RegisterSpec) {
    let count = min(spec.layoutWords, words.count)
    let bits = count == 0 ? 0 : RegisterCodec.assemble(words, at: 0, count: count, order: spec.order)
    self.init(bits: bits, type: spec.type)
  }
}

extension Refusal: Error {}

extension RegisterSpec {
  /// Has an envelope and steps: not text, not true or false.
  var hasNumericValue: Bool { !table.isBits && type != .bool && type != .string }

  /// Whether a value lies within minimum and maximum. A hair beyond is within: 0.1 has no exact double.
  func envelopeHolds(_ number: Double?) -> Bool {
    guard let number, number.isFinite else { return minimum == nil && maximum == nil && number != nil }
    if let minimum, !(number >= minimum - abs(minimum) * 1e-12) { return false }
    if let maximum, !(number <= maximum + abs(maximum) * 1e-12) { return false }
    return true
  }

  func distanceToEnvelope(from number: Double) -> Double {
    if let minimum, number < minimum { return minimum - number }
    if let maximum, number > maximum { return number - maximum }
    return 0
  }
}
