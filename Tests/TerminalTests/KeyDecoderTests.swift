import Testing

@testable import Terminal

@Suite struct KeyDecoderTests {
  static let known: [(String, [TerminalEvent])] = [
    ("a", [.key(.character("a"))]), (" ", [.key(.character(" "))]), ("é", [.key(.character("é"))]),
    ("界", [.key(.character("界"))]), ("🙂", [.key(.character("🙂"))]),
    ("\r", [.key(.enter)]), ("\n", [.key(.enter)]), ("\t", [.key(.tab)]), ("\u{7F}", [.key(.backspace)]),
    ("\u{8}", [.key(.backspace)]), ("\u{0C}", [.key(.control("l"))]), ("\0", [.key(.control("@"))]),
    ("\u{1C}", [.key(.control("\\"))]),
    ("\u{1B}[A", [.key(.up)]), ("\u{1B}OB", [.key(.down)]), ("\u{1B}[1;5C", [.key(.controlRight)]),
    ("\u{1B}[1;2D", [.key(.shiftLeft)]), ("\u{1B}[H", [.key(.home)]), ("\u{1B}[1~", [.key(.home)]),
    ("\u{1B}OF", [.key(.end)]), ("\u{1B}[4~", [.key(.end)]), ("\u{1B}[5~", [.key(.pageUp)]),
    ("\u{1B}[6;5~", [.key(.pageDown)]), ("\u{1B}[2~", [.key(.insert)]), ("\u{1B}[3~", [.key(.delete)]),
    ("\u{1B}[Z", [.key(.backTab)]), ("\u{1B}OP", [.key(.function(1))]), ("\u{1B}[[E", [.key(.function(5))]),
    ("\u{1B}[15~", [.key(.function(5))]), ("\u{1B}[24~", [.key(.function(12))]),
    ("\u{1B}[34~", [.key(.function(20))]), ("\u{1B}OM", [.key(.enter)]),
    ("\u{1B}Oq", [.key(.character("1"))]),
    ("\u{1B}Oa", [.key(.controlUp)]), ("\u{1B}[b", [.key(.shiftDown)]),
    ("\u{1B}[113;5u", [.key(.control("q"))]),
    ("\u{1B}[9;2u", [.key(.backTab)]), ("\u{1B}\u{7F}", [.key(.control("w"))]),
    ("\u{1B}[<0;10;5M", [.mouse(MouseEvent(.press, .left, at: Point(9, 4)))]),
    ("\u{1B}[<2;1;1m", [.mouse(MouseEvent(.release, .right, at: Point(0, 0)))]),
    ("\u{1B}[<65;3;4M", [.mouse(MouseEvent(.wheelDown, .none, at: Point(2, 3)))]),
    ("\u{1B}[<32;3;4M", [.mouse(MouseEvent(.drag, .left, at: Point(2, 3)))]),
    ("\u{1B}[M !!", [.mouse(MouseEvent(.press, .left, at: Point(0, 0)))]),
    ("\u{1B}[200~a\r\nb\u{1B}[Ac\u{1B}[201~", [.paste("a\nb\u{1B}[Ac")]),
    // Unknown or hostile: swallowed whole.
    ("\u{1B}[?1;2c", []), ("\u{1B}[99~", []), ("\u{1B}[I", []), ("\u{1B}[1;2;3S", [.key(.function(4))]),
    ("\u{1B}[99999999999999999999A", [.key(.up)]), ("\u{1B}[<0;0;0M", []), ("\u{1B}[201~", []),
    ("\u{1B}[57399u", []), ("\u{1B}[133u", []), ("\u{1B}[155;3u", []),
  ]

  @Test(arguments: known.indices)
  func decodes(index: Int) {
    let (bytes, expected) = Self.known[index]
    var decoder = KeyDecoder(mouse: true)
    #expect(decoder.feed(Array(bytes.utf8)) == expected)
    #expect(decoder.patience == nil)
    // A following key is untouched.
    #expect(decoder.feed([0x71]) == [.key(.character("q"))])
  }

  @Test(arguments: known.indices)
  func decodesByteByByte(index: Int) {
    let (bytes, expected) = Self.known[index]
    var decoder = KeyDecoder(mouse: true)
    var got: [TerminalEvent] = []
    for byte in bytes.utf8 { got += decoder.feed([byte]) }
    #expect(got == expected)
  }

  @Test func aLoneEscapeIsAKeyAfterAShortWait() {
    var decoder = KeyDecoder()
    #expect(decoder.feed([0x1B]) == [])
    #expect(decoder.patience == .short)
    #expect(decoder.timeout() == [.key(.escape)])
    #expect(decoder.patience == nil)
    #expect(decoder.feed([0x1B, 0x1B]) == [.key(.escape)])
    #expect(decoder.timeout() == [.key(.escape)])
    #expect(decoder.feed([0x1B, 0x71]) == [.key(.escape), .key(.character("q"))])
  }

  @Test func altIsReportedOnlyIfAsked() {
    var decoder = KeyDecoder(reportsAlt: true)
    #expect(decoder.feed(Array("\u{1B}xé".utf8)) == [.key(.alt("x")), .key(.character("é"))])
    #expect(decoder.feed(Array("\u{1B}é".utf8)) == [.key(.alt("é"))])
    #expect(decoder.feed([0x1B, 0x5B]) == [])
    #expect(decoder.patience == .long)
    #expect(decoder.timeout() == [.key(.alt("["))])
  }

  @Test func aSequenceThatNeverEndsIsNoCommand() {
    var decoder = KeyDecoder()
    #expect(decoder.feed(Array("\u{1B}[12;".utf8)) == [])
    #expect(decoder.timeout() == [])
    #expect(decoder.feed(Array("\u{1B}[12\u{1B}[A".utf8)) == [.key(.up)])
    let long = decoder.feed(Array("\u{1B}[".utf8) + Array(repeating: 0x31, count: 40))
    #expect(long == [])
    #expect(decoder.patience == .long)
  }

  @Test func aPasteWithoutEndEndsByItself() {
    var decoder = KeyDecoder()
    #expect(decoder.feed(Array("\u{1B}[200~half\u{1B}[20".utf8)) == [])
    #expect(decoder.patience == .paste)
    #expect(decoder.timeout() == [.paste("half\u{1B}[20")])
    #expect(decoder.feed([0x6A]) == [.key(.character("j"))])
  }

  @Test func terminfoSequencesWin() {
    var decoder = KeyDecoder(extra: [[0x1B, 0x5B, 0x31, 0x7E]: .insert, [0x1B, 0x39]: .up])
    #expect(decoder.feed([0x1B, 0x5B, 0x31, 0x7E]) == [.key(.insert)])
    #expect(decoder.feed([0x1B, 0x39]) == [.key(.up)])
    #expect(decoder.feed(Array("\u{1B}[A".utf8)) == [.key(.up)])
  }

  @Test func otherLocalesReadLatin1AndBrokenBytesAreDropped() {
    var latin = KeyDecoder(encoding: .latin1)
    #expect(latin.feed([0xE9, 0x9B, 0x41]) == [.key(.character("é")), .key(.character("A"))])
    var utf8 = KeyDecoder()
    #expect(utf8.feed([0xFF, 0xC3, 0x41, 0xED, 0xA0, 0x80, 0xC2, 0x9B, 0x42]).last == .key(.character("B")))
  }

  @Test(arguments: [11, 12, 13, 14] as [UInt64])
  func anyBytesInAnyPiecesGiveTheSameEvents(seed: UInt64) {
    var random = Seeded(seed)
    let alphabet: [UInt8] = [
      0x1B, 0x5B, 0x4F, 0x3C, 0x3B, 0x7E, 0x4D, 0x41, 0x32, 0x30, 0x31, 0xC3, 0xA9, 0x71, 0x00,
    ]
    for _ in 0..<300 {
      let bytes = (0..<40).map { _ in alphabet.randomElement(using: &random) ?? 0 }
      var whole = KeyDecoder(mouse: true)
      var pieces = KeyDecoder(mouse: true)
      let expected = whole.feed(bytes)
      var got: [TerminalEvent] = []
      for byte in bytes { got += pieces.feed([byte]) }
      #expect(got == expected, "seed \(seed): \(bytes)")
    }
  }
}
