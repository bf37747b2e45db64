import Control
import Fleet

/// Everything a key can mean.
enum KeyAction: String, CaseIterable, Hashable, Sendable {
  case down, up, pageDown, pageUp, top, bottom
  case nextPane, previousPane, pane1, pane2, pane3, pane4, pane5, zoom, back
  case sync, syncShown, acknowledge, shelve, suspend, adopt, refresh, copy, toggleMark, hold
  case filter, cycleSort, cycleGrouping, diff, problems, palette, help, themes, freeze
  case zoomIn, zoomOut, timelineBack, timelineForth, timelinePageBack, timelinePageForth, timelineReset
  case saveScreen, redraw, suspendProcess, quit
  // In dialogs.
  case confirm, cancel, press, otherButton, toggleForce, nextField, previousField, complete
}

extension Model {
  /// Why an action cannot be had now, in words for the operator; `nil`: it can.
  func refusal(of action: KeyAction) -> String? {
    switch action {
    case .sync: syncRefusal ?? (targets.isEmpty ? "no device under the cursor" : nil)
    case .syncShown: syncRefusal ?? (index.order.isEmpty ? "no device is shown" : nil)
    case .hold: missing(.hold)
    case .shelve: missing(.shelve) ?? noTarget
    case .suspend: missing(.suspend) ?? noTarget
    case .acknowledge: noSnapshot ?? noTarget
    case .adopt:
      missing(.adopt) ?? noDevice
        ?? (adopting != nil ? "a commit is being made: one moment" : nil)
        ?? (adoptable.isEmpty ? "nothing has drifted here: there is nothing to adopt" : nil)
    case .refresh: missing(.refresh) ?? noTarget
    case .diff: noTarget
    case .toggleMark: index.order.isEmpty ? "no device is shown" : nil
    case .freeze: noSnapshot
    case .toggleForce: forceRefusal
    case .confirm, .otherButton: confirmRefusal
    case .problems: problems.isEmpty ? "no problems" : nil
    default: nil
    }
  }

  private func missing(_ ability: Capabilities.Ability) -> String? {
    capabilities.refusal(of: ability) ?? noSnapshot
  }

  private var noSnapshot: String? { latest == nil ? "still connecting" : nil }
  private var noTarget: String? { targets.isEmpty ? "no device under the cursor" : nil }
  private var noDevice: String? { device == nil ? "no device under the cursor" : nil }

  private var confirmRefusal: String? {
    guard case .sync(let dialog) = overlay else { return nil }
    if case .running = dialog.stage { return "confirmed already: this is the outcome" }
    if dialog.isReviewing { return dialog.writes.isEmpty ? "there is nothing to write" : nil }
    return "one moment: the engine is being asked"
  }

  private var forceRefusal: String? {
    guard case .sync(let dialog) = overlay, dialog.isReviewing else { return "nothing to force yet" }
    return dialog.forceWouldHelp ? nil : "no window stands in the way: force would change nothing"
  }

  /// What stands in the way of every sync: the gates that are the same for all devices.
  var syncRefusal: String? {
    if let reason = missing(.sync) { return reason }
    guard let latest else { return nil }
    if let hold = latest.gates.hold {
      return Refusal.held(hold).explanation(clock: time.moment) + "; H releases"
    }
    // An attached engine asks the cluster's operator: whether this process leads says nothing.
    if latest.mode != .attached, latest.gates.leadershipUntil == nil {
      return Refusal.notLeading(holder: latest.gates.leader).explanation(clock: time.moment)
    }
    return nil
  }

  /// Registers of the selected device that differ from Git and can be read.
  var adoptable: [RegisterView] {
    guard let view = device?.view else { return [] }
    return view.registers.filter { $0.inSync == false && $0.actual != nil }
  }
}
