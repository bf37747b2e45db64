import Control
import Fleet
import Terminal

/// The texts of one line of the fleet list.
struct FleetLine {
  let device: DeviceSnapshot
  let isMarked: Bool
  var register = ""
  var unit = ""
  var desired = ""
  var actual = ""
  var delta = ""
  var since = ""
  var age: String
  var isLate: Bool
  var word: String
  var role: Role
  var isLive: Bool
  var isDrifted = false

  var address: String {
    let port = device.spec.port == 502 ? "" : ":\(device.spec.port)"
    return device.spec.address + port
  }
  var phase: String { device.view.phase.rawValue }
  var tags: String { device.spec.tags.joined(separator: ",") }

  init(_ device: DeviceSnapshot, _ model: Model) {
    let view = device.view
    self.device = device
    isMarked = model.marked.contains(device.id)
    role = view.role
    word = view.word
    isLive = view.isLive
    (age, isLate) = AgeText.of(view.lastRead, interval: device.spec.pollInterval, model.time)
    if view.lastRead == nil { age = String(Character(model.glyphs.noValue)) }
    if view.status != .inSync, let since = device.troubleSince { self.since = model.time.coarseAge(since) }
    guard let register = Headline.register(of: view) else { return }
    let format = ValueFormat(register.spec)
    self.register = register.spec.name
    unit = register.spec.unit
    desired = register.spec.desired.map(format.text) ?? ""
    let isKnown = isLive && register.exception == nil
    actual =
      register.actual.map { isKnown ? format.text($0) : "?" } ?? String(Character(model.glyphs.noValue))
    isDrifted = register.inSync == false
    if isKnown, let want = register.spec.desired, let is_ = register.actual {
      delta = format.delta(from: want, to: is_) ?? (isDrifted ? "differs" : "")
    }
  }
}

/// Ages that stay still while all is well.
enum AgeText {
  /// `<5s` while readings come as they should: the text changes only when they do not.
  static func of(_ read: WallTime?, interval: TimeSpan, _ time: TimeText) -> (text: String, isLate: Bool) {
    guard let read else { return ("never", true) }
    let age = time.now - read
    if age <= interval + .seconds(2) { return ("<\(TimeText.short(max(interval, .seconds(1))))", false) }
    return (time.age(read), true)
  }
}

extension DeviceSnapshot {
  /// When the present state began, as far as is known. An attempt to connect that fails again begins nothing new.
  var troubleSince: WallTime? {
    let began = since ?? view.lastTransition
    return switch view.status {
    case .drifted, .contested: view.registers.compactMap { $0.inSync == false ? $0.driftSeen : nil }.min()
    case .unreachable, .stale: view.lastRead ?? began
    case .shelved: view.shelf?.since ?? began
    case .inSync, .pending, .suspended, .invalid: began
    }
  }
}
