import Terminal

extension KeyTable {
  /// Actions that keep a key whatever a user's file says: to stop writes, to leave, to find out how.
  static let essential: [KeyAction] = [.hold, .quit, .help, .back, .palette]

  /// Names of the actions that keys can be given to.
  public static let actionNames: [String] = {
    var names: [String] = []
    for binding in standard.bindings where binding.context.isPaneLike {
      if !names.contains(binding.action.rawValue) { names.append(binding.action.rawValue) }
    }
    return names
  }()

  /// The same table with other keys for actions, by action name (`sync`, `hold`, `toggleMark`, …).
  ///
  /// A key has one meaning in a context: whoever had it loses it. Dialogs keep their keys, for safety.
  /// - Returns: The table, and a line for each wish that could not be had.
  public func rebinding(_ changes: [String: [Key]]) -> (table: KeyTable, problems: [String]) {
    var copy = self
    var problems: [String] = []
    for (name, keys) in changes.sorted(by: { $0.key < $1.key }) {
      guard let action = KeyAction(rawValue: name), Self.actionNames.contains(name) else {
        problems.append("keys: \(name) is no action")
        continue
      }
      copy.give(keys, to: action, except: changes)
    }
    for action in Self.essential where !copy.hasItsKey(action) {
      let keys = keys(of: action)
      copy.give(keys, to: action, except: [:])
      let labels = keys.map(\.label).joined(separator: " ")
      problems.append("keys: \(action.rawValue) must have a key, so it keeps \(labels)")
    }
    return (copy, problems)
  }

  /// The hold has one that a hand finds; function keys are not on every keyboard.
  private func hasItsKey(_ action: KeyAction) -> Bool {
    let keys = keys(of: action)
    return action == .hold ? keys.contains(where: \.isCharacter) : !keys.isEmpty
  }

  func keys(of action: KeyAction) -> [Key] {
    bindings.filter { $0.context.isPaneLike && $0.action == action }.flatMap(\.keys)
  }

  private mutating func give(_ keys: [Key], to action: KeyAction, except changes: [String: [Key]]) {
    for index in bindings.indices where bindings[index].context.isPaneLike {
      if bindings[index].action == action {
        bindings[index].keys = keys
      } else if changes[bindings[index].action.rawValue] == nil {
        bindings[index].keys.removeAll(where: keys.contains)
      } else {
        // It has its own wish in the same file, which is carried out by itself.
        let wish = changes[bindings[index].action.rawValue] ?? []
        bindings[index].keys.removeAll { keys.contains($0) && !wish.contains($0) }
      }
    }
  }
}
