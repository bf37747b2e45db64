/// What is wrong with a JSON text, and at which byte.
public struct JSONSyntaxError: Error, Hashable, Sendable, CustomStringConvertible {
  public var message: String
  /// Byte offset in the text, from 0.
  public var offset: Int

  public var description: String { "invalid JSON at byte \(offset): \(message)" }
}

extension JSONValue {
  /// How much a text may make the parser build. The sizes of parsed values are a multiple of the text's,
  /// so limiting bytes alone would not bound memory.
  public struct Limits: Hashable, Sendable {
    /// Nesting of arrays and objects.
    public var depth: Int
    /// Values in the whole text, containers included.
    public var values: Int

    public init(depth: Int = 128, values: Int = 2_000_000) {
      self.depth = depth
      self.values = values
    }
  }

  /// Parses one JSON text (RFC 8259), which must fill `bytes` but for white space.
  public init(parsing bytes: [UInt8], limits: Limits = Limits()) throws(JSONSyntaxError) {
    var parser = JSONParser(bytes: bytes, limits: limits)
    self = try parser.document()
  }

  /// Parses one JSON text.
  public init(parsing text: String, limits: Limits = Limits()) throws(JSONSyntaxError) {
    try self.init(parsing: Array(text.utf8), limits: limits)
  }
}

/// A recursive-descent parser whose recursion is bounded by `limits.depth`.
struct JSONParser {
  private let bytes: [UInt8]
  private let limits: JSONValue.Limits
  private var index = 0
  private var values = 0

  init(bytes: [UInt8], limits: JSONValue.Limits) {
    self.bytes = bytes
    self.limits = limits
  }

  mutating func document() throws(JSONSyntaxError) -> JSONValue {
    let value = try value(depth: 0)
    skipSpace()
    guard index == bytes.count else { throw error("text after the end of the value") }
    return value
  }

  private mutating func value(depth: Int) throws(JSONSyntaxError) -> JSONValue {
    values &+= 1
    guard values <= limits.values else { throw error("more than \(limits.values) values") }
    skipSpace()
    guard let first = peek else { throw error("the text ends where a value should be") }
    switch first {
    case UInt8(ascii: "{"):
      guard depth < limits.depth else { throw error("nested deeper than \(limits.depth)") }
      return try object(depth: depth &+ 1)
    case UInt8(ascii: "["):
      guard depth < limits.depth else { throw error("nested deeper than \(limits.depth)") }
      return try array(depth: depth &+ 1)
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "t"): return try literal("true", .bool(true))
    case UInt8(ascii: "f"): return try literal("false", .bool(false))
    case UInt8(ascii: "n"): return try literal("null", .null)
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try number()
    default: throw error("a value cannot begin here")
    }
  }

  private mutating func object(depth: Int) throws(JSONSyntaxError) -> JSONValue {
    index &+= 1
    var members: [String: JSONValue] = [:]
    skipSpace()
    if take(UInt8(ascii: "}")) { return .object(members) }
    while true {
      skipSpace()
      guard peek == UInt8(ascii: "\"") else { throw error("expected a member name") }
      let name = try string()
      skipSpace()
      guard take(UInt8(ascii: ":")) else { throw error("expected ':'") }
      members[name] = try value(depth: depth)
      skipSpace()
      if take(UInt8(ascii: "}")) { return .object(members) }
      guard take(UInt8(ascii: ",")) else { throw error("expected ',' or '}'") }
    }
  }

  private mutating func array(depth: Int) throws(JSONSyntaxError) -> JSONValue {
    index &+= 1
    var elements: [JSONValue] = []
    skipSpace()
    if take(UInt8(ascii: "]")) { return .array(elements) }
    while true {
      elements.append(try value(depth: depth))
      skipSpace()
      if take(UInt8(ascii: "]")) { return .array(elements) }
      guard take(UInt8(ascii: ",")) else { throw error("expected ',' or ']'") }
    }
  }

  private mutating func literal(
    _ word: StaticString, _ value: JSONValue
  ) throws(JSONSyntaxError) -> JSONValue {
    let end = index &+ word.utf8CodeUnitCount
    guard end <= bytes.count, bytes[index..<end].elementsEqual(word.description.utf8) else {
      throw error("expected \(word)")
    }
    index = end
    return value
  }

  // MARK: Numbers

  private mutating func number() throws(JSONSyntaxError) -> JSONValue {
    let start = index
    _ = take(UInt8(ascii: "-"))
    if take(UInt8(ascii: "0")) {
      if isDigit(peek) { throw error("a number cannot begin with 0") }
    } else {
      try digits()
    }
    var isWhole = true
    if take(UInt8(ascii: ".")) {
      isWhole = false
      try digits()
    }
    if peek == UInt8(ascii: "e") || peek == UInt8(ascii: "E") {
      isWhole = false
      index &+= 1
      if peek == UInt8(ascii: "+") || peek == UInt8(ascii: "-") { index &+= 1 }
      try digits()
    }
    // Eighteen digits fit whatever they are; a stream of readings is mostly such numbers.
    if isWhole, index &- start <= 18 {
      let isNegative = bytes[start] == UInt8(ascii: "-")
      var value: Int64 = 0
      for byte in bytes[(isNegative ? start &+ 1 : start)..<index] {
        value = value &* 10 &+ Int64(byte &- UInt8(ascii: "0"))
      }
      return .integer(isNegative ? 0 &- value : value)
    }
    let text = String(decoding: bytes[start..<index], as: UTF8.self)
    if isWhole, let value = Int64(text) { return .integer(value) }
    guard let value = Double(text), value.isFinite else { throw error("number out of range") }
    return .number(value)
  }

  private mutating func digits() throws(JSONSyntaxError) {
    guard isDigit(peek) else { throw error("expected a digit") }
    while isDigit(peek) { index &+= 1 }
  }

  // MARK: Strings

  private mutating func string() throws(JSONSyntaxError) -> String {
    index &+= 1
    let start = index
    while let byte = peek, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\"), byte >= 0x20 {
      index &+= 1
    }
    if peek == UInt8(ascii: "\"") {
      let text = try utf8(bytes[start..<index])
      index &+= 1
      return text
    }
    return try escapedString(prefix: bytes[start..<index])
  }

  private mutating func escapedString(prefix: ArraySlice<UInt8>) throws(JSONSyntaxError) -> String {
    var text = Array(prefix)
    while let byte = peek {
      index &+= 1
      switch byte {
      case UInt8(ascii: "\""): return try utf8(text[...])
      case UInt8(ascii: "\\"): try escape(into: &text)
      case 0..<0x20: throw error("control character in a string")
      default: text.append(byte)
      }
    }
    throw error("the text ends inside a string")
  }

  private mutating func escape(into text: inout [UInt8]) throws(JSONSyntaxError) {
    guard let byte = peek else { throw error("the text ends inside a string") }
    index &+= 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(byte)
    case UInt8(ascii: "b"): text.append(0x08)
    case UInt8(ascii: "f"): text.append(0x0C)
    case UInt8(ascii: "n"): text.append(0x0A)
    case UInt8(ascii: "r"): text.append(0x0D)
    case UInt8(ascii: "t"): text.append(0x09)
    case UInt8(ascii: "u"): text.append(contentsOf: Character(try unicodeEscape()).utf8)
    default: throw error("unknown escape")
    }
  }

  /// A lone surrogate becomes U+FFFD, as in Go, whose encoder wrote most of what is read here.
  private mutating func unicodeEscape() throws(JSONSyntaxError) -> Unicode.Scalar {
    let replacement: Unicode.Scalar = "\u{FFFD}"
    let high = try hexQuad()
    guard (0xD800..<0xDC00).contains(high) else { return Unicode.Scalar(high) ?? replacement }
    let mark = index
    guard take(UInt8(ascii: "\\")), take(UInt8(ascii: "u")) else {
      index = mark
      return replacement
    }
    let low = try hexQuad()
    guard (0xDC00..<0xE000).contains(low) else {
      index = mark
      return replacement
    }
    return Unicode.Scalar(0x10000 &+ (high &- 0xD800) &* 0x400 &+ (low &- 0xDC00)) ?? replacement
  }

  private mutating func hexQuad() throws(JSONSyntaxError) -> UInt32 {
    var value: UInt32 = 0
    for _ in 0..<4 {
      guard let byte = peek, let digit = Character(Unicode.Scalar(byte)).hexDigitValue else {
        throw error("expected four hexadecimal digits")
      }
      index &+= 1
      value = value &* 16 &+ UInt32(digit)
    }
    return value
  }

  private func utf8(_ slice: ArraySlice<UInt8>) throws(JSONSyntaxError) -> String {
    guard let text = String(validating: slice, as: UTF8.self) else {
      throw error("invalid UTF-8 in a string")
    }
    return text
  }

  // MARK: Bytes

  private var peek: UInt8? { index < bytes.count ? bytes[index] : nil }

  private func isDigit(_ byte: UInt8?) -> Bool {
    guard let byte else { return false }
    return (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
  }

  private mutating func take(_ byte: UInt8) -> Bool {
    guard peek == byte else { return false }
    index &+= 1
    return true
  }

  private mutating func skipSpace() {
    while let byte = peek, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { index &+= 1 }
  }

  private func error(_ message: String) -> JSONSyntaxError {
    JSONSyntaxError(message: message, offset: index)
  }
}
