import Terminal

/// Where keys mean what they mean: one of these is in force at any time.
enum KeyContext: String, CaseIterable, Hashable, Sendable {
  /// Always, unless text is being typed (then only keys that type nothing).
  case everywhere
  /// The panes.
  case panes
  case fleet, reality, timeline, sparkline, events
  case sync, confirm, shelve, reason, palette, themes, help, reader, filter

  /// Contexts in which characters are text.
  var takesText: Bool {
    switch self {
    case .palette, .shelve, .reason, .filter: true
    default: false
    }
  }
}

/// One line of the key table: it dispatches, it is help, and it is the hint.
struct Binding: Hashable, Sendable {
  var context: KeyContext
  var keys: [Key]
  var action: KeyAction
  /// For help: what it does.
  var help: String
  /// For the hints bar; empty: not shown there.
  var hint: String
  /// Smaller is more important in the hints bar.
  var rank: Int

  init(
    _ context: KeyContext, _ keys: [Key], _ action: KeyAction, _ help: String, hint: String = "",
    rank: Int = 50
  ) {
    self.context = context
    self.keys = keys
    self.action = action
    self.help = help
    self.hint = hint
    self.rank = rank
  }
}

/// Which key does what. The only place: dispatch, help and hints read it.
public struct KeyTable: Hashable, Sendable {
  var bindings: [Binding]

  public static let standard = KeyTable(bindings: paneBindings + dialogBindings)

  /// The binding of a key in the contexts given, most specific first.
  func binding(_ key: Key, in contexts: [KeyContext]) -> Binding? {
    for context in contexts {
      if let found = bindings.first(where: { $0.context == context && $0.keys.contains(key) }) {
        return found
      }
    }
    return nil
  }

  func bindings(in contexts: [KeyContext]) -> [Binding] {
    contexts.flatMap { context in bindings.filter { $0.context == context && !$0.keys.isEmpty } }
  }
}

extension KeyContext {
  /// Contexts whose keys a user may change; dialogs keep theirs, for safety.
  var isPaneLike: Bool {
    switch self {
    case .everywhere, .panes, .fleet, .reality, .timeline, .sparkline, .events: true
    default: false
    }
  }
}

extension Key {
  /// Text where text is being typed.
  var isCharacter: Bool {
    if case .character = self { true } else { false }
  }
}
