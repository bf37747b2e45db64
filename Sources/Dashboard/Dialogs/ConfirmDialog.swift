import Control
import Fleet
import Terminal

/// A question with Cancel as default, for everything that lets writes happen again or leaves something
/// behind.
struct ConfirmDialog: Sendable {
  enum Purpose: Hashable, Sendable {
    case release
    case resume([DeviceID])
    case unshelve([DeviceID], register: String?)
    case retryContested([DeviceID])
  }

  var purpose: Purpose
  var title: String
  var lines: [String]
  var confirmLabel: String
  var confirmHasFocus = false
  var scroll = 0
}

extension Model {
  func releaseDialog() -> ConfirmDialog {
    var lines: [String] = []
    if let hold = latest?.gates.hold {
      lines.append("Held by \(hold.by) since \(time.moment(hold.since)) (\(time.age(hold.since)))")
      if !hold.reason.isEmpty { lines.append("Reason: \(hold.reason)") }
      lines.append("")
    }
    let drifted = (latest?.totals[.drifted] ?? 0) + (latest?.totals[.contested] ?? 0)
    lines.append("After the release corrections go on at once.")
    lines.append(
      drifted == 0
        ? "No device is drifted now." : "\(drifted) drifted now: those with autoCorrect are written.")
    return ConfirmDialog(purpose: .release, title: "Release the hold", lines: lines, confirmLabel: "Release")
  }

  var arrow: String { String(Character(glyphs.arrowRight)) }

  mutating func ask(_ purpose: ConfirmDialog.Purpose, title: String, lines: [String], label: String) {
    overlay = .confirm(ConfirmDialog(purpose: purpose, title: title, lines: lines, confirmLabel: label))
  }

  mutating func perform(_ action: KeyAction, _ dialog: ConfirmDialog) {
    var dialog = dialog
    switch action {
    case .cancel: overlay = nil
    case .press where !dialog.confirmHasFocus: overlay = nil
    case .press, .confirm:
      overlay = nil
      carryOut(dialog.purpose)
    case .otherButton:
      dialog.confirmHasFocus.toggle()
      overlay = .confirm(dialog)
    case .down, .up:
      dialog.scroll = min(max(dialog.scroll + (action == .down ? 1 : -1), 0), max(dialog.lines.count - 1, 0))
      overlay = .confirm(dialog)
    default: break
    }
  }

  private mutating func carryOut(_ purpose: ConfirmDialog.Purpose) {
    let name = settings.operatorName
    switch purpose {
    case .release: submit(.release(by: name), saying: "releasing the hold")
    case .resume(let devices): submit(.resume(devices, by: name), saying: "resuming")
    case .unshelve(let devices, let register):
      submit(.unshelve(devices, register: register, by: name), saying: "unshelving")
    case .retryContested(let devices): submit(.retryContested(devices, by: name), saying: "trying again")
    }
  }
}
