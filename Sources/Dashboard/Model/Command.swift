import Control
import Fleet

/// What the dashboard asks of the world around it. Each answer comes back as the ``Message`` named beside it,
/// with the same token where there is one.
public enum Command: Hashable, Sendable {
  /// `FleetEngine.submit` → ``Message/outcome(token:_:)``.
  case submit(token: UInt64, FleetCommand)
  /// `FleetEngine.plan` → ``Message/planned(token:_:)``.
  case plan(token: UInt64, SyncScope)
  /// `FleetEngine.history` → ``Message/history(token:_:)`` or ``Message/historyFailed(token:reason:)``.
  case loadHistory(token: UInt64, HistoryQuery)
  /// `FleetEngine.provenance` → ``Message/provenance(device:_:)``; not answered when another is asked for soon.
  case loadProvenance(DeviceID)
  /// `FleetEngine.adopt` → ``Message/adopted(token:_:)``.
  case adopt(token: UInt64, DeviceID, registers: [String], reason: String, by: String)
  /// To the user's clipboard.
  case copy(String)
  /// The screen as it is shown, as text and SVG → ``Message/notice(_:_:)`` with the paths.
  case saveScreen
  /// Show everything in this theme from now on; the name is one of those the model was given.
  case setTheme(String)
  /// Draw the whole screen again.
  case redraw
  /// `^Z`: give the terminal back and stop until `fg`.
  case suspendProcess
  case quit
}
