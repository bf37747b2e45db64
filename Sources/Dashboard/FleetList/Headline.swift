import Control
import Fleet
import Terminal

/// Which register speaks for a device in one line.
enum Headline {
  /// The first that drifted, else the first with a desired value, else the first.
  static func index(of view: DeviceView) -> Int {
    view.registers.firstIndex { $0.inSync == false } ?? view.registers.firstIndex { $0.spec.desired != nil }
      ?? 0
  }

  static func register(of view: DeviceView) -> RegisterView? {
    view.registers.isEmpty ? nil : view.registers[index(of: view)]
  }
}

extension DeviceStatus {
  /// In words, lower case.
  var word: String {
    switch self {
    case .inSync: "in sync"
    case .pending: "pending"
    case .suspended: "suspended"
    case .shelved: "shelved"
    case .drifted: "drifted"
    case .contested: "contested"
    case .stale: "stale"
    case .unreachable: "unreachable"
    case .invalid: "invalid"
    }
  }

  var role: Role {
    switch self {
    case .inSync: .good
    case .pending: .pending
    case .suspended: .suspended
    case .shelved: .shelved
    case .drifted: .drifted
    case .contested: .contested
    case .stale: .stale
    case .unreachable: .unreachable
    case .invalid: .invalid
    }
  }
}

extension DeviceView {
  /// The glyph and colour of the device: its status, or what is being done about it.
  var role: Role {
    if uncertain { return .uncertain }
    if phase == .correcting { return .correcting }
    return status.role
  }

  var word: String {
    if uncertain { return "uncertain" }
    if phase == .correcting { return "correcting" }
    return status.word
  }

  /// Whether the last values may be taken for the present ones.
  var isLive: Bool {
    !stale && status != .unreachable && status != .stale && status != .pending && status != .invalid
  }
}

extension RegisterView {
  /// The role of one register in a device that can be read.
  func role(in view: DeviceView) -> Role {
    if exception != nil { return .invalid }
    if !view.isLive { return view.status.role }
    if contested { return .contested }
    if shelf != nil { return .shelved }
    switch inSync {
    case true?: return .good
    case false?: return view.phase == .correcting ? .correcting : .drifted
    case nil: return actual == nil ? .pending : .info
    }
  }

  func word(in view: DeviceView) -> String {
    if let exception { return "refused (exception \(exception))" }
    if !view.isLive { return view.status.word }
    if contested { return "contested" }
    if shelf != nil { return "shelved" }
    switch inSync {
    case true?: return "in sync"
    case false?: return view.phase == .correcting ? "correcting" : "drifted"
    case nil: return actual == nil ? "not read yet" : "monitored"
    }
  }
}
