import Testing

@testable import NcursesTerminal

@Suite struct ColorFilterTests {
  private func filtered(_ pieces: String...) -> String {
    var filter = ColorFilter()
    return pieces.map { String(decoding: filter.filter(Array($0.utf8)), as: UTF8.self) }.joined()
  }

  @Test func whatIsKnownIsLeftOut() {
    #expect(
      filtered("\u{1B}[38;5;1m\u{1B}[48;5;9ma\u{1B}[38;5;2m\u{1B}[48;5;9mb", "\u{1B}[38;5;2mc")
        == "\u{1B}[38;5;1m\u{1B}[48;5;9ma\u{1B}[38;5;2mbc")
    #expect(filtered("\u{1B}[31m\u{1B}[44ma\u{1B}[32m\u{1B}[44mb") == "\u{1B}[31m\u{1B}[44ma\u{1B}[32mb")
    #expect(filtered("\u{1B}[39;49ma\u{1B}[39;49m") == "\u{1B}[39;49ma")
  }

  @Test func aResetIsNeverLeftOutAndIsRemembered() {
    #expect(filtered("\u{1B}[44ma\u{1B}[m\u{1B}[44mb") == "\u{1B}[44ma\u{1B}[m\u{1B}[44mb")
    #expect(filtered("\u{1B}[m\u{1B}[m\u{1B}[0;1m\u{1B}[39;49m") == "\u{1B}[m\u{1B}[m\u{1B}[0;1m")
    #expect(filtered("\u{1B}[44m\u{1B}[1ma\u{1B}[44mb") == "\u{1B}[44m\u{1B}[1mab")
  }

  @Test func whatIsNotUnderstoodForgets() {
    for other in ["\u{1B}[38;2;1;2;3m", "\u{1B}8", "\u{1B}[?1049h", "\u{1B}[1;44m", "\u{1B}[38:5:1m"] {
      let text = "\u{1B}[44m\(other)\u{1B}[44mx"
      #expect(filtered(text) == text)
    }
  }

  @Test(arguments: [
    "", "plain Grüße\n", "\u{1B}", "\u{1B}[", "\u{1B}[3", "\u{1B}[2;8H\u{1B}(B", "\u{1B}7\u{1B}[K",
  ])
  func everythingElsePassesUntouched(text: String) {
    #expect(filtered(text) == text)
  }
}
