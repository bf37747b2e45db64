extension ManifestValue {
  /// JSON text; members in order. Numbers that JSON does not have (NaN, infinities) become `null`.
  ///
  /// - Parameter pretty: indented by two spaces, ending in a line break; else on one line.
  public func json(pretty: Bool = true) -> String {
    var text = ""
    writeJSON(to: &text, indent: pretty ? 0 : nil)
    if pretty { text += "\n" }
    return text
  }

  private func writeJSON(to text: inout String, indent: Int?) {
    switch self {
    case .null: text += "null"
    case .bool(let value): text += value ? "true" : "false"
    case .integer(let value): text += String(value)
    case .unsigned(let value): text += String(value)
    case .real(let value): text += value.isFinite ? Self.described(value) : "null"
    case .string(let value): text += Self.quoted(value)
    case .array(let elements):
      Self.writeItems(elements, "[", "]", to: &text, indent: indent) { element, text, indent in
        element.writeJSON(to: &text, indent: indent)
      }
    case .object(let members):
      Self.writeItems(members, "{", "}", to: &text, indent: indent) { member, text, indent in
        text += Self.quoted(member.name) + (indent == nil ? ":" : ": ")
        member.value.writeJSON(to: &text, indent: indent)
      }
    }
  }

  private static func writeItems<Item>(
    _ items: [Item], _ open: String, _ close: String, to text: inout String, indent: Int?,
    _ write: (Item, inout String, Int?) -> Void
  ) {
    guard !items.isEmpty else {
      text += open + close
      return
    }
    let inner = indent.map { $0 + 1 }
    text += open
    for (index, item) in items.enumerated() {
      if index > 0 { text += "," }
      lineBreak(inner, in: &text)
      write(item, &text, inner)
    }
    lineBreak(indent, in: &text)
    text += close
  }

  private static func lineBreak(_ indent: Int?, in text: inout String) {
    if let indent { text += "\n" + String(repeating: "  ", count: indent) }
  }

  /// A JSON string, which is a YAML double-quoted scalar as well. Everything unprintable is escaped.
  static func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case "\n": result += "\\n"
      case "\t": result += "\\t"
      case "\r": result += "\\r"
      default:
        if PrintableText.isUnprintable(scalar) {
          for unit in String(scalar).utf16 {
            let digits = String(unit, radix: 16)
            result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
          }
        } else {
          result.unicodeScalars.append(scalar)
        }
      }
    }
    return result + "\""
  }
}
