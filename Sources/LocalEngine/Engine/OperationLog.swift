import Control
import Fleet

/// Commands under way and recently done, for the dashboard's progress and the command line's wait.
struct OperationLog {
  static let capacity = 64
  private(set) var operations: [Operation] = []
  private var nextID: UInt64 = 1

  /// As many are under way as there is room for.
  var isFull: Bool { operations.count >= Self.capacity && !operations.contains { $0.state == .done } }

  mutating func begin(title: String, by: String, at time: WallTime, devices: [DeviceID]) -> UInt64 {
    let id = nextID
    nextID += 1
    if operations.count >= Self.capacity, let oldest = operations.firstIndex(where: { $0.state == .done }) {
      operations.remove(at: oldest)
    }
    operations.append(
      Operation(
        receipt: Receipt(id: id), title: title, by: by, startedAt: time,
        state: devices.isEmpty ? .done : .running,
        lines: devices.map { .init(device: $0, result: nil) }))
    return id
  }

  /// A device has an outcome for every register of the command.
  mutating func finish(_ id: UInt64, device: DeviceID, results: [SyncResult]) {
    guard let index = operations.firstIndex(where: { $0.receipt.id == id }) else { return }
    guard let line = operations[index].lines.firstIndex(where: { $0.device == device && $0.result == nil })
    else {
      return
    }
    operations[index].lines.replaceSubrange(
      line...line, with: results.map { .init(device: device, result: $0) })
    if !operations[index].lines.contains(where: { $0.result == nil }) { operations[index].state = .done }
  }
}
