/// Revisions in what people read.
enum RevisionText {
  /// Digits of a commit that are shown.
  static let digits = 7

  /// Each `main@sha1:0123456789…` in a text as `main@0123456`.
  static func shortened(_ text: String) -> String {
    guard text.utf8.contains(UInt8(ascii: "@")) else { return text }
    var result = ""
    var rest = text[...]
    while let at = rest.firstIndex(of: "@") {
      let after = rest.index(after: at)
      result += rest[..<after]
      rest = rest[after...]
      for kind in ["sha1:", "sha256:"] where rest.hasPrefix(kind) {
        let hash = rest.dropFirst(kind.count).prefix(while: \.isHexDigit)
        guard hash.count > digits else { continue }
        result += hash.prefix(digits)
        rest = rest[hash.endIndex...]
        break
      }
    }
    return result + rest
  }
}
