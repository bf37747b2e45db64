import Terminal
import Testing

@Suite struct KeyLabelTests {
  @Test func everyLabelNamesItsKey() {
    let keys: [Key] =
      "azAZ09/?:!+-".map { .character($0) } + [
        .character(" "), .control("l"), .control("c"), .alt("x"), .up, .down, .left, .right, .shiftUp,
        .shiftDown,
        .shiftLeft, .shiftRight, .controlUp, .controlDown, .controlLeft, .controlRight, .pageUp, .pageDown,
        .home,
        .end, .insert, .delete, .backspace, .tab, .backTab, .enter, .escape, .function(1), .function(12),
      ]
    for key in keys { #expect(Key(label: key.label) == key, "\(key.label)") }
  }

  @Test func peoplesOwnSpellings() {
    #expect(Key(label: "Ctrl-L") == .control("l"))
    #expect(Key(label: "alt-x") == .alt("x"))
    #expect(Key(label: "shift-tab") == .backTab)
    #expect(Key(label: "f5") == .function(5))
    for wrong in ["", "  ", "F0", "F64", "ctrl-", "Nonsense", "ab", "\n"] {
      #expect(Key(label: wrong) == nil, "\(wrong)")
    }
  }
}
