/// Makes text from outside fit for a terminal, a log line and a message.
public enum PrintableText {
  /// Control characters, line and paragraph separators, the marks that reorder text, and what takes no room and so
  /// makes two names look like one (Unicode TR36 §3.1: what is shown must be what is there). Joiners stay: scripts
  /// and emoji need them.
  public static func isUnprintable(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0...0x1F, 0x7F...0x9F, 0x2028, 0x2029: true
    case 0x061C, 0x180E, 0x200B, 0x200E, 0x200F, 0x202A...0x202E, 0x2060...0x206F, 0xFEFF, 0xFFF9...0xFFFB:
      true
    case 0xE0000...0xE007F: true
    default: false
    }
  }

  /// The text with every unprintable character written as `\u{…}`, and at most `limit` characters of it.
  public static func escaped(_ text: String, limit: Int = 400) -> String {
    var result = ""
    var count = 0
    for scalar in text.unicodeScalars {
      if count == limit {
        result += "…"
        break
      }
      count += 1
      if isUnprintable(scalar) {
        result += "\\u{" + String(scalar.value, radix: 16) + "}"
      } else {
        result.unicodeScalars.append(scalar)
      }
    }
    return result
  }

  /// The first unprintable character, as `U+001B`.
  static func firstUnprintable(in text: String) -> String? {
    text.unicodeScalars.first(where: isUnprintable).map(name(of:))
  }

  static func name(of scalar: Unicode.Scalar) -> String {
    let digits = String(scalar.value, radix: 16, uppercase: true)
    return "U+" + String(repeating: "0", count: max(0, 4 - digits.count)) + digits
  }
}
