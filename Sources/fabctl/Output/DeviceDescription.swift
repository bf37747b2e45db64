import Control
import Fleet

/// The sections of `fabctl describe`.
struct DeviceDescription {
  private let device: DeviceSnapshot
  private let snapshot: FleetSnapshot
  private let provenance: [String: Provenance]

  init(_ device: DeviceSnapshot, _ snapshot: FleetSnapshot, _ provenance: [String: Provenance]) {
    self.device = device
    self.snapshot = snapshot
    self.provenance = provenance
  }

  var lines: [String] {
    var lines = head
    lines += ["", "Registers:"]
    for (index, register) in device.view.registers.enumerated() { lines += describe(register, index) }
    let events = snapshot.events.filter { $0.device == device.id }.suffix(10)
    lines += ["", "Events:"] + (events.isEmpty ? ["  none"] : [])
    for event in events { lines.append("  \(event.at.rfc3339)  \(event.reason)  \(event.message)") }
    return lines
  }

  private var head: [String] {
    let spec = device.spec
    let view = device.view
    var lines = [
      "Name:          \(device.id.name)", "Namespace:     \(device.id.namespace)",
      "Labels:        \(spec.labels.isEmpty ? "none" : spec.labels.map { "\($0.key)=\($0.value)" }.joined(separator: ", "))",
      "Tags:          \(spec.tags.isEmpty ? "none" : spec.tags.joined(separator: ", "))",
      "Device:        \(StatusTable.place(spec)), unit \(spec.unitID), every \(spec.pollInterval.brief)",
      "Status:        \(view.status.rawValue) (\(view.phase.rawValue))",
      "Message:       \(view.message.isEmpty ? "-" : view.message)",
      "Last read:     \(view.lastRead.map { "\($0.rfc3339), \((snapshot.at - $0).brief) ago" } ?? "never")",
      "Drift events:  \(view.driftEvents)", "Corrections:   \(view.corrections)",
      "Revision:      \(snapshot.source.revision)",
    ]
    if let error = view.lastError { lines.append("Last error:    \(error)") }
    return lines
  }

  private func describe(_ register: RegisterView, _ index: Int) -> [String] {
    let spec = register.spec
    var lines = [
      "  \(spec.name)  (\(spec.table.rawValue) \(Int(spec.address) + device.spec.addressBase), \(spec.type.rawValue))"
    ]
    if let desired = spec.desired {
      var line = "    Desired:   \(desired.formattedWithUnit(spec))"
      if let origin = provenance[spec.name] {
        line +=
          "  \(origin.commit.prefix(10)) \(origin.author), \((snapshot.at - origin.time).brief) ago,"
          + " \(origin.location.file):\(origin.location.line)  \(origin.subject)"
      } else if index < device.sources.count, let place = device.sources[index] {
        line += "  \(place.file):\(place.line)"
      }
      lines.append(line)
    } else {
      lines.append("    Desired:   -  (monitored only)")
    }
    lines.append("    Actual:    \(StatusTable.actual(register, device.view))")
    if let inSync = register.inSync { lines.append("    In sync:   \(inSync ? "yes" : "no")") }
    for refusal in register.refusals where spec.desired != nil {
      lines.append("    Not written because: \(refusal.explanation)")
    }
    return lines
  }
}
