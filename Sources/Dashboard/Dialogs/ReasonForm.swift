import Control
import Fleet
import Terminal

/// One line: why. What it is about is done with Enter; a hold is in force already, and only gets its reason.
struct ReasonForm: Sendable {
  enum Purpose: Hashable, Sendable {
    case hold
    case suspend([DeviceID])
    case acknowledge([DeviceID])
    case adopt(DeviceID, registers: [String])
  }

  let purpose: Purpose
  /// What it is about, a line each.
  var lines: [String] = []
  var reason = TextField()
  var problem: String?

  var title: String {
    switch purpose {
    case .hold: "All writes are held"
    case .suspend(let devices): "Suspend \(Self.what(devices))"
    case .acknowledge(let devices): "Acknowledge \(Self.what(devices))"
    case .adopt(let device, _): "Adopt what \(device.name) has"
    }
  }

  var explanation: String {
    switch purpose {
    case .hold: "Held at once. Why? Everybody who looks will see it. Esc leaves it without a reason."
    case .suspend: "Read on, never written, until somebody resumes it."
    case .acknowledge:
      "Seen, and somebody is on it. It sinks below what nobody has seen. A reason is optional."
    case .adopt: "A commit on a new branch makes it the desired state. Nothing is written to the PLC."
    }
  }

  var button: String {
    switch purpose {
    case .hold: "Say why"
    case .suspend: "Suspend"
    case .acknowledge: "Acknowledge"
    case .adopt: "Commit"
    }
  }

  private static func what(_ devices: [DeviceID]) -> String {
    devices.count == 1 ? devices[0].name : "\(ValueFormat.grouped(devices.count)) devices"
  }
}

extension Model {
  /// Suspended devices are asked to be resumed; others are suspended, with a reason.
  mutating func openSuspend() {
    let devices = targets
    guard !devices.isEmpty else { return say("no device under the cursor", .warning) }
    let suspended = devices.filter { index.device($0)?.view.suspendedBy != nil }
    if suspended.count == devices.count { return openResume() }
    overlay = .reason(ReasonForm(purpose: .suspend(devices)))
  }

  /// What the selected device has is asked to be made the desired state, with a reason for who reviews the commit.
  mutating func openAdopt() {
    guard let device else { return }
    let registers = adoptable
    let names = registers.map { DisplayWidth.of($0.spec.name) }.max() ?? 0
    var form = ReasonForm(purpose: .adopt(device.id, registers: registers.map(\.spec.name)))
    form.lines = registers.map { register in
      let format = ValueFormat(register.spec)
      let from = register.spec.desired.map(format.text) ?? "nothing"
      let to = register.actual.map(format.text) ?? "?"
      let unit = register.spec.unit.isEmpty ? "" : " \(register.spec.unit)"
      return "\(TextFit.pad(register.spec.name, to: names))  Git \(from) \(arrow) \(to)\(unit)"
    }
    overlay = .reason(form)
  }

  mutating func perform(_ action: KeyAction, _ form: ReasonForm) {
    switch action {
    case .cancel: overlay = nil
    case .press: finish(form)
    default: break
    }
  }

  private mutating func finish(_ form: ReasonForm) {
    let reason = form.reason.text.trimmed
    let name = settings.operatorName
    switch form.purpose {
    case .hold:
      overlay = nil
      if !reason.isEmpty { submit(.hold(reason: reason, by: name), saying: "held: \(reason)") }
    case .suspend(let devices):
      guard !reason.isEmpty else {
        var asking = form
        asking.problem = "a suspension needs a reason: the next shift will ask"
        overlay = .reason(asking)
        return
      }
      overlay = nil
      submit(.suspend(devices, reason: reason, by: name), saying: "suspended: read on, never written")
    case .acknowledge(let devices):
      overlay = nil
      submit(.acknowledge(devices, reason: reason, by: name), saying: "acknowledged")
    case .adopt(let device, let registers):
      guard !reason.isEmpty else {
        var asking = form
        asking.problem = "a commit needs a reason: who reviews it will ask"
        overlay = .reason(asking)
        return
      }
      overlay = nil
      let token = token()
      adopting = token
      emit(.adopt(token: token, device, registers: registers, reason: reason, by: name))
      say("committing", .info)
    }
  }
}
