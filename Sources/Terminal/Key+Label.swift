extension Key {
  /// The key that ``label`` names; also `Ctrl-L`, `Alt-x`, `Shift-Up` and `Shift-Tab`, letters of either case in
  /// the names. `nil`: it names none.
  public init?(label: String) {
    let characters = Array(label)
    if characters.count == 1, let only = characters.first, !only.isWhitespace, !only.isNewline {
      self = .character(only)
      return
    }
    if let named = Self.named[label.lowercased()] {
      self = named
      return
    }
    if label.hasPrefix("F") || label.hasPrefix("f"), let number = Int(label.dropFirst()),
      (1...63).contains(number)
    {
      self = .function(number)
      return
    }
    for (prefix, make) in Self.modifiers {
      guard label.lowercased().hasPrefix(prefix), characters.count == prefix.count + 1,
        let last = characters.last
      else { continue }
      self = make(last)
      return
    }
    return nil
  }

  private static let modifiers: [(String, @Sendable (Character) -> Key)] = [
    ("^", { .control(Character($0.lowercased())) }), ("ctrl-", { .control(Character($0.lowercased())) }),
    ("m-", { .alt($0) }), ("alt-", { .alt($0) }),
  ]

  private static let named: [String: Key] = {
    let plain: [Key] = [
      .character(" "), .up, .down, .left, .right, .shiftUp, .shiftDown, .shiftLeft, .shiftRight, .controlUp,
      .controlDown, .controlLeft, .controlRight, .pageUp, .pageDown, .home, .end, .insert, .delete,
      .backspace, .tab, .backTab, .enter, .escape,
    ]
    var names: [String: Key] = [:]
    for key in plain {
      let label = key.label.lowercased()
      names[label] = key
      if label.hasPrefix("s-") { names["shift-" + label.dropFirst(2)] = key }
      if label.hasPrefix("^") { names["ctrl-" + label.dropFirst()] = key }
    }
    return names
  }()
}
