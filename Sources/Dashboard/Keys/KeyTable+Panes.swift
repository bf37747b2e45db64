import Terminal

private func key(_ character: Character) -> Key { .character(character) }

extension KeyTable {
  static let paneBindings: [Binding] =
    moving + acting + looking + [
      Binding(
        .everywhere, [key("H"), .function(9)], .hold, "hold all writes at once; again: release, confirmed",
        hint: "hold",
        rank: 3),
      Binding(.everywhere, [.function(12)], .saveScreen, "save the screen as text, ANSI and SVG"),
      Binding(.everywhere, [.control("l")], .redraw, "draw the screen again"),
      Binding(.everywhere, [.control("z")], .suspendProcess, "stop; fg comes back"),
      Binding(.everywhere, [.control("c")], .quit, "quit"),
    ]

  private static let moving: [Binding] = [
    Binding(.panes, [key("j"), .down], .down, "down"),
    Binding(.panes, [key("k"), .up], .up, "up"),
    Binding(.panes, [.pageDown, .control("f")], .pageDown, "a page down"),
    Binding(.panes, [.pageUp, .control("b")], .pageUp, "a page up"),
    Binding(.panes, [key("g"), .home], .top, "to the top"),
    Binding(.panes, [key("G"), .end], .bottom, "to the bottom"),
    Binding(.panes, [.tab], .nextPane, "next pane", hint: "pane", rank: 40),
    Binding(.panes, [.backTab], .previousPane, "pane before"),
    Binding(.panes, [key("1")], .pane1, "fleet"),
    Binding(.panes, [key("2")], .pane2, "Git vs Reality"),
    Binding(.panes, [key("3")], .pane3, "drift timeline"),
    Binding(.panes, [key("4")], .pane4, "sparkline"),
    Binding(.panes, [key("5"), key("e")], .pane5, "events"),
    Binding(.panes, [.enter], .zoom, "zoom the pane; on a group: fold it", hint: "zoom", rank: 12),
    Binding(.events, [.enter], .zoom, "zoom the pane: the event is shown whole; again: back"),
    Binding(.panes, [.escape], .back, "back: zoom, cursors, marks, filter"),
  ]

  private static let acting: [Binding] = [
    Binding(.panes, [key("s")], .sync, "sync the marked devices, or this one", hint: "sync", rank: 1),
    Binding(.panes, [key("S")], .syncShown, "sync all devices shown", hint: "sync all", rank: 14),
    Binding(.panes, [key("x")], .acknowledge, "acknowledge", hint: "ack", rank: 10),
    Binding(
      .panes, [key("z")], .shelve, "shelve for a time, with a reason; shelved: end it", hint: "shelve",
      rank: 11),
    Binding(
      .panes, [key("Z")], .suspend, "suspend: read on, never write; suspended: resume, confirmed"),
    Binding(.panes, [key("A")], .adopt, "adopt reality: commit it to a new branch", hint: "adopt", rank: 20),
    Binding(.panes, [key("r")], .refresh, "read now", hint: "read", rank: 21),
    Binding(.panes, [key("y")], .copy, "copy what the cursor is on", hint: "copy", rank: 30),
    Binding(.fleet, [key(" ")], .toggleMark, "mark", hint: "mark", rank: 13),
  ]

  private static let looking: [Binding] = [
    Binding(.panes, [key("/")], .filter, "filter as you type", hint: "filter", rank: 2),
    Binding(.panes, [key("o")], .cycleSort, "next sort order", hint: "sort", rank: 15),
    Binding(.panes, [key("O")], .cycleGrouping, "group by tag, phase, status, ... each label"),
    Binding(.panes, [key("d")], .diff, "differences, Git against PLC", hint: "diff", rank: 9),
    Binding(.panes, [key("!")], .problems, "all problems of source and engine"),
    Binding(.panes, [key(":")], .palette, "command palette", hint: "command", rank: 5),
    Binding(.panes, [key("?"), .function(1)], .help, "help for this place", hint: "help", rank: 4),
    Binding(.panes, [key("t")], .themes, "choose a theme", hint: "theme", rank: 45),
    Binding(.panes, [key("p")], .freeze, "freeze the picture; again: go on", hint: "freeze", rank: 35),
    Binding(.panes, [key("+"), key("=")], .zoomIn, "timeline: less time, more detail"),
    Binding(.panes, [key("-")], .zoomOut, "timeline: more time"),
    Binding(.panes, [.left], .timelineBack, "timeline: cursor back in time"),
    Binding(.panes, [.right], .timelineForth, "timeline: cursor forth in time"),
    Binding(.panes, [.shiftLeft, .controlLeft], .timelinePageBack, "timeline: a page back"),
    Binding(.panes, [.shiftRight, .controlRight], .timelinePageForth, "timeline: a page forth"),
    Binding(.panes, [key("0")], .timelineReset, "timeline: back to now"),
    Binding(.panes, [key("q")], .quit, "quit", hint: "quit", rank: 6),
  ]

  static let dialogBindings: [Binding] = [
    Binding(.sync, [key("y")], .confirm, "confirm", hint: "confirm", rank: 1),
    Binding(.sync, [key("n"), .escape], .cancel, "cancel", hint: "cancel", rank: 2),
    Binding(.sync, [.enter], .press, "press the button that has the focus"),
    Binding(.sync, [.tab, .backTab, .left, .right], .otherButton, "other button", hint: "button", rank: 3),
    Binding(.sync, [key("f")], .toggleForce, "force: also outside windows", hint: "force", rank: 5),
    Binding(.sync, [.down, key("j")], .down, "down", hint: "scroll", rank: 4),
    Binding(.sync, [.up, key("k")], .up, "up"),
    Binding(.sync, [.pageDown, key(" ")], .pageDown, "a page down"),
    Binding(.sync, [.pageUp], .pageUp, "a page up"),

    Binding(.confirm, [key("y")], .confirm, "confirm", hint: "confirm", rank: 1),
    Binding(.confirm, [key("n"), .escape], .cancel, "cancel", hint: "cancel", rank: 2),
    Binding(.confirm, [.enter], .press, "press the button that has the focus"),
    Binding(
      .confirm, [.tab, .backTab, .left, .right], .otherButton, "other button", hint: "button", rank: 3),
    Binding(.confirm, [.down, key("j")], .down, "down"),
    Binding(.confirm, [.up, key("k")], .up, "up"),

    Binding(.shelve, [.enter], .press, "next field; on the button: shelve", hint: "next", rank: 1),
    Binding(.shelve, [.escape], .cancel, "cancel", hint: "cancel", rank: 2),
    Binding(.shelve, [.tab, .down], .nextField, "next field", hint: "field", rank: 3),
    Binding(.shelve, [.backTab, .up], .previousField, "field before"),

    Binding(.reason, [.enter], .press, "do it, for this reason", hint: "do it", rank: 1),
    Binding(.reason, [.escape], .cancel, "cancel; a hold stays, without a reason", hint: "cancel", rank: 2),

    Binding(.palette, [.enter], .press, "run", hint: "run", rank: 1),
    Binding(.palette, [.tab], .complete, "complete", hint: "complete", rank: 2),
    Binding(.palette, [.down, .control("n")], .down, "next suggestion", hint: "choose", rank: 3),
    Binding(.palette, [.up, .control("p")], .up, "suggestion before"),
    Binding(.palette, [.escape], .cancel, "cancel", hint: "cancel", rank: 4),

    Binding(.themes, [.down, key("j")], .down, "next theme", hint: "preview", rank: 2),
    Binding(.themes, [.up, key("k")], .up, "theme before"),
    Binding(.themes, [.enter], .press, "keep this theme", hint: "keep", rank: 1),
    Binding(.themes, [.escape, key("q")], .cancel, "back to the old theme", hint: "cancel", rank: 3),

    Binding(.help, [.escape, key("q"), key("?"), .enter], .cancel, "close", hint: "close", rank: 1),
    Binding(.help, [.down, key("j")], .down, "down", hint: "scroll", rank: 2),
    Binding(.help, [.up, key("k")], .up, "up"),
    Binding(.help, [.pageDown, key(" ")], .pageDown, "a page down"),
    Binding(.help, [.pageUp], .pageUp, "a page up"),

    Binding(.reader, [.escape, key("q"), .enter, key("d")], .cancel, "close", hint: "close", rank: 1),
    Binding(.reader, [.down, key("j")], .down, "down", hint: "scroll", rank: 2),
    Binding(.reader, [.up, key("k")], .up, "up"),
    Binding(.reader, [.pageDown, key(" ")], .pageDown, "a page down"),
    Binding(.reader, [.pageUp], .pageUp, "a page up"),
    Binding(.reader, [key("g"), .home], .top, "to the top"),
    Binding(.reader, [key("G"), .end], .bottom, "to the bottom"),
    Binding(.reader, [key("y")], .copy, "copy all", hint: "copy", rank: 3),

    Binding(.filter, [.enter, .tab], .press, "keep the filter", hint: "keep", rank: 1),
    Binding(.filter, [.escape], .cancel, "back to the filter before", hint: "cancel", rank: 2),
    Binding(.filter, [.down], .down, "down"),
    Binding(.filter, [.up], .up, "up"),
  ]
}
