import Yams

/// Gives plain scalars their type. The rules are the ones that Kubernetes users know (YAML 1.1 booleans, JSON
/// numbers); where YAML 1.1 and 1.2 read the same text differently, the text is refused rather than guessed.
enum YAMLScalar {
  static func content(of scalar: Yams.Node.Scalar) -> SourceNode.Content {
    let text = scalar.string
    if scalar.style != .plain && scalar.style != .any { return .scalar(.string(text), written: text) }
    if scalar.tag.rawValue == "tag:yaml.org,2002:str" { return .scalar(.string(text), written: text) }
    guard scalar.tag.rawValue.isEmpty else { return .unusable("YAML tags are not supported here") }
    return content(ofPlain: text)
  }

  static func content(ofPlain text: String) -> SourceNode.Content {
    switch text {
    case "", "~", "null", "Null", "NULL": return .null
    case "true", "True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON":
      return .scalar(.bool(true), written: text)
    case "false", "False", "FALSE", "no", "No", "NO", "off", "Off", "OFF":
      return .scalar(.bool(false), written: text)
    case ".nan", ".NaN", ".NAN", ".inf", ".Inf", ".INF", "+.inf", "-.inf", "-.Inf", "-.INF":
      return .unusable("\(text) is not a finite number")
    default: break
    }
    guard text.utf8.count <= 64, let shape = NumberShape(text) else {
      return .scalar(.string(text), written: text)
    }
    switch shape {
    case .integer(let digits, let radix): return integer(digits, radix: radix, written: text)
    case .leadingZero:
      return .unusable("\(text) is ambiguous (octal in YAML 1.1): drop the leading zeros, or quote it")
    case .real:
      guard let value = Double(text), value.isFinite else {
        return .unusable("\(text) is not a finite number")
      }
      return .scalar(.real(value), written: text)
    }
  }

  private static func integer(_ digits: String, radix: Int, written: String) -> SourceNode.Content {
    if let value = Int64(digits, radix: radix) { return .scalar(.integer(value), written: written) }
    if let value = UInt64(digits, radix: radix) { return .scalar(.unsigned(value), written: written) }
    return .unusable("\(written) is too large")
  }
}

/// What kind of number a plain scalar looks like; `nil`: none.
private enum NumberShape {
  case integer(digits: String, radix: Int)
  case leadingZero
  case real

  init?(_ text: String) {
    var rest = Substring(text)
    let isNegative = rest.hasPrefix("-")
    if isNegative || rest.hasPrefix("+") { rest = rest.dropFirst() }
    guard let first = rest.utf8.first else { return nil }
    let sign = isNegative ? "-" : ""
    if rest.hasPrefix("0x"), !rest.dropFirst(2).isEmpty, rest.dropFirst(2).allSatisfy(\.isASCIIHexDigit) {
      self = .integer(digits: sign + rest.dropFirst(2), radix: 16)
    } else if rest.hasPrefix("0o"), !rest.dropFirst(2).isEmpty,
      rest.dropFirst(2).allSatisfy(\.isASCIIOctalDigit)
    {
      self = .integer(digits: sign + rest.dropFirst(2), radix: 8)
    } else if rest.allSatisfy(\.isASCIIDigit) {
      self =
        rest.count > 1 && first == UInt8(ascii: "0") ? .leadingZero : .integer(digits: sign + rest, radix: 10)
    } else if Self.isReal(rest) {
      self = .real
    } else {
      return nil
    }
  }

  /// Digits with a fraction, an exponent or both.
  private static func isReal(_ text: Substring) -> Bool {
    let parts = text.split(separator: "e", maxSplits: 1, omittingEmptySubsequences: false)
    let mantissaParts = text.split(whereSeparator: { $0 == "e" || $0 == "E" })
    guard parts.count <= 2, mantissaParts.count <= 2, let mantissa = mantissaParts.first else { return false }
    if text.last == "e" || text.last == "E" || text.first == "e" || text.first == "E" { return false }
    let pieces = mantissa.split(separator: ".", omittingEmptySubsequences: false)
    guard pieces.count <= 2, pieces.contains(where: { !$0.isEmpty }) else { return false }
    guard pieces.allSatisfy({ $0.allSatisfy(\.isASCIIDigit) }) else { return false }
    guard mantissaParts.count == 2 else { return pieces.count == 2 }
    var exponent = mantissaParts[1]
    if exponent.hasPrefix("+") || exponent.hasPrefix("-") { exponent = exponent.dropFirst() }
    return !exponent.isEmpty && exponent.allSatisfy(\.isASCIIDigit)
  }
}

extension Character {
  var isASCIIDigit: Bool { isASCII(within: "0"..."9") }
  var isASCIIOctalDigit: Bool { isASCII(within: "0"..."7") }
  var isASCIIHexDigit: Bool {
    isASCIIDigit || isASCII(within: "a"..."f") || isASCII(within: "A"..."F")
  }

  /// A range of characters would do as dictionaries do: "e" with a joiner or an accent lies between "e" and "f".
  func isASCII(within range: ClosedRange<Unicode.Scalar>) -> Bool {
    guard let asciiValue else { return false }
    return range.contains(Unicode.Scalar(asciiValue))
  }
}
