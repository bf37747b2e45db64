import Terminal
import Testing

@Suite struct FramePortionTests {
  private func frame(_ rows: [String], cursor: Point? = nil) -> Frame {
    var frame = Frame(size: Size(10, rows.count))
    for (row, text) in rows.enumerated() { frame.put(text, at: Point(0, row), style: .text) }
    frame.cursor = cursor
    return frame
  }

  @Test func aSmallChangeIsTakenWhole() {
    let (old, new) = (frame(["a", "b", "c"]), frame(["a", "B", "c"]))
    let part = old.approaching(new, cells: 5, from: 0)
    #expect(part.frame == new && part.isWhole)
  }

  @Test func theRowThatAnswersKeysComesFirst() {
    let old = frame(["aaaaaaaaaa", "bbbbbbbbbb", "cccccccccc", "hints"])
    let new = frame(["AAAAAAAAAA", "BBBBBBBBBB", "CCCCCCCCCC", "/typed"], cursor: Point(6, 3))
    var part = old.approaching(new, cells: 12, from: 0)
    #expect(part.frame == frame(["AAAAAAAAAA", "bbbbbbbbbb", "cccccccccc", "/typed"], cursor: Point(6, 3)))
    #expect(!part.isWhole && part.row == 1)
    part = part.frame.approaching(new, cells: 12, from: part.row)
    #expect(part.frame[Point(0, 1)]?.base == "B" && !part.isWhole && part.row == 2)
    part = part.frame.approaching(new, cells: 12, from: part.row)
    #expect(part.frame == new && part.isWhole)
  }

  /// Where the list's cursor is and where it was go before anything else, and nothing goes with them.
  @Test func theRowThatKeysMoveIsTheAnswer() {
    var old = frame(["aaaaaaaaaa", "> bbbbbbbb", "cccccccccc", "dddddddddd", "hints"])
    var new = frame(["AAAAAAAAAA", "  bbbbbbbb", "CCCCCCCCCC", "> dddddddd", "HINTS"])
    (old.focusRow, new.focusRow) = (1, 3)
    var expected = frame(["aaaaaaaaaa", "  bbbbbbbb", "cccccccccc", "> dddddddd", "HINTS"])
    expected.focusRow = 3
    var part = old.approaching(new, cells: 3, from: 0)
    #expect(part.frame == expected && !part.isWhole && part.row == 0)
    part = part.frame.approaching(new, cells: 30, from: part.row)
    #expect(part.frame == new && part.isWhole)
  }

  /// However small the budget, it arrives; and another size is another screen.
  @Test func itAlwaysArrives() {
    var shown = frame(["aaaa", "bbbb", "cccc", "dddd", "eeee"])
    let new = frame(["vvvv", "wwww", "xxxx", "yyyy", "zzzz"])
    var row = 0
    var steps = 0
    while steps < 10 {
      let part = shown.approaching(new, cells: 0, from: row)
      (shown, row, steps) = (part.frame, part.row, steps + 1)
      if part.isWhole { break }
    }
    #expect(shown == new && steps <= 5)
    let wide = Frame(size: Size(20, 2))
    #expect(shown.approaching(wide, cells: 1, from: 99).frame == wide)
    #expect(Frame(size: Size(0, 0)).approaching(Frame(size: Size(0, 0)), cells: 1, from: 3).isWhole)
  }
}
