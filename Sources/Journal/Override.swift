import Control

/// An operator's word that outlives the process.
public enum Override: Hashable, Sendable {
  case hold(Hold)
  case shelf(DeviceID, Shelf)
  case suspend(DeviceID, by: String, since: WallTime)

  /// What `OverrideChange.clear` names to end it.
  public var key: Key {
    switch self {
    case .hold: .hold
    case .shelf(let device, let shelf): .shelf(device, register: shelf.register)
    case .suspend(let device, _, _): .suspend(device)
    }
  }

  public enum Key: Hashable, Sendable {
    case hold
    case shelf(DeviceID, register: String?)
    case suspend(DeviceID)
  }
}

/// A change of the standing overrides, stored in the same transaction as the audit record of who made it.
public enum OverrideChange: Hashable, Sendable {
  case set(Override)
  case clear(Override.Key)
}
