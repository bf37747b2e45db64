import Control

/// Writes JSON (RFC 8259) straight into bytes: a fleet of thousands is written many times a minute.
struct JSONWriter {
  private(set) var bytes: [UInt8] = []
  /// The next member or element needs a comma before it.
  private var needsComma = false

  mutating func clear() {
    bytes.removeAll(keepingCapacity: true)
    needsComma = false
  }

  mutating func object(_ members: (inout JSONWriter) -> Void) { nest("{", "}", members) }
  mutating func array(_ elements: (inout JSONWriter) -> Void) { nest("[", "]", elements) }

  mutating func object(_ key: StaticString, _ members: (inout JSONWriter) -> Void) {
    self.key(key)
    object(members)
  }

  mutating func array(_ key: StaticString, _ elements: (inout JSONWriter) -> Void) {
    self.key(key)
    array(elements)
  }

  mutating func member(_ key: StaticString, _ text: String) {
    self.key(key)
    string(text)
  }

  /// Left out when there is none.
  mutating func member(_ key: StaticString, _ text: String?) {
    if let text { member(key, text) }
  }

  mutating func member(_ key: StaticString, _ flag: Bool?) {
    guard let flag else { return }
    self.key(key)
    raw(flag ? "true" : "false")
  }

  mutating func member(_ key: StaticString, _ number: some BinaryInteger) {
    self.key(key)
    raw(String(number))
  }

  mutating func member(_ key: StaticString, number: Double?) {
    guard let number else { return }
    self.key(key)
    self.number(number)
  }

  mutating func member(_ key: StaticString, _ time: WallTime?) {
    if let time { member(key, time.rfc3339Milliseconds) }
  }

  mutating func member(_ key: StaticString, _ value: RegisterValue?) {
    guard let value else { return }
    self.key(key)
    switch value {
    case .integer(let number): raw(String(number))
    case .unsigned(let number): raw(String(number))
    case .real(let number): self.number(number)
    case .bool(let flag): raw(flag ? "true" : "false")
    case .text(let text): string(text)
    }
  }

  mutating func member(key text: String, _ number: Int) {
    comma()
    quoted(text)
    bytes.append(UInt8(ascii: ":"))
    needsComma = false
    raw(String(number))
  }

  mutating func member(key text: String, _ value: String) {
    comma()
    quoted(text)
    bytes.append(UInt8(ascii: ":"))
    needsComma = false
    string(value)
  }

  mutating func string(_ text: String) {
    comma()
    quoted(text)
    needsComma = true
  }

  /// JSON has no way to write an infinity or a NaN: `null`.
  mutating func number(_ number: Double) {
    guard number.isFinite else { return raw("null") }
    raw(Int64(exactly: number).flatMap { $0.magnitude < 1 << 53 ? String($0) : nil } ?? number.description)
  }

  mutating func integer(_ number: some BinaryInteger) { raw(String(number)) }

  /// Ends a line of NDJSON.
  mutating func newline() {
    bytes.append(UInt8(ascii: "\n"))
    needsComma = false
  }

  private mutating func nest(
    _ open: Unicode.Scalar, _ close: Unicode.Scalar, _ body: (inout JSONWriter) -> Void
  ) {
    comma()
    bytes.append(UInt8(truncatingIfNeeded: open.value))
    needsComma = false
    body(&self)
    bytes.append(UInt8(truncatingIfNeeded: close.value))
    needsComma = true
  }

  private mutating func key(_ key: StaticString) {
    comma()
    bytes.append(UInt8(ascii: "\""))
    key.withUTF8Buffer { bytes.append(contentsOf: $0) }
    bytes.append(contentsOf: [UInt8(ascii: "\""), UInt8(ascii: ":")])
    needsComma = false
  }

  private mutating func raw(_ text: String) {
    comma()
    bytes.append(contentsOf: text.utf8)
    needsComma = true
  }

  private mutating func comma() {
    if needsComma { bytes.append(UInt8(ascii: ",")) }
  }

  private mutating func quoted(_ text: String) {
    bytes.append(UInt8(ascii: "\""))
    for scalar in text.unicodeScalars { JSONEscape.append(scalar, to: &bytes) }
    bytes.append(UInt8(ascii: "\""))
  }
}

/// One character of a JSON string. Control characters of both ranges and the direction marks are written as
/// escapes: this output is also looked at in terminals.
enum JSONEscape {
  static func append(_ scalar: Unicode.Scalar, to bytes: inout [UInt8]) {
    switch scalar.value {
    case 0x22: bytes.append(contentsOf: "\\\"".utf8)
    case 0x5C: bytes.append(contentsOf: "\\\\".utf8)
    case 0x0A: bytes.append(contentsOf: "\\n".utf8)
    case 0x0D: bytes.append(contentsOf: "\\r".utf8)
    case 0x09: bytes.append(contentsOf: "\\t".utf8)
    case 0x00..<0x20, 0x7F..<0xA0, 0x061C, 0x180E, 0x200B, 0x200E...0x200F, 0x2028...0x202E, 0x2060...0x206F,
      0xFEFF,
      0xFFF9...0xFFFB:
      let digits = String(scalar.value, radix: 16)
      bytes.append(contentsOf: ("\\u" + String(repeating: "0", count: 4 - digits.count) + digits).utf8)
    default: bytes.append(contentsOf: UTF8.encode(scalar).map(Array.init) ?? [])
    }
  }
}

extension WallTime {
  /// RFC 3339 in UTC with milliseconds: `2026-01-02T03:04:05.006Z`.
  var rfc3339Milliseconds: String {
    let rest = milliseconds % 1000
    let fraction = String(rest < 0 ? rest + 1000 : rest)
    return String(rfc3339.dropLast()) + "." + String(repeating: "0", count: 3 - fraction.utf8.count)
      + fraction + "Z"
  }
}
