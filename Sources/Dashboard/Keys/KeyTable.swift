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
  private(set) var bindings: [Binding]

  public static let standard = KeyTable(bindings: paneBindings + dialogBindings)

  /// The same table with other keys for actions, by action name (`sync`, `hold`, `toggleMark`, …).
  ///
  /// - Returns: `nil` names that are no action, in `unknown`.
  public func rebinding(_ changes: [String: [Key]]) -> (table: KeyTable, unknown: [String]) {
    var copy = self
    var unknown: [String] = []
    for (name, keys) in changes.sorted(by: { $0.key < $1.key }) {
      guard let action = KeyAction(rawValue: name) else {
        unknown.append(name)
        continue
      }
      // A key has one meaning in a context: whoever had it loses it.
      for index in copy.bindings.indices where copy.bindings[index].context.isPaneLike {
        if copy.bindings[index].action == action {
          copy.bindings[index].keys = keys
        } else {
          copy.bindings[index].keys.removeAll(where: keys.contains)
        }
      }
    }
    return (copy, unknown)
  }

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
