import Control
import Fleet
import Terminal

/// What there is to know about one register, in the order in which an operator asks.
enum RegisterFacts {
  struct Fact {
    var label: String
    var text: String
    var role: Role = .text
    var labelRole: Role = .dim
    var mayWrap = false
  }

  static let labelWidth = 8

  static func of(_ register: RegisterView, index: Int, _ device: DeviceSnapshot, _ model: Model) -> [Fact] {
    let format = ValueFormat(register.spec)
    var facts: [Fact] = []
    if let exception = register.exception {
      facts.append(
        Fact(label: "refused", text: "the device gives \(exceptionName(exception))", role: .invalid))
    }
    if let fact = drift(register, model.time) { facts.append(fact) }
    facts += refusals(register, device, model) + said(device, model)
    facts.append(wanted(register, index: index, device, format, model))
    facts.append(present(register, device, format, model.time))
    if let shelf = register.shelf ?? device.view.shelf {
      let reason = shelf.reason.isEmpty ? "" : ": \(shelf.reason)"
      facts.append(
        Fact(
          label: "shelved", text: "by \(shelf.by) until \(model.time.moment(shelf.until))\(reason)",
          role: .shelved))
    }
    if let outcome = register.lastOutcome {
      let when = register.lastCorrection.map { ", corrected \(model.time.moment($0))" } ?? ""
      facts.append(
        Fact(
          label: "last", text: outcome.sentence(format) + when, role: outcome.isGood ? .text : .warning,
          mayWrap: true))
    }
    if let known = model.provenance.of(device.id, register: register.spec.name) {
      facts.append(
        Fact(
          label: "commit", text: "\(known.commit.prefix(RevisionText.digits)) \(known.subject)",
          role: .provenance))
    }
    facts.append(Fact(label: "limits", text: limits(register, format), role: .dim))
    if let wear = register.wear {
      facts.append(
        Fact(label: "wear", text: wear.text, role: wear.daysLeft.map { $0 < 30 } == true ? .warning : .dim))
    }
    facts.append(Fact(label: "wiring", text: wiring(register.spec, device.spec), role: .dim))
    facts.append(Fact(label: "count", text: counts(register), role: .dim))
    return facts
  }

  /// The onset lies between the last reading still in sync and the first that was not.
  private static func drift(_ register: RegisterView, _ time: TimeText) -> Fact? {
    guard register.inSync == false, let seen = register.driftSeen else { return nil }
    let ago = "(\(time.age(seen)) ago)"
    guard let after = register.driftAfter else {
      return Fact(label: "drifted", text: "when first read, \(time.moment(seen)) \(ago)", role: .drifted)
    }
    return Fact(
      label: "drifted", text: "between \(time.moment(after)) and \(time.moment(seen)) \(ago)", role: .drifted)
  }

  private static func refusals(_ register: RegisterView, _ device: DeviceSnapshot, _ model: Model) -> [Fact] {
    guard register.inSync == false || !register.refusals.isEmpty else { return [] }
    if register.refusals.isEmpty {
      let text = device.view.phase == .correcting ? "correcting now" : ""
      return text.isEmpty ? [] : [Fact(label: "writing", text: text, role: .correcting)]
    }
    return register.refusals.enumerated().map { index, refusal in
      Fact(
        label: index == 0 ? "no write" : "", text: refusal.explanation(clock: model.time.moment),
        role: .actual, labelRole: .warning, mayWrap: true)
    }
  }

  /// Why somebody suspended or acknowledged the device, as the events tell it.
  private static func said(_ device: DeviceSnapshot, _ model: Model) -> [Fact] {
    let events = model.shown?.events ?? []
    func fact(_ label: String, _ reason: String, endedBy end: String) -> [Fact] {
      let last = events.last { $0.device == device.id && ($0.reason == reason || $0.reason == end) }
      guard let last, last.reason == reason else { return [] }
      return [Fact(label: label, text: "\(last.message), \(model.time.moment(last.at))", mayWrap: true)]
    }
    return (device.view.suspendedBy == nil ? [] : fact("why", "SuspendReason", endedBy: "Resumed"))
      + (device.acknowledgedBy == nil ? [] : fact("seen", "Acknowledged", endedBy: ""))
  }

  private static func wanted(
    _ register: RegisterView, index: Int, _ device: DeviceSnapshot, _ format: ValueFormat, _ model: Model
  ) -> Fact {
    guard let desired = register.spec.desired else {
      return Fact(label: "Git", text: "nothing desired: monitored only", role: .dim)
    }
    let unit = register.spec.unit.isEmpty ? "" : " \(register.spec.unit)"
    var text = "\(format.text(desired))\(unit)"
    if let known = model.provenance.of(device.id, register: register.spec.name) {
      text +=
        "  \(known.author), \(model.time.age(known.time)) ago  \(known.location.text)"
    } else if device.sources.indices.contains(index), let location = device.sources[index] {
      text += "  \(location.text)"
    }
    return Fact(label: "Git", text: text, role: .desired, mayWrap: true)
  }

  private static func present(
    _ register: RegisterView, _ device: DeviceSnapshot, _ format: ValueFormat, _ time: TimeText
  ) -> Fact {
    guard let actual = register.actual, let read = register.lastRead else {
      return Fact(label: "PLC", text: "never read", role: .pending)
    }
    let unit = register.spec.unit.isEmpty ? "" : " \(register.spec.unit)"
    let value = "\(format.text(actual))\(unit)"
    let age = AgeText.of(read, interval: device.spec.pollInterval, time)
    if device.view.isLive, !age.isLate {
      return Fact(label: "PLC", text: "\(value)  read every \(device.spec.pollInterval.brief)", role: .actual)
    }
    return Fact(
      label: "PLC", text: "was \(value) at \(time.moment(read)), \(time.age(read)) ago: not known now",
      role: device.view.isLive ? .stale : device.view.role, mayWrap: true)
  }

  private static func limits(_ register: RegisterView, _ format: ValueFormat) -> String {
    let spec = register.spec
    func plain(_ number: Double) -> String { ValueFormat.fixed(number, ValueFormat.places(of: number)) }
    var parts = ["tolerance \(plain(spec.tolerance))"]
    if spec.minimum != nil || spec.maximum != nil {
      parts.append("\(spec.minimum.map(plain) ?? "...") to \(spec.maximum.map(plain) ?? "...")")
    }
    if let step = spec.maxStep { parts.append("step up to \(plain(step))") }
    // Negative: not known, as when only a status tells of the device.
    if register.budgetLeft >= 0 { parts.append("\(register.budgetLeft) writes left this hour") }
    return parts.joined(separator: ", ")
  }

  private static func wiring(_ spec: RegisterSpec, _ device: DeviceSpec) -> String {
    var text = "\(spec.table.rawValue) \(Int(spec.address) + device.addressBase) \(spec.type.rawValue)"
    if spec.wordCount > 1, spec.type != .string { text += " \(spec.order.rawValue)" }
    if let bit = spec.bit { text += " bit \(bit)" }
    if spec.scale != 1 {
      text += ", scale \(ValueFormat.fixed(spec.scale, ValueFormat.places(of: spec.scale)))"
    }
    return text
  }

  private static func counts(_ register: RegisterView) -> String {
    let drifts = register.driftEvents == 1 ? "1 drift" : "\(register.driftEvents) drifts"
    let corrections = register.corrections == 1 ? "1 correction" : "\(register.corrections) corrections"
    return "\(drifts), \(corrections)"
  }
}
