import Control
import Fleet
import Kubernetes

/// Which of the engine's events become events of the resource, and how they are worded there.
enum EventWording {
  /// `nil`: not about a resource, or not worth an object in the API server.
  static func draft(_ event: FleetEvent, about reference: ObjectReference) -> EventDraft? {
    // A first connection, a commit: the status tells.
    guard event.device != nil, event.severity > .info else { return nil }
    return EventDraft(
      about: reference, kind: event.severity >= .warning ? .warning : .normal,
      reason: EventReason.inCluster(event.reason), message: event.message)
  }

  static func invalid(_ problems: [String], about reference: ObjectReference) -> EventDraft {
    EventDraft(
      about: reference, kind: .warning, reason: "InvalidSpec",
      message: "Not applied, and not written until it is right: " + problems.joined(separator: "; "))
  }

  static func refusedSync(_ reasons: [String], about reference: ObjectReference) -> EventDraft {
    EventDraft(
      about: reference, kind: .warning, reason: "SyncRefused", message: reasons.joined(separator: "; "))
  }
}
