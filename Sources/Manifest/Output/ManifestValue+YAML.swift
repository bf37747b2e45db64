extension ManifestValue {
  /// YAML text in block style, members in order, ending in a line break. What reads it back gets the same
  /// values.
  public func yaml() -> String {
    var text = ""
    switch self {
    case .object(let members) where !members.isEmpty: Self.write(members, to: &text, indent: 0)
    case .array(let elements) where !elements.isEmpty: Self.write(elements, to: &text, indent: 0)
    default: text = yamlScalar + "\n"
    }
    return text
  }

  /// A scalar, or an empty collection, on one line.
  var yamlScalar: String {
    switch self {
    case .string(let text): Self.isPlainSafe(text) ? text : Self.quoted(text)
    default: json(pretty: false)
    }
  }

  private static func write(
    _ members: [Member], to text: inout String, indent: Int, firstInline: Bool = false
  ) {
    for (index, member) in members.enumerated() {
      if index > 0 || !firstInline { text += String(repeating: " ", count: indent) }
      text += ManifestValue.string(member.name).yamlScalar + ":"
      switch member.value {
      case .object(let inner) where !inner.isEmpty:
        text += "\n"
        write(inner, to: &text, indent: indent + 2)
      case .array(let inner) where !inner.isEmpty:
        text += "\n"
        write(inner, to: &text, indent: indent)
      default: text += " " + member.value.yamlScalar + "\n"
      }
    }
  }

  private static func write(_ elements: [ManifestValue], to text: inout String, indent: Int) {
    for element in elements {
      text += String(repeating: " ", count: indent) + "- "
      switch element {
      case .object(let members) where !members.isEmpty:
        write(members, to: &text, indent: indent + 2, firstInline: true)
      case .array: text += element.json(pretty: false) + "\n"
      default: text += element.yamlScalar + "\n"
      }
    }
  }

  /// Whether text may stand without quotes: nothing in it that YAML, of any version, takes for something
  /// else.
  static func isPlainSafe(_ text: String) -> Bool {
    guard let first = text.unicodeScalars.first, let last = text.unicodeScalars.last else { return false }
    guard case .scalar(.string, _) = YAMLScalar.content(ofPlain: text) else { return false }
    guard isLetter(first) || first == "/", last != " ", last != ":" else { return false }
    if ["y", "n"].contains(text.lowercased()) { return false }
    var previous: Unicode.Scalar = " "
    for scalar in text.unicodeScalars {
      if PrintableText.isUnprintable(scalar) || "\"'`{}[],&*!|>%@\\".unicodeScalars.contains(scalar) {
        return false
      }
      if scalar == " " && previous == ":" || scalar == "#" && previous == " " { return false }
      previous = scalar
    }
    return true
  }

  private static func isLetter(_ scalar: Unicode.Scalar) -> Bool {
    ("a"..."z").contains(scalar) || ("A"..."Z").contains(scalar)
  }
}
