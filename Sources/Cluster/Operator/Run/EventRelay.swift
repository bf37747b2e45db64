import Control
import Fleet
import Kubernetes
import Synchronization

/// Carries the engine's events to the recorder, with a reference to the resource each is about. Told from the
/// engine's loop, so it never waits.
final class EventRelay: Sendable {
  private let recorder: EventRecorder
  private struct State {
    var references: [DeviceID: ObjectReference] = [:]
    var isEnding = false
  }

  private let state = Mutex(State())

  init(_ recorder: EventRecorder) { self.recorder = recorder }

  func know(_ id: DeviceID, _ reference: ObjectReference?) {
    state.withLock { $0.references[id] = reference }
  }

  /// The engine is about to stop: that it writes nothing any more is no news of any device.
  func end() { state.withLock { $0.isEnding = true } }

  func tell(_ event: FleetEvent) {
    guard let id = event.device else { return }
    let (reference, isEnding) = state.withLock { ($0.references[id], $0.isEnding) }
    guard let reference, !isEnding || event.reason != "WriteRefused" else { return }
    if let draft = EventWording.draft(event, about: reference) { recorder.tell(draft) }
  }
}
