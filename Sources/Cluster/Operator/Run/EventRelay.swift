import Control
import Fleet
import Kubernetes
import Synchronization

/// Carries the engine's events to the recorder, with a reference to the resource each is about. Told from the
/// engine's loop, so it never waits.
final class EventRelay: Sendable {
  private let recorder: EventRecorder
  private let references = Mutex<[DeviceID: ObjectReference]>([:])

  init(_ recorder: EventRecorder) { self.recorder = recorder }

  func know(_ id: DeviceID, _ reference: ObjectReference?) { references.withLock { $0[id] = reference } }

  func tell(_ event: FleetEvent) {
    guard let id = event.device, let reference = references.withLock({ $0[id] }) else { return }
    if let draft = EventWording.draft(event, about: reference) { recorder.tell(draft) }
  }
}
