import Testing

@testable import NcursesTerminal

@Suite struct StyleFilterTests {
  private func filtered(_ pieces: String..., takesBack: Bool = true) -> String {
    var filter = StyleFilter(takesBack: takesBack)
    return pieces.map { String(decoding: filter.filter(Array($0.utf8)), as: UTF8.self) }.joined()
  }

  @Test func whatIsKnownIsLeftOut() {
    #expect(
      filtered("\u{1B}[38;5;1m\u{1B}[48;5;9ma\u{1B}[38;5;2m\u{1B}[48;5;9mb", "\u{1B}[38;5;2mc")
        == "\u{1B}[38;5;1;48;5;9ma\u{1B}[38;5;2mbc")
    #expect(filtered("\u{1B}[31m\u{1B}[44ma\u{1B}[32m\u{1B}[44mb") == "\u{1B}[31;44ma\u{1B}[32mb")
    #expect(filtered("\u{1B}[39;49ma\u{1B}[39;49mb") == "\u{1B}[39;49mab")
  }

  @Test func onlyTheDifferenceIsSaid() {
    let normal = "\u{1B}(B\u{1B}[0m\u{1B}[38;5;248m\u{1B}[48;5;234m"
    let bold = "\u{1B}(B\u{1B}[0;1m\u{1B}[38;5;252m\u{1B}[48;5;234m"
    let same = "\u{1B}(B\u{1B}[0;1m\u{1B}[38;5;252m\u{1B}[48;5;234m\u{1B}[7d"
    #expect(
      filtered(normal + "a" + bold + "b" + same + "c" + normal + "d")
        == "\u{1B}(B\u{1B}[0;38;5;248;48;5;234ma\u{1B}[1;38;5;252mb\u{1B}[7dc\u{1B}[22;38;5;248md")
    // What cannot be taken back by itself is said anew.
    #expect(filtered("\u{1B}[0;1;4ma\u{1B}[0;1mb", takesBack: false) == "\u{1B}[0;1;4ma\u{1B}[0;1mb")
    #expect(filtered("\u{1B}[0;1;4ma\u{1B}[0;1mb") == "\u{1B}[0;1;4ma\u{1B}[24mb")
    #expect(filtered("\u{1B}[0;1;2ma\u{1B}[0;2mb\u{1B}[mc") == "\u{1B}[0;1;2ma\u{1B}[0;2mb\u{1B}[mc")
  }

  @Test func whatShowsTheGroundIsNoMove() {
    for shown in [
      "x", "\u{1B}[K", "\u{1B}[J", "\u{1B}[3X", "\u{1B}[2P", "\u{1B}[2@", "\u{1B}[4L", "\u{1B}[2S", "\t",
    ] {
      #expect(filtered("\u{1B}[0m\u{1B}[44m" + shown) == "\u{1B}[0;44m" + shown)
    }
    #expect(filtered("\u{1B}[44m\u{1B}[2;8H\r\n\u{8}x") == "\u{1B}[2;8H\r\n\u{8}\u{1B}[44mx")
  }

  @Test func whatIsNotUnderstoodForgets() {
    for other in [
      "\u{1B}8", "\u{1B}[?1049h", "\u{1B}[1;999m", "\u{1B}[38:5:1m", "\u{1B}[38;5m", "\u{1B}[?4m",
    ] {
      let text = "\u{1B}[44ma\(other)\u{1B}[44mx"
      #expect(filtered(text) == text, "\(other.dropFirst())")
    }
  }

  @Test func anotherCharacterSetIsLeftAgain() {
    #expect(filtered("\u{1B}(Ba\u{1B}(Bb\u{1B}(0q\u{1B}(Bc\u{1B}(B") == "\u{1B}(Bab\u{1B}(0q\u{1B}(Bc")
    #expect(filtered("\u{F}a\u{F}b\u{E}q\u{F}c") == "\u{F}ab\u{E}q\u{F}c")
  }

  @Test(arguments: [
    "", "plain Grüße\n", "\u{1B}", "\u{1B}[", "\u{1B}[3", "\u{1B}[2;8H\u{1B}(B", "\u{1B}7\u{1B}[K",
  ])
  func everythingElsePassesUntouched(text: String) {
    #expect(filtered(text) == text)
  }

  /// Any order of settings, in any pieces: each character looks as it did, on no more bytes.
  @Test(arguments: 1...40 as ClosedRange<UInt64>) func theScreenIsTheSame(seed: UInt64) {
    var dice = seed &* 0x9E37_79B9_7F4A_7C15
    func roll(_ count: Int) -> Int {
      dice = dice &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int((dice >> 33) % UInt64(count))
    }
    let pieces = [
      "a", "b", "é", "\u{1B}[m", "\u{1B}[0m", "\u{1B}[0;1m", "\u{1B}[1m", "\u{1B}[2m", "\u{1B}[4;7m",
      "\u{1B}[22m",
      "\u{1B}[24m", "\u{1B}[27m", "\u{1B}[5m", "\u{1B}[25m", "\u{1B}[31m", "\u{1B}[38;5;250m", "\u{1B}[39m",
      "\u{1B}[44m", "\u{1B}[48;5;17m", "\u{1B}[49m", "\u{1B}[39;49m", "\u{1B}[38;2;1;2;3m", "\u{1B}[2;3H",
      "\r",
      "\u{1B}[K",
    ]
    for takesBack in [true, false] {
      var filter = StyleFilter(takesBack: takesBack)
      var (before, after) = ([UInt8](), [UInt8]())
      for _ in 0..<60 {
        let part = Array((0..<(1 + roll(8))).map { _ in pieces[roll(pieces.count)] }.joined().utf8)
        before += part
        after += filter.filter(part)
      }
      #expect(Self.shown(before) == Self.shown(after), "seed \(seed)")
      #expect(after.count <= before.count + 16, "seed \(seed)")
    }
  }

  /// What is written, each piece with all that was in force.
  private static func shown(_ bytes: [UInt8]) -> [String] {
    var (state, result, index) = (StyleState(), [String](), 0)
    // A terminal begins with something.
    _ = state.apply([0x30][...])
    while index < bytes.count {
      guard bytes[index] == 0x1B else {
        if bytes[index] >= 0x20 { result.append("\(bytes[index]) \(state)") }
        index += 1
        continue
      }
      let body = bytes[(index + 2)...].prefix { $0 >= 0x20 && $0 < 0x40 }
      if bytes[body.endIndex] == UInt8(ascii: "m") {
        _ = state.apply(body)
      } else if bytes[body.endIndex] == UInt8(ascii: "K") {
        result.append("erase \(state)")
      }
      index = body.endIndex + 1
    }
    return result
  }
}
