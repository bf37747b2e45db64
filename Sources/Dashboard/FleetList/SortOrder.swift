import Control
import Fleet

/// In what order the fleet list stands. Equal devices stand by name.
public enum SortOrder: String, CaseIterable, Hashable, Sendable {
  /// Worst status first, unacknowledged before acknowledged.
  case worst
  case name
  /// Longest without a good read first.
  case age
  /// Most drift events first.
  case drifts
  /// Largest difference from what is desired, relative to the desired value, first.
  case delta
  /// Latest change of state first.
  case changed

  var title: String {
    switch self {
    case .worst: "worst first"
    case .name: "by name"
    case .age: "oldest reading first"
    case .drifts: "most drifts first"
    case .delta: "largest % off first"
    case .changed: "latest change first"
    }
  }

  var next: SortOrder {
    let all = SortOrder.allCases
    let index = all.firstIndex(of: self) ?? 0
    return all[(index + 1) % all.count]
  }

  /// Ascending is first.
  func key(_ device: DeviceSnapshot) -> Int64 {
    let view = device.view
    switch self {
    case .worst: return -Int64(view.status.rank * 2 + (device.acknowledgedBy == nil ? 1 : 0))
    case .name: return 0
    case .age: return view.lastRead?.milliseconds ?? .min
    case .drifts: return -Int64(clamping: view.driftEvents)
    case .changed: return (device.since ?? view.lastTransition).map { -max($0.milliseconds, -.max) } ?? .max
    case .delta: return -Self.relativeDelta(device)
    }
  }

  /// The largest |actual − desired| of a register, in millionths of the desired value.
  private static func relativeDelta(_ device: DeviceSnapshot) -> Int64 {
    var worst = 0.0
    for register in device.view.registers where register.inSync == false {
      guard let actual = register.actual?.number, let desired = register.spec.desired?.number else {
        continue
      }
      // What is no number is further off than any number.
      let share = (actual - desired).magnitude / max(desired.magnitude, 1e-9)
      worst = max(worst, share.isFinite ? share : .greatestFiniteMagnitude)
    }
    return Int64(min(worst * 1e6, 9e17))
  }
}

/// How the fleet list is divided.
public enum Grouping: Hashable, Sendable {
  case none
  /// By the value of a label.
  case label(String)
  /// By the first tag.
  case tag
  case phase
  case status
  case namespace

  /// What `:group` takes: `none`, `tag`, `phase`, `status`, `namespace`, or a label's key.
  init(word: String) {
    switch word {
    case "", "none", "off": self = .none
    case "tag": self = .tag
    case "phase": self = .phase
    case "status": self = .status
    case "namespace", "ns": self = .namespace
    default: self = .label(word)
    }
  }

  /// What ``init(word:)`` makes this of.
  var word: String { self == .none ? "none" : title }

  static let words = ["none", "tag", "phase", "status", "namespace"]

  static func meaning(_ word: String) -> String {
    switch word {
    case "none": "one list"
    case "tag": "by the first tag"
    default: "by \(word)"
    }
  }

  var title: String {
    switch self {
    case .none: ""
    case .label(let key): key
    case .tag: "tag"
    case .phase: "phase"
    case .status: "status"
    case .namespace: "namespace"
    }
  }

  func name(of device: DeviceSnapshot) -> String {
    switch self {
    case .none: ""
    case .label(let key): device.spec.labels.first { $0.key == key }?.value ?? ""
    case .tag: device.spec.tags.first ?? ""
    case .phase: device.view.phase.rawValue
    case .status: device.view.status.rawValue
    case .namespace: device.id.namespace
    }
  }
}
