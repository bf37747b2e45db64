import Testing

@testable import Terminal

@Suite struct DisplayWidthTests {
  @Test(arguments: [
    ("", 0), ("abc", 3), ("Grüße", 5), ("日本語", 6), ("ｱ", 1), ("Ａ", 2), ("e\u{301}", 1), ("\u{301}", 1),
    ("한글", 4), ("\u{1112}\u{1161}\u{11AB}", 2), ("🙂", 2), ("👨‍👩‍👧", 6), ("👍🏽", 2), ("❤️", 1), ("🇩🇪", 2),
    ("→", 1), ("⣿", 1), ("─", 1), ("°C", 2), ("\u{1B}[31m", 5), ("a\tb", 3), ("ไทย", 3), ("नि", 2),
  ])
  func columns(text: String, expected: Int) {
    #expect(DisplayWidth.of(text) == expected)
  }

  @Test(arguments: [
    ("\u{1B}[2J", "␛[2J"), ("a\u{7}b", "a␇b"), ("\u{9B}31m", "\u{FFFD}31m"), ("x\u{202E}y", "x\u{FFFD}y"),
    ("\u{7F}", "␡"), ("\u{200B}", "\u{FFFD}"), ("\u{2066}a\u{2069}", "\u{FFFD}a\u{FFFD}"),
    ("\u{FEFF}", "\u{FFFD}"),
    ("🇩🇪", "DE"), ("line\nbreak", "line␊break"), ("\u{301}x", "\u{25CC}\u{301}x"), ("\u{E0041}", "\u{FFFD}"),
  ])
  func whatMayNotReachATerminalIsReplaced(text: String, shown: String) {
    #expect(TextFit.prefix(of: text, columns: 100) == shown)
  }

  @Test func noScalarAtAllGetsThroughAsAControlOrFormatCharacter() {
    for value in UInt32(0)...0x10FFFF {
      guard let scalar = Unicode.Scalar(value), !DisplayWidth.isJoiner(value) else { continue }
      let safe = DisplayWidth.safe(scalar)
      switch safe.properties.generalCategory {
      case .control, .surrogate, .unassigned, .lineSeparator, .paragraphSeparator:
        Issue.record("U+\(String(value, radix: 16)) became U+\(String(safe.value, radix: 16))")
      case .format:
        // Visible signs that Unicode classes as format: Arabic and Kaithi number signs and the like.
        let isBidi = (0x200E...0x206F).contains(safe.value) || safe.value == 0x061C
        #expect(!isBidi, "U+\(String(value, radix: 16))")
      default: break
      }
    }
  }

  @Test func rangesAreAscending() {
    var last: UInt32 = 0
    for range in DisplayWidth.wideRanges {
      #expect(range.0 > last && range.1 >= range.0)
      last = range.1
    }
  }
}
