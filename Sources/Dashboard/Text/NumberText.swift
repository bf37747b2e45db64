import Control

/// How the values of one register are written: with the decimals its scale and desired value need.
struct ValueFormat: Hashable, Sendable {
  /// Digits after the point, 0...6.
  var decimals: Int

  init(decimals: Int) { self.decimals = min(max(decimals, 0), 6) }

  init(_ spec: RegisterSpec) {
    let isFloat = spec.type == .float32 || spec.type == .float64
    var places = max(Self.places(of: spec.scale), Self.places(of: spec.offset))
    if isFloat {
      let stated = [spec.desired?.number, spec.tolerance, spec.minimum, spec.maximum, spec.maxStep]
      places = stated.compactMap { $0 }.map { Self.places(of: $0) }.max() ?? 0
      places = min(max(places, spec.scale == 1 ? 2 : 1), 4)
    }
    decimals = min(places, 6)
  }

  func text(_ value: RegisterValue) -> String {
    switch value {
    case .integer(let number): decimals == 0 ? String(number) : Self.fixed(Double(number), decimals)
    case .unsigned(let number): String(number)
    case .real(let number): Self.fixed(number, decimals)
    case .bool(let flag): flag ? "true" : "false"
    case .text(let text): "\"\(text)\""
    }
  }

  func text(_ number: Double) -> String { Self.fixed(number, decimals) }

  /// A difference with its sign; `0` with no sign when it rounds to nothing; `nil` where there is none in numbers.
  func delta(from desired: RegisterValue, to actual: RegisterValue) -> String? {
    if case .integer(let a) = actual, case .integer(let d) = desired {
      let (difference, overflow) = a.subtractingReportingOverflow(d)
      if !overflow, decimals == 0 { return difference > 0 ? "+\(difference)" : "\(difference)" }
    }
    switch (desired, actual) {
    case (.bool, _), (_, .bool), (.text, _), (_, .text): return nil
    default: break
    }
    guard let a = actual.number, let d = desired.number else { return nil }
    guard (a - d).isFinite else { return nil }
    let text = Self.fixed(a - d, decimals)
    let isZero = !text.utf8.contains { $0 >= UInt8(ascii: "1") && $0 <= UInt8(ascii: "9") }
    if isZero { return Self.fixed(0, decimals) }
    return a > d ? "+" + text : text
  }

  /// Digits after the point that write `number` exactly, up to 6.
  static func places(of number: Double) -> Int {
    guard number.isFinite else { return 0 }
    var scaled = number.magnitude
    for places in 0...6 {
      let nearest = scaled.rounded()
      if (scaled - nearest).magnitude <= 1e-9 * max(1, scaled) { return places }
      scaled *= 10
    }
    return 6
  }

  /// Fixed-point text, halves away from zero; huge numbers in exponent form; no Foundation.
  static func fixed(_ number: Double, _ decimals: Int) -> String {
    if number.isNaN { return "NaN" }
    if number.isInfinite { return number < 0 ? "-inf" : "inf" }
    var factor = 1.0
    for _ in 0..<decimals { factor *= 10 }
    let scaled = (number.magnitude * factor).rounded()
    guard scaled < 9e15 else { return number.description }
    var digits = String(Int64(scaled))
    if digits.utf8.count <= decimals {
      digits = String(repeating: "0", count: decimals + 1 - digits.utf8.count) + digits
    }
    let sign = number < 0 && scaled > 0 ? "-" : ""
    guard decimals > 0 else { return sign + digits }
    return sign + digits.dropLast(decimals) + "." + digits.suffix(decimals)
  }

  /// `1234567` as `1,234,567`.
  static func grouped(_ number: Int) -> String {
    let digits = Array(String(number.magnitude))
    var text = number < 0 ? "-" : ""
    for (index, digit) in digits.enumerated() {
      if index > 0, (digits.count - index) % 3 == 0 { text.append(",") }
      text.append(digit)
    }
    return text
  }
}
