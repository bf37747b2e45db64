import Control
import Fleet
import GRDB

/// Which events to look up.
public struct EventQuery: Hashable, Sendable {
  /// `nil`: of every device and of the fleet.
  public var device: DeviceID?
  public var from: WallTime?
  /// Exclusive.
  public var to: WallTime?
  /// The newest so many.
  public var limit: Int

  public init(device: DeviceID? = nil, from: WallTime? = nil, to: WallTime? = nil, limit: Int = 1000) {
    self.device = device
    self.from = from
    self.to = to
    self.limit = limit
  }

  /// Oldest first.
  func run(_ db: Database) throws -> [FleetEvent] {
    var conditions = ["1"]
    var arguments = StatementArguments()
    if let device {
      conditions.append("namespace = ? AND name = ?")
      arguments += [device.namespace, device.name]
    }
    if let from {
      conditions.append("at >= ?")
      arguments += [from.milliseconds]
    }
    if let to {
      conditions.append("at < ?")
      arguments += [to.milliseconds]
    }
    arguments += [max(0, limit)]
    let rows = try Row.fetchAll(
      db,
      sql: """
        SELECT sequence, at, severity, namespace, name, register, reason, message FROM events
        WHERE \(conditions.joined(separator: " AND ")) ORDER BY sequence DESC LIMIT ?
        """, arguments: arguments)
    return rows.reversed().compactMap(FleetEvent.init)
  }
}

extension FleetEvent {
  init?(_ row: Row) {
    let cells = Cells(row)
    guard let sequence = cells.integer(0), let at = cells.integer(1), let severity = cells.integer(2),
      let reason = cells.text(6), let message = cells.text(7)
    else { return nil }
    var device: DeviceID?
    if let namespace = cells.text(3), let name = cells.text(4) {
      device = DeviceID(namespace: namespace, name: name)
    }
    self.init(
      sequence: UInt64(clamping: sequence), at: WallTime(milliseconds: at),
      severity: Severity(rawValue: Int(clamping: severity)) ?? .info, device: device, register: cells.text(5),
      reason: reason, message: message)
  }
}
