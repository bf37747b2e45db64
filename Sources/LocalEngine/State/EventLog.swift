import Control
import Fleet

/// The latest fleet events, numbered; the oldest go first.
struct EventLog {
  static let capacity = 1000
  private(set) var events: [FleetEvent] = []
  private var nextSequence: UInt64 = 1

  @discardableResult
  mutating func append(
    at time: WallTime, _ severity: FleetEvent.Severity, _ device: DeviceID?, register: String? = nil,
    reason: String, _ message: String
  ) -> FleetEvent {
    let event = FleetEvent(
      sequence: nextSequence, at: time, severity: severity, device: device, register: register,
      reason: reason,
      message: message)
    nextSequence += 1
    if events.count >= Self.capacity { events.removeFirst(Self.capacity / 4) }
    events.append(event)
    return event
  }
}
