import Control
import Fleet
import Terminal

/// One line: why. What it is about is done with Enter; a hold is in force already, and only gets its reason.
struct ReasonForm: Sendable {
  enum Purpose: Hashable, Sendable {
    case hold
    case suspend([DeviceID])
    case acknowledge([DeviceID])
  }

  let purpose: Purpose
  var reason = TextField()
  var problem: String?

  var title: String {
    switch purpose {
    case .hold: "All writes are held"
    case .suspend(let devices): "Suspend \(Self.what(devices))"
    case .acknowledge(let devices): "Acknowledge \(Self.what(devices))"
    }
  }

  var explanation: String {
    switch purpose {
    case .hold: "Held at once. Why? Everybody who looks will see it. Esc leaves it without a reason."
    case .suspend: "Read on, never written, until somebody resumes it."
    case .acknowledge:
      "Seen, and somebody is on it. It sinks below what nobody has seen. A reason is optional."
    }
  }

  var button: String {
    switch purpose {
    case .hold: "Say why"
    case .suspend: "Suspend"
    case .acknowledge: "Acknowledge"
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
    }
  }
}
