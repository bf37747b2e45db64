import Control
import Fleet
import GRDB

/// The states of one device, with the times in which nobody watched: a state holds only as long as the process
/// that saw it lived.
struct StateLookup {
  private let db: Database
  private let query: HistoryQuery
  private let device: DeviceID

  init(_ db: Database, _ query: HistoryQuery, _ device: DeviceID) {
    self.db = db
    self.query = query
    self.device = device
  }

  func run() throws -> [DeviceHistory.StateChange] {
    let from = query.from.milliseconds
    var changes = try recorded(from) + watchEnds()
    changes.sort { $0.at < $1.at }
    // What held at the beginning of the span is the last change up to it.
    let split = changes.lastIndex { $0.at.milliseconds <= from }
    var result = [
      DeviceHistory.StateChange(at: query.from, status: split.flatMap { changes[$0].status })
    ]
    for change in changes[((split ?? -1) + 1)...] where change.at < query.to {
      if change.status != result.last?.status { result.append(change) }
    }
    return result
  }

  private func recorded(_ from: Int64) throws -> [DeviceHistory.StateChange] {
    let rows = try Row.fetchAll(
      db,
      sql: """
        SELECT at, status FROM states JOIN series ON series.id = states.series
        WHERE namespace = ? AND name = ? AND register = '' AND at < ? AND at >= coalesce(
          (SELECT max(at) FROM states AS earlier WHERE earlier.series = states.series AND earlier.at <= ?), ?)
        ORDER BY at
        """,
      arguments: [device.namespace, device.name, query.to.milliseconds, from, from])
    return rows.compactMap { row in
      let cells = Cells(row)
      guard let at = cells.integer(0) else { return nil }
      return DeviceHistory.StateChange(
        at: WallTime(milliseconds: at), status: cells.text(1).flatMap(DeviceStatus.init(rawValue:)))
    }
  }

  /// When a controlling process ended, or was last seen alive. The newest may still be running.
  private func watchEnds() throws -> [DeviceHistory.StateChange] {
    let rows = try Row.fetchAll(
      db,
      sql: """
        SELECT coalesce(ended, alive + 1) FROM sessions WHERE controls = 1
          AND (ended NOTNULL OR id < (SELECT max(id) FROM sessions WHERE controls = 1))
        """)
    return rows.compactMap { row in
      Cells(row).integer(0).map { .init(at: WallTime(milliseconds: $0), status: nil) }
    }
  }
}
