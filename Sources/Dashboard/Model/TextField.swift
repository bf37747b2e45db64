import Terminal

/// One line being typed.
struct TextField: Hashable, Sendable {
  private(set) var characters: [Character]
  /// 0...count.
  private(set) var cursor: Int
  /// Longer input is cut: nothing an operator types is longer.
  static let limit = 500

  init(_ text: String = "") {
    characters = Array(text.prefix(Self.limit))
    cursor = characters.count
  }

  var text: String { String(characters) }

  mutating func insert(_ text: String) {
    for character in text {
      guard characters.count < Self.limit else { return }
      // Line ends in pasted text end nothing: they are blanks.
      characters.insert(character.isNewline ? " " : character, at: cursor)
      cursor += 1
    }
  }

  /// Whether the key was one of line editing.
  mutating func edit(_ key: Key) -> Bool {
    switch key {
    case .character(let character): insert(String(character))
    case .left: cursor = max(cursor - 1, 0)
    case .right: cursor = min(cursor + 1, characters.count)
    case .home, .control("a"): cursor = 0
    case .end, .control("e"): cursor = characters.count
    case .backspace:
      guard cursor > 0 else { return true }
      cursor -= 1
      characters.remove(at: cursor)
    case .delete, .control("d"):
      if cursor < characters.count { characters.remove(at: cursor) }
    case .control("u"):
      characters.removeFirst(cursor)
      cursor = 0
    case .control("k"): characters.removeLast(characters.count - cursor)
    case .control("w"): removeWord()
    default: return false
    }
    return true
  }

  private mutating func removeWord() {
    var start = cursor
    while start > 0, characters[start - 1] == " " { start -= 1 }
    while start > 0, characters[start - 1] != " " { start -= 1 }
    characters.removeSubrange(start..<cursor)
    cursor = start
  }
}

/// A cursor in a list taller than its window.
struct ListPosition: Hashable, Sendable {
  var cursor = 0
  var top = 0

  /// Keeps the cursor in the list and in the window.
  mutating func settle(count: Int, height: Int) {
    cursor = min(max(cursor, 0), max(count - 1, 0))
    top = Self.top(cursor: cursor, top: top, count: count, height: height)
  }

  /// The first visible line such that the cursor is visible and no line is wasted.
  static func top(cursor: Int, top: Int, count: Int, height: Int) -> Int {
    let height = max(height, 1)
    var top = min(top, max(count - height, 0))
    if cursor < top { top = cursor }
    if cursor >= top + height { top = cursor - height + 1 }
    return max(top, 0)
  }
}
