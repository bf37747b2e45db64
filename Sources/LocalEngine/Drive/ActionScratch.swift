import Control

/// Room for the actions of a step, lent to whichever driver is stepping: one of its own for each of ten thousand would
/// lie idle nearly all the time. One driver's actions may make another step, hence more than one. Confined to the
/// engine's loop.
final class ActionScratch {
  private var spare: [[Action]] = []

  /// Empty, with room.
  func borrow() -> [Action] { spare.popLast() ?? [] }

  func giveBack(_ actions: consuming [Action]) {
    actions.removeAll(keepingCapacity: true)
    spare.append(actions)
  }
}
