import Control
import Fleet
import Manifest

/// The sections of `fabctl describe`.
struct DeviceDescription {
  private let device: DeviceSnapshot
  private let snapshot: FleetSnapshot
  var provenance: [String: Provenance] = [:]
  /// Who runs the control loop; `nil`: nobody.
  var controller: String?
  /// From the journal, oldest first.
  var past: [FleetEvent] = []
  /// As the operator wrote them; `nil`: made from the reading.
  var conditionsTold: [PLCCondition]?
  var revision: String

  init(_ device: DeviceSnapshot, _ snapshot: FleetSnapshot) {
    self.device = device
    self.snapshot = snapshot
    revision = snapshot.source.revision
  }

  var lines: [String] {
    var lines = head
    lines += ["", "Registers:"]
    for (index, register) in device.view.registers.enumerated() { lines += describe(register, index) }
    lines += ["", "Conditions:"] + conditions
    lines += ["", "Events:"] + events
    return lines
  }

  private var head: [String] {
    let spec = device.spec
    let view = device.view
    let labels = spec.labels.map { "\($0.key)=\($0.value)" }.joined(separator: ", ")
    var lines = [
      "Name:          \(device.id.name)", "Namespace:     \(device.id.namespace)",
      "Labels:        \(labels.isEmpty ? "none" : labels)",
      "Tags:          \(spec.tags.isEmpty ? "none" : spec.tags.joined(separator: ", "))",
      "Device:        \(StatusTable.place(spec)), unit \(spec.unitID), every \(spec.pollInterval.brief)",
      "Auto-correct:  \(spec.autoCorrect ? "yes" : "no")",
      "Status:        \(view.status.rawValue) (\(view.phase.rawValue))",
      "Message:       \(view.message.isEmpty ? "-" : view.message)",
      "Last read:     \(view.lastRead.map { "\($0.rfc3339), \((snapshot.at - $0).brief) ago" } ?? "never")",
      "Drift events:  \(view.driftEvents)", "Corrections:   \(view.corrections)",
    ]
    if let shelf = view.shelf {
      lines.append("Shelved:       by \(shelf.by) until \(shelf.until.rfc3339): \(shelf.reason)")
    }
    if let by = view.suspendedBy { lines.append("Suspended:     by \(by)") }
    if let hold = snapshot.gates.hold {
      let why = hold.reason.isEmpty ? "" : ": \(hold.reason)"
      lines.append("Held:          all writes, by \(hold.by) since \(hold.since.rfc3339)\(why)")
    }
    lines.append("Controller:    \(controller ?? "none (start `fabctl watch`, or `fabctl sync` once)")")
    lines.append("Revision:      \(revision.isEmpty ? "-" : revision)")
    if !snapshot.source.author.isEmpty {
      let subject = snapshot.source.subject
      lines.append("               by \(snapshot.source.author)\(subject.isEmpty ? "" : ": \(subject)")")
    }
    if let error = view.lastError { lines.append("Last error:    \(error)") }
    for problem in snapshot.health.problems { lines.append("Problem:       \(problem)") }
    return lines
  }

  private func describe(_ register: RegisterView, _ index: Int) -> [String] {
    let spec = register.spec
    let address = Int(spec.address) + device.spec.addressBase
    var lines = ["  \(spec.name)  (\(spec.table.rawValue) \(address), \(spec.type.rawValue))"]
    lines.append("    Desired:   " + desired(spec, index))
    lines.append("    Actual:    \(StatusTable.actual(register, device.view))\(raw(register))")
    if let inSync = register.inSync { lines.append("    In sync:   \(inSync ? "yes" : "no")") }
    if spec.minimum != nil || spec.maximum != nil || spec.maxStep != nil || spec.tolerance > 0 {
      lines.append("    Limits:    \(limits(spec))")
    }
    if register.driftEvents > 0 || register.corrections > 0 {
      lines.append("    Drifts:    \(register.driftEvents), corrected \(register.corrections)")
    }
    if let wear = register.wear { lines.append("    Wear:      \(wear.text)") }
    if let last = register.lastCorrection { lines.append("    Corrected: \(last.rfc3339)") }
    guard spec.desired != nil, register.inSync == false else { return lines }
    // That this command only looks is no reason of the plant's.
    let reasons = register.refusals.filter { $0.gate != 1 && $0.gate != 2 }
    for refusal in reasons { lines.append("    Not written because: \(refusal.explanation)") }
    if controller == nil { lines.append("    Not written because: nobody controls these devices now") }
    return lines
  }

  private func desired(_ spec: RegisterSpec, _ index: Int) -> String {
    guard let desired = spec.desired else { return "-  (monitored only)" }
    var line = desired.formattedWithUnit(spec)
    if let origin = provenance[spec.name] {
      line +=
        "  \(origin.commit.prefix(10)) \(origin.author), \((snapshot.at - origin.time).brief) ago,"
        + " \(origin.location.file):\(origin.location.line)  \(origin.subject)"
    } else if device.sources.indices.contains(index), let place = device.sources[index] {
      line += "  \(place.file):\(place.line)"
    }
    return line
  }

  private func raw(_ register: RegisterView) -> String {
    guard register.spec.scale != 1 || register.spec.offset != 0 || register.rawWords.count > 1 else {
      return ""
    }
    return register.rawWords.isEmpty
      ? "" : "  (raw \(register.rawWords.map(String.init).joined(separator: " ")))"
  }

  private func limits(_ spec: RegisterSpec) -> String {
    func text(_ number: Double) -> String { RegisterValue.real(number).formatted(spec) }
    var parts: [String] = []
    if spec.minimum != nil || spec.maximum != nil {
      parts.append("\(spec.minimum.map(text) ?? "…") to \(spec.maximum.map(text) ?? "…")")
    }
    if let step = spec.maxStep { parts.append("steps of \(text(step))") }
    if spec.tolerance > 0 { parts.append("tolerance \(text(spec.tolerance))") }
    return parts.joined(separator: ", ")
  }

  private var conditions: [String] {
    var table = TextTable(header: ["  TYPE", "STATUS", "REASON", "MESSAGE"])
    let all = conditionsTold ?? PLCCondition.all(of: device.spec, device.view, now: snapshot.at)
    table.rows = all.map {
      ["  \($0.kind.rawValue)", $0.status.rawValue, $0.reason, $0.message]
    }
    return table.lines()
  }

  /// The past from the journal, then what this reading saw; a drift that stands is not told twice.
  private var events: [String] {
    // That this command writes nothing is no event of the plant's.
    let now = snapshot.events.filter {
      $0.device == device.id && $0.severity > .info && $0.reason != "WriteRefused"
    }
    let latest = past.suffix(12)
    let fresh = now.filter { event in !latest.contains { $0.message == event.message } }
    let all = (latest + fresh).suffix(12)
    guard !all.isEmpty else { return ["  none"] }
    var table = TextTable(header: ["  TIME", "REASON", "MESSAGE"])
    table.rows = all.map { ["  \($0.at.rfc3339)", $0.reason, $0.message] }
    return table.lines()
  }
}
