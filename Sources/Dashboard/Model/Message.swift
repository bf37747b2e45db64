import Control
import Fleet
import Terminal

/// Everything that can happen to the dashboard.
public enum Message: Sendable {
  case key(Key)
  case paste(String)
  case mouse(MouseEvent)
  case resize(Size)
  /// Once a second, and before anything that depends on the time. Ages move only with this.
  case tick(WallTime)
  case snapshot(FleetSnapshot)
  case capabilities(Capabilities)
  case history(token: UInt64, [DeviceHistory])
  case historyFailed(token: UInt64, reason: String)
  case provenance(device: DeviceID, [String: Provenance])
  case planned(token: UInt64, SyncPlan)
  case outcome(token: UInt64, CommandOutcome)
  case adopted(token: UInt64, AdoptOutcome)
  /// A line for the operator from the program around the dashboard.
  case notice(String, FleetEvent.Severity)
  /// No more snapshots will come.
  case engineEnded(reason: String)
}
