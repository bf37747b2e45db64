import Control

/// Values and words as they are stored: exact, and readable with `sqlite3`.
enum AuditValue {
  /// `i:2500`, `u:18446744073709551615`, `r:72.5`, `b:true`, `t:ABC`.
  static func text(_ value: RegisterValue) -> String {
    switch value {
    case .integer(let number): "i:\(number)"
    case .unsigned(let number): "u:\(number)"
    case .real(let number): "r:\(number)"
    case .bool(let flag): "b:\(flag)"
    case .text(let text): "t:\(text)"
    }
  }

  static func value(_ text: String) -> RegisterValue? {
    guard text.utf8.dropFirst().first == UInt8(ascii: ":") else { return nil }
    let rest = String(text.dropFirst(2))
    switch text.utf8.first {
    case UInt8(ascii: "i"): return Int64(rest).map(RegisterValue.integer)
    case UInt8(ascii: "u"): return UInt64(rest).map(RegisterValue.unsigned)
    case UInt8(ascii: "r"): return Double(rest).map(RegisterValue.real)
    case UInt8(ascii: "b"): return Bool(rest).map(RegisterValue.bool)
    case UInt8(ascii: "t"): return .text(rest)
    default: return nil
    }
  }

  /// SQLite's text ends at the first NUL, and a device may send one: shown as U+FFFD instead.
  static func clean(_ text: String) -> String {
    guard text.utf8.contains(0) else { return text }
    return String(String.UnicodeScalarView(text.unicodeScalars.map { $0 == "\0" ? "\u{FFFD}" : $0 }))
  }

  /// Most significant byte first, as on the wire.
  static func bytes(_ words: [UInt16]) -> [UInt8] {
    words.flatMap { [UInt8($0 >> 8), UInt8($0 & 0xff)] }
  }

  static func words(_ bytes: [UInt8]) -> [UInt16] {
    stride(from: 0, to: bytes.count - bytes.count % 2, by: 2).map {
      UInt16(bytes[$0]) << 8 | UInt16(bytes[$0 + 1])
    }
  }
}
