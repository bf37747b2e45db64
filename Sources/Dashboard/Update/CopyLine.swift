import Control
import Fleet

extension Model {
  /// What `y` takes: the event, register or device under the cursor, as one line for a ticket or a chat.
  mutating func copyLine() {
    guard let text = lineUnderCursor else { return say("nothing to copy here", .warning) }
    emit(.copy(text))
    say("copied: \(text)", .info)
  }

  private var lineUnderCursor: String? {
    if focus == .events {
      let visible = shownEvents
      let event = events.cursor.flatMap { cursor in visible.first { $0.sequence <= cursor } } ?? visible.first
      return event.map { event in
        [event.at.rfc3339, event.reason, event.device?.description, event.register, event.message].compactMap
        { $0 }
        .joined(separator: " ")
      }
    }
    guard let device else { return nil }
    let registers = focus == .fleet || focus == .timeline ? [Headline.register(of: device.view)] : [register]
    guard let register = registers.first ?? nil else { return "\(device.id) \(device.view.status.rawValue)" }
    let format = ValueFormat(register.spec)
    var parts = ["\(device.id)", register.spec.name]
    if let desired = register.spec.desired { parts.append("desired=\(format.text(desired))") }
    if let actual = register.actual { parts.append("actual=\(format.text(actual))") }
    if let desired = register.spec.desired, let actual = register.actual,
      let delta = format.delta(from: desired, to: actual)
    {
      parts.append("delta=\(delta)")
    }
    if !register.spec.unit.isEmpty { parts.append("unit=\(register.spec.unit)") }
    parts.append(device.view.status.rawValue)
    if let read = register.lastRead { parts.append("read=\(read.rfc3339)") }
    return parts.joined(separator: " ")
  }
}
