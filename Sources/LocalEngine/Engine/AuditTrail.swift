import Control
import Fleet

/// Where the engine writes down what it does. Confined to the engine's loop: every completion comes there.
protocol AuditTrail: AnyObject {
  /// The intent to write, durable before `done(nil)`; `done(problem)` when it could not be made so.
  func intend(_ order: WriteOrder, revision: String, at time: WallTime, _ done: @escaping (String?) -> Void)
  /// How an order ended whose device is gone.
  func settle(_ order: WriteOrder, _ input: Input, at time: WallTime)
  func note(_ transition: Transition, device: DeviceID, at time: WallTime)
  func note(_ command: FleetCommand, at time: WallTime)
  func note(_ event: FleetEvent)
  func counters(of device: DeviceID) -> DeviceCounters?
  func close()
}

/// No journal: nothing is kept beyond this process.
final class NoAuditTrail: AuditTrail {
  func intend(_ order: WriteOrder, revision: String, at time: WallTime, _ done: @escaping (String?) -> Void) {
    done(nil)
  }
  func settle(_ order: WriteOrder, _ input: Input, at time: WallTime) {}
  func note(_ transition: Transition, device: DeviceID, at time: WallTime) {}
  func note(_ command: FleetCommand, at time: WallTime) {}
  func note(_ event: FleetEvent) {}
  func counters(of device: DeviceID) -> DeviceCounters? { nil }
  func close() {}
}
