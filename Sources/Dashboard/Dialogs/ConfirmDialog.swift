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
    lines.append("After the release corrections go on at once.")
    lines += writes(to: nil) { if case .held = $0 { true } else { false } }
    return ConfirmDialog(purpose: .release, title: "Release the hold", lines: lines, confirmLabel: "Release")
  }

  /// What would be written when the refusals that `lifts` names are no more: a line each; `nil` are all devices.
  func writes(to devices: [DeviceID]?, lifts: (Refusal) -> Bool) -> [String] {
    // What a cluster's operator refuses is known in words only.
    guard let latest, latest.mode != .attached else { return [] }
    let wanted = devices.map(Set.init)
    var found: [String] = []
    for device in latest.devices where wanted?.contains(device.id) ?? true {
      for register in device.view.registers where register.inSync == false {
        guard let desired = register.spec.desired, !register.refusals.isEmpty,
          register.refusals.allSatisfy(lifts)
        else { continue }
        let format = ValueFormat(register.spec)
        let unit = register.spec.unit.isEmpty ? "" : " \(register.spec.unit)"
        let before = register.actual.map(format.text) ?? "?"
        found.append(
          "  \(device.id.name)  \(register.spec.name)  \(before) \(arrow) \(format.text(desired))\(unit)")
      }
    }
    guard !found.isEmpty else { return ["Nothing would be written now."] }
    let listed = found.count > Self.writesListed ? found.prefix(Self.writesListed - 1) : found[...]
    let more = found.count - listed.count
    return [
      "", found.count == 1 ? "Would be written now:" : "\(found.count) registers would be written now:",
    ] + listed
      + (more > 0 ? ["  and \(more) more"] : [])
  }

  private static let writesListed = 10

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
