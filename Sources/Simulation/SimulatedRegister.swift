import Control

/// What a register of a simulated PLC is, in the simulator's own words: the oracle must not trust the code
/// that it checks, so it decodes and compares by itself.
struct SimulatedRegister {
  enum Kind: CaseIterable {
    case word, signedTenths, long, longSwapped, float, floatSwapped, coil, bit, input
  }

  var kind: Kind
  var name: String
  var address: UInt16
  var minimum: Double
  var maximum: Double
  var maxStep: Double?
  var tolerance: Double
  var hasEnvelope: Bool

  var words: Int {
    switch kind {
    case .long, .longSwapped, .float, .floatSwapped: 2
    case .word, .signedTenths, .coil, .bit, .input: 1
    }
  }

  var isLogical: Bool { kind == .coil || kind == .bit }

  init(_ index: Int, _ random: inout SplitMix64) {
    kind = Kind.allCases[random.number(0...(Kind.allCases.count - 1))]
    name = "r\(index)"
    address = UInt16(10 + index * 6)
    minimum = Double(random.number(10...40))
    maximum = minimum + Double(random.number(20...60))
    hasEnvelope = random.chance(0.8)
    maxStep = random.chance(0.25) ? Double(random.number(2...20)) : nil
    tolerance = random.chance(0.3) ? 0.5 : 0
    if isLogical || kind == .input {
      maxStep = nil
      tolerance = 0
    }
  }

  /// The register in the manifest's words.
  func spec(desired: Double?, autoCorrect: Bool?) -> RegisterSpec {
    var spec = RegisterSpec(
      name: name, address: address, desired: desired.map { isLogical ? .bool($0 != 0) : .real($0) },
      tolerance: tolerance, maxStep: maxStep, autoCorrect: autoCorrect)
    switch kind {
    case .word: spec.type = .uint16
    case .signedTenths: (spec.type, spec.scale) = (.int16, 0.1)
    case .long: spec.type = .uint32
    case .longSwapped: (spec.type, spec.order) = (.uint32, .cdab)
    case .float: spec.type = .float32
    case .floatSwapped: (spec.type, spec.order) = (.float32, .dcba)
    case .coil: (spec.type, spec.table) = (.bool, .coil)
    case .bit: (spec.type, spec.bit) = (.bool, 5)
    case .input: (spec.type, spec.table) = (.uint16, .input)
    }
    spec.wordCount = words
    if hasEnvelope && !isLogical { (spec.minimum, spec.maximum) = (minimum, maximum) }
    if kind == .input { spec.desired = nil }
    return spec
  }

  /// The value in engineering units that words hold.
  func number(_ words: ArraySlice<UInt16>) -> Double {
    let first = words[words.startIndex]
    let second = words.count > 1 ? words[words.startIndex + 1] : 0
    switch kind {
    case .word, .input: return Double(first)
    case .signedTenths: return Double(Int16(bitPattern: first)) / 10
    case .long: return Double(UInt32(first) << 16 + UInt32(second))
    case .longSwapped: return Double(UInt32(second) << 16 + UInt32(first))
    case .float: return Double(Float(bitPattern: UInt32(first) << 16 + UInt32(second)))
    case .floatSwapped:
      return Double(Float(bitPattern: UInt32(second.byteSwapped) << 16 + UInt32(first.byteSwapped)))
    case .coil: return first == 0 ? 0 : 1
    case .bit: return first & 0x20 == 0 ? 0 : 1
    }
  }

  /// Words that hold a value, as the plant's own hands would set it.
  func words(_ value: Double, over old: ArraySlice<UInt16>) -> [UInt16] {
    let whole = UInt32(max(0, value))
    let bits = Float(value).bitPattern
    switch kind {
    case .word, .input: return [UInt16(truncatingIfNeeded: whole)]
    case .signedTenths: return [UInt16(bitPattern: Int16((value * 10).rounded()))]
    case .long: return [UInt16(whole >> 16), UInt16(truncatingIfNeeded: whole)]
    case .longSwapped: return [UInt16(truncatingIfNeeded: whole), UInt16(whole >> 16)]
    case .float: return [UInt16(bits >> 16), UInt16(truncatingIfNeeded: bits)]
    case .floatSwapped:
      return [UInt16(truncatingIfNeeded: bits).byteSwapped, UInt16(bits >> 16).byteSwapped]
    case .coil: return [value == 0 ? 0 : 1]
    case .bit:
      let word = old[old.startIndex]
      return [value == 0 ? word & ~0x20 : word | 0x20]
    }
  }

  func isInSync(_ words: ArraySlice<UInt16>, desired: Double) -> Bool {
    let actual = number(words)
    switch kind {
    case .word, .long, .longSwapped, .coil, .bit, .input:
      return abs(actual - desired) <= tolerance.rounded(.down)
    case .signedTenths: return abs(actual - desired) <= tolerance + 1e-6
    case .float, .floatSwapped:
      return Float(actual) == Float(desired) || (tolerance > 0 && abs(actual - desired) <= tolerance + 1e-5)
    }
  }

  /// So near to the end of the tolerance that two right decoders may differ on which side it is.
  func isOnTheEdge(_ words: ArraySlice<UInt16>, desired: Double) -> Bool {
    guard kind == .float || kind == .floatSwapped, tolerance > 0 else { return false }
    return abs(abs(number(words) - desired) - tolerance) < 2e-5
  }

  /// A desired value: inside the envelope, unless the validator has a hole.
  func drawDesired(_ random: inout SplitMix64, leaky: Bool) -> Double {
    if isLogical { return random.chance(0.5) ? 1 : 0 }
    var value = Double(random.number(Int(minimum)...Int(maximum)))
    if leaky, random.chance(0.2) { value = maximum + Double(random.number(1...50)) }
    let fraction = Double(random.number(0...9)) / 10
    let isFractional = kind == .signedTenths || kind == .float || kind == .floatSwapped
    return isFractional && value + fraction <= maximum ? value + fraction : value
  }
}
