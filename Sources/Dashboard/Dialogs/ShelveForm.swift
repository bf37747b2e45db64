import Control
import Fleet
import Terminal

/// How long and why: a shelf is timed, reasoned and attributed (ISA-18.2).
struct ShelveForm: Sendable {
  enum Field: Int, CaseIterable, Hashable, Sendable {
    case duration, reason, button
  }

  let devices: [DeviceID]
  let register: String?
  var duration = TextField("1h")
  var reason = TextField()
  var field: Field = .duration
  var problem: String?

  /// What Left and Right step through.
  static let offers = ["15m", "30m", "1h", "2h", "4h", "8h", "24h", "3d", "7d"]
  static let longest = TimeSpan.seconds(30 * 86_400)

  mutating func type(_ key: Key) {
    problem = nil
    switch field {
    case .duration:
      if key == .left || key == .right { return step(key == .right ? 1 : -1) }
      _ = duration.edit(key)
    case .reason: _ = reason.edit(key)
    case .button: break
    }
  }

  mutating func insert(_ text: String) {
    switch field {
    case .duration: duration.insert(text)
    case .reason: reason.insert(text)
    case .button: break
    }
  }

  private mutating func step(_ by: Int) {
    let index = Self.offers.firstIndex(of: duration.text) ?? 2
    duration = TextField(Self.offers[min(max(index + by, 0), Self.offers.count - 1)])
  }

  mutating func moveField(_ by: Int) {
    field = Field(rawValue: (field.rawValue + by + 3) % 3) ?? .duration
  }

  /// `90m`, `1h30m`, `2d`, `45` (minutes); `nil` when it is none, or longer than 30 days.
  static func span(_ text: String) -> TimeSpan? {
    var seconds = 0
    var digits = ""
    for character in text.lowercased() where character != " " {
      if character.isASCII, character.isNumber {
        guard digits.count < 7 else { return nil }
        digits.append(character)
        continue
      }
      guard let number = Int(digits), let unit = ["s": 1, "m": 60, "h": 3600, "d": 86_400][character] else {
        return nil
      }
      seconds += number * unit
      digits = ""
    }
    if let minutes = Int(digits) { seconds += minutes * 60 }
    let span = TimeSpan.seconds(seconds)
    return seconds > 0 && span <= longest ? span : nil
  }
}

extension Model {
  /// On Git vs Reality: one register; else devices. What is shelved already is asked to be unshelved.
  mutating func openShelve() {
    if focus == .reality, marked.isEmpty, let device, let register {
      if register.shelf != nil {
        return ask(
          .unshelve([device.id], register: register.spec.name), title: "End the shelf",
          lines: ["\(device.id.name) \(register.spec.name): corrections go on, alarms sound again."],
          label: "Unshelve")
      }
      overlay = .shelve(ShelveForm(devices: [device.id], register: register.spec.name))
      return
    }
    let targets = self.targets
    let shelved = targets.filter { index.device($0)?.view.shelf != nil }
    if !shelved.isEmpty, shelved.count == targets.count {
      let what = shelved.count == 1 ? shelved[0].name : "\(shelved.count) devices"
      return ask(
        .unshelve(shelved, register: nil), title: "End the shelf",
        lines: ["\(what): corrections go on, alarms sound again."], label: "Unshelve")
    }
    overlay = .shelve(ShelveForm(devices: targets, register: nil))
  }

  mutating func perform(_ action: KeyAction, _ form: ShelveForm) {
    var form = form
    switch action {
    case .cancel:
      overlay = nil
      return
    case .nextField: form.moveField(1)
    case .previousField: form.moveField(-1)
    case .press:
      guard form.field == .button else {
        form.moveField(1)
        break
      }
      guard let span = ShelveForm.span(form.duration.text) else {
        form.problem = "a duration is like 30m, 1h30m or 2d, and at most 30 days"
        form.field = .duration
        break
      }
      let reason = form.reason.text.trimmed
      guard !reason.isEmpty else {
        form.problem = "a shelf needs a reason: the next shift will ask"
        form.field = .reason
        break
      }
      overlay = nil
      submit(
        .shelve(form.devices, register: form.register, for: span, reason: reason, by: settings.operatorName),
        saying: "shelved for \(form.duration.text)")
      return
    default: break
    }
    overlay = .shelve(form)
  }
}

extension String {
  /// Without blanks at its ends.
  var trimmed: String {
    var rest = Substring(self)
    while rest.first?.isWhitespace == true { rest.removeFirst() }
    while rest.last?.isWhitespace == true { rest.removeLast() }
    return String(rest)
  }
}
