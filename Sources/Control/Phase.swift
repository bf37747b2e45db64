/// Where a device is in its life. Moves only along `Phase.mayMove(to:)`.
public enum Phase: String, Hashable, Sendable, CaseIterable {
  case pending = "Pending"
  case connecting = "Connecting"
  case connected = "Connected"
  case driftDetected = "DriftDetected"
  case correcting = "Correcting"
  case failed = "Failed"

  /// The permitted transitions (design §3).
  public func mayMove(to next: Phase) -> Bool {
    switch (self, next) {
    case (.pending, .connecting), (.connecting, .connected), (.connected, .driftDetected),
      (.driftDetected, .correcting), (.correcting, .connected), (.driftDetected, .connected),
      (.connected, .failed), (.driftDetected, .failed), (.correcting, .failed), (.connecting, .failed),
      (.failed, .connecting):
      true
    default: false
    }
  }
}

/// The one word that an operator reads first; worst last.
public enum DeviceStatus: String, Hashable, Sendable, CaseIterable {
  case inSync = "InSync"
  case pending = "Pending"
  case suspended = "Suspended"
  case shelved = "Shelved"
  case drifted = "Drifted"
  case contested = "Contested"
  case stale = "Stale"
  case unreachable = "Unreachable"
  case invalid = "Invalid"
}
