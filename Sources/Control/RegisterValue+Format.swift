extension RegisterValue {
  /// The value as people write it: as many decimals as the register's scale resolves, or for a float one more
  /// than its tolerance does; no exponent below 10¹⁸, no unit.
  public func formatted(_ spec: RegisterSpec) -> String {
    switch self {
    case .integer(let value): return String(value)
    case .unsigned(let value): return String(value)
    case .bool(let value): return value ? "true" : "false"
    case .text(let value): return value
    case .real(let value):
      if spec.isInteger {
        let decimals = max(decimalPlaces(of: spec.scale), decimalPlaces(of: spec.offset))
        return fixedDecimal(value, decimals: decimals)
      }
      // Digits far below the deadband say nothing: one more than it resolves.
      if spec.tolerance > 0, spec.tolerance.isFinite {
        return fixedDecimal(value, decimals: min(9, decimalPlaces(of: spec.tolerance) + 1))
      }
      if spec.type == .float32, spec.scaling.isIdentity { return plainDecimal(Float(value).description) }
      return significantDecimal(value, digits: spec.type == .float32 ? 7 : 12)
    }
  }

  /// As `formatted(_:)`, with the unit behind it when there is one.
  public func formattedWithUnit(_ spec: RegisterSpec) -> String {
    spec.unit.isEmpty ? formatted(spec) : formatted(spec) + " " + spec.unit
  }
}

private let powersOfTen: [Double] = [1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12]

/// Decimals that a step such as 0.1 or 0.025 needs, at most 9.
func decimalPlaces(of step: Double) -> Int {
  guard step.isFinite else { return 0 }
  for places in 0..<9 {
    let scaled = abs(step) * powersOfTen[places]
    if scaled > 0x1p53 || abs(scaled - scaled.rounded()) <= scaled * 1e-9 { return places }
  }
  return 9
}

/// A number with a fixed count of decimals (0...9).
func fixedDecimal(_ value: Double, decimals: Int) -> String {
  guard value.isFinite else { return plainDecimal(value) }
  let places = min(max(decimals, 0), 9)
  guard let scaled = UInt64(exactly: (abs(value) * powersOfTen[places]).rounded()), scaled < 1 << 62 else {
    return plainDecimal(value)
  }
  var digits = String(scaled)
  if digits.utf8.count <= places {
    digits = String(repeating: "0", count: places + 1 - digits.utf8.count) + digits
  }
  let sign = value < 0 && scaled != 0 ? "-" : ""
  guard places > 0 else { return sign + digits }
  return sign + digits.dropLast(places) + "." + digits.suffix(places)
}

/// A number with at most so many significant digits, trailing zeros dropped.
func significantDecimal(_ value: Double, digits: Int) -> String {
  let magnitude = abs(value)
  guard value.isFinite, magnitude < 1e15, magnitude >= 1e-5 || magnitude == 0 else {
    return plainDecimal(value)
  }
  var whole = 0
  while whole < 15, magnitude >= powersOfTen[min(whole, 12)] * (whole > 12 ? powersOfTen[whole - 12] : 1) {
    whole += 1
  }
  var text = fixedDecimal(value, decimals: min(max(digits - whole, 0), 9))
  if text.utf8.contains(UInt8(ascii: ".")) {
    while text.last == "0" { text.removeLast() }
    if text.last == "." { text.removeLast() }
  }
  return text
}

/// The shortest digits that name a number, without an exponent from 10⁻⁵ to 10¹⁸ and without a trailing `.0`.
func plainDecimal(_ value: Double) -> String { plainDecimal(value.description) }

/// The same for the standard library's shortest description of a floating-point number.
func plainDecimal(_ description: String) -> String {
  if description == "nan" { return "NaN" }
  if description.hasSuffix("inf") { return description.hasPrefix("-") ? "-∞" : "∞" }
  guard let e = description.firstIndex(where: { $0 == "e" || $0 == "E" }) else {
    return description.hasSuffix(".0") ? withoutSign(zero: String(description.dropLast(2))) : description
  }
  guard let exponent = Int(description[description.index(after: e)...]), exponent >= -9, exponent <= 18 else {
    return description
  }
  var mantissa = description[..<e]
  let sign = mantissa.hasPrefix("-") ? "-" : ""
  if !sign.isEmpty { mantissa = mantissa.dropFirst() }
  let parts = mantissa.split(separator: ".", maxSplits: 1)
  let whole = parts.first.map(String.init) ?? "0"
  var fraction = parts.count > 1 ? String(parts[1]) : ""
  if fraction == "0" { fraction = "" }
  if exponent < 0 {
    return sign + "0." + String(repeating: "0", count: -exponent - 1) + whole + fraction
  }
  let padded = fraction + String(repeating: "0", count: max(0, exponent - fraction.utf8.count))
  let rest = padded.dropFirst(exponent)
  return sign + whole + padded.prefix(exponent) + (rest.isEmpty ? "" : "." + rest)
}

private func withoutSign(zero text: String) -> String { text == "-0" ? "0" : text }
