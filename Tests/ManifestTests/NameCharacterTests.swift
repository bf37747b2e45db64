import Testing

@testable import Manifest

/// What looks like a letter and is more.
@Suite struct NameCharacterTests {
  /// A joiner, a non-joiner, an accent, a mark of direction, the Kelvin sign, full-width forms.
  static let strangers = [
    "e\u{200D}", "e\u{200C}", "e\u{0301}", "e\u{200E}", "\u{212A}", "\u{FF41}", "5\u{0301}",
    "5\u{FE0F}\u{20E3}",
    "\u{FF15}",
  ]

  @Test(arguments: strangers) func namesAreASCIIOnly(_ stranger: String) {
    for text in ["lin\(stranger)x", "\(stranger)x", "x\(stranger)"] {
      #expect(!TextFormat.isLabel(text[...]), "\(text.unicodeScalars.map(\.value))")
      #expect(!TextFormat.isQualified(text[...]), "\(text.unicodeScalars.map(\.value))")
      #expect(!TextFormat.isLabelKey("example.com/\(text)"))
    }
  }

  @Test(arguments: strangers) func numbersAreASCIIOnly(_ stranger: String) {
    for text in ["1\(stranger)2", "0x1\(stranger)", "0o1\(stranger)", "1.5\(stranger)"] {
      guard case .scalar(.string, _) = YAMLScalar.content(ofPlain: text) else {
        Issue.record("\(text) is a number")
        continue
      }
    }
  }

  @Test func lettersAndDigitsStayWhatTheyAre() {
    #expect(TextFormat.isLabel("az-09"))
    #expect(TextFormat.isQualified("aZ_0.9-z"))
    #expect("@[`{/:".allSatisfy { !$0.isASCIILetterOrDigit })
  }
}
