/// A format of text: how it is checked here, and as much of it as a schema can say.
struct TextFormat: Sendable {
  var maxLength: Int
  var minLength = 0
  /// ECMA 262 and RE2 alike.
  var pattern: String?
  /// What is wrong with a text whose length is right and which has no unprintable characters; `nil`: nothing.
  var problem: @Sendable (String) -> String? = { _ in nil }

  static func free(_ maxLength: Int) -> TextFormat { TextFormat(maxLength: maxLength) }

  /// RFC 1123 label, as Kubernetes has it for namespaces.
  static let label = TextFormat(maxLength: 63, minLength: 1, pattern: "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$") {
    text in
    isLabel(text[...])
      ? nil
      : "must be a DNS label: lower-case letters, digits and -, beginning and ending with a letter or digit"
  }

  /// RFC 1123 subdomain, as Kubernetes has it for object names.
  static let subdomain = TextFormat(
    maxLength: 253, minLength: 1,
    pattern: "^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$"
  ) { text in
    text.split(separator: ".", omittingEmptySubsequences: false).allSatisfy(isLabel)
      ? nil
      : "must be a DNS name: lower-case letters, digits, - and ., beginning and ending with a letter or digit"
  }

  /// Register names are command-line words and metric labels.
  static let registerName = TextFormat(
    maxLength: 63, minLength: 1, pattern: "^[A-Za-z0-9]([A-Za-z0-9_.-]*[A-Za-z0-9])?$"
  ) { text in
    isQualified(text[...])
      ? nil : "must be letters, digits, -, _ and ., beginning and ending with a letter or digit"
  }

  static let tag = TextFormat(
    maxLength: 63, minLength: 1, pattern: "^[A-Za-z0-9]([A-Za-z0-9_.-]*[A-Za-z0-9])?$"
  ) { text in
    isQualified(text[...])
      ? nil : "must be letters, digits, -, _ and ., beginning and ending with a letter or digit"
  }

  static let labelValue = TextFormat(maxLength: 63) { text in
    text.isEmpty || isQualified(text[...])
      ? nil : "must be letters, digits, -, _ and ., beginning and ending with a letter or digit"
  }

  static func isLabel(_ text: Substring) -> Bool {
    guard (1...63).contains(text.utf8.count), text.first != "-", text.last != "-" else { return false }
    return text.allSatisfy { $0.isASCII(within: "a"..."z") || $0.isASCIIDigit || $0 == "-" }
  }

  static func isQualified(_ text: Substring) -> Bool {
    guard (1...63).contains(text.utf8.count), let first = text.first, let last = text.last else {
      return false
    }
    guard first.isASCIILetterOrDigit, last.isASCIILetterOrDigit else { return false }
    return text.allSatisfy { $0.isASCIILetterOrDigit || "-_.".contains($0) }
  }

  /// A label's key: an optional DNS prefix, `/`, a name.
  static func isLabelKey(_ text: String) -> Bool {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false)
    switch parts.count {
    case 1: return isQualified(parts[0])
    case 2:
      return (1...253).contains(parts[0].utf8.count) && isQualified(parts[1])
        && parts[0].split(separator: ".", omittingEmptySubsequences: false).allSatisfy(isLabel)
    default: return false
    }
  }
}

extension Character {
  var isASCIILetterOrDigit: Bool {
    isASCIIDigit || isASCII(within: "a"..."z") || isASCII(within: "A"..."Z")
  }
}
