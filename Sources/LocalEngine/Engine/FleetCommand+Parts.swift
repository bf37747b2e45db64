import Control
import Fleet

extension FleetCommand {
  /// As on the command line.
  var verb: String {
    switch self {
    case .sync: "sync"
    case .hold: "hold"
    case .release: "release"
    case .shelve: "shelve"
    case .unshelve: "unshelve"
    case .suspend: "suspend"
    case .resume: "resume"
    case .refresh: "refresh"
    case .retryContested: "retry"
    case .acknowledge: "acknowledge"
    }
  }

  var by: String {
    switch self {
    case .sync(_, let by), .hold(_, let by), .release(let by), .shelve(_, _, _, _, let by),
      .unshelve(_, _, let by), .suspend(_, _, let by), .resume(_, let by), .retryContested(_, let by),
      .acknowledge(_, _, let by):
      by
    case .refresh: ""
    }
  }

  var devices: [DeviceID] {
    switch self {
    case .sync(let scope, _): scope.devices
    case .shelve(let devices, _, _, _, _), .unshelve(let devices, _, _), .suspend(let devices, _, _),
      .resume(let devices, _), .refresh(let devices), .retryContested(let devices, _),
      .acknowledge(let devices, _, _):
      devices
    case .hold, .release: []
    }
  }

  var isAboutDevices: Bool {
    switch self {
    case .hold, .release: false
    default: true
    }
  }

  /// Reading and looking are everybody's.
  var needsControl: Bool {
    switch self {
    case .refresh, .acknowledge: false
    default: true
    }
  }

  /// The same for some of its devices.
  func limited(to isMeant: (DeviceID) -> Bool) -> FleetCommand {
    let some = devices.filter(isMeant)
    switch self {
    case .sync(var scope, let by):
      scope.devices = some
      return .sync(scope, by: by)
    case .shelve(_, let register, let span, let reason, let by):
      return .shelve(some, register: register, for: span, reason: reason, by: by)
    case .unshelve(_, let register, let by): return .unshelve(some, register: register, by: by)
    case .suspend(_, let reason, let by): return .suspend(some, reason: reason, by: by)
    case .resume(_, let by): return .resume(some, by: by)
    case .refresh: return .refresh(some)
    case .retryContested(_, let by): return .retryContested(some, by: by)
    case .acknowledge(_, let reason, let by): return .acknowledge(some, reason: reason, by: by)
    case .hold, .release: return self
    }
  }
}
