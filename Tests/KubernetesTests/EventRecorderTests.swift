import Testing

@testable import Kubernetes

/// What becomes of events while the API server is away.
@Suite struct EventRecorderTests {
  private static let about = ObjectReference(
    apiVersion: "v1", kind: "ConfigMap", namespace: "default", name: "x", uid: "u-1")

  private func at(_ seconds: Int64) -> MonotonicInstant {
    MonotonicInstant(nanoseconds: seconds * 1_000_000_000)
  }

  private func refused(_ code: Int, _ reason: StatusError.Reason) -> ClientError {
    .refused(StatusError(reason: reason, code: code, message: "no", verb: "create", target: "events"))
  }

  @Test func troubleIsWaitedForAndThenGivenUp() {
    let away = ClientError.transport(TransportFailure(.connect, server: "https://a", message: "refused"))
    var trouble = EventRecorder.Trouble(.init())
    #expect(trouble.wait(after: away, at: at(0)) != nil)
    #expect(trouble.wait(after: away, at: at(899)) != nil)
    #expect(trouble.wait(after: away, at: at(900)) == nil, "fifteen minutes are enough")
    trouble.ended()
    #expect(trouble.wait(after: away, at: at(901)) != nil, "another trouble")
  }

  @Test func aRefusalIsWaitedForOnlyOnce() {
    let forbidden = refused(403, .forbidden(verb: "create", target: "events"))
    var trouble = EventRecorder.Trouble(.init())
    #expect(trouble.wait(after: forbidden, at: at(0)) != nil)
    #expect(trouble.wait(after: forbidden, at: at(20)) == nil)
    // The next events of a permission that is missing wait for nothing.
    #expect(trouble.wait(after: forbidden, at: at(21)) == nil)
    #expect(trouble.wait(after: refused(503, .unavailable), at: at(22)) != nil)
    #expect(EventRecorder.Trouble(.init()).firstWait(refused(422, .invalid([]))) == nil)
  }

  /// The server breaks, answers 503 without a word about when, and recovers: nothing told is lost, and nothing twice.
  @Test func whatIsToldDuringAnOutageArrivesAfterIt() async throws {
    let server = try await ScriptedServer.start { request, before in
      switch before {
      case 0: [.close]
      case 1..<8: .status(503, "ServiceUnavailable", "starting")
      default: .answer(201, String(decoding: request.body, as: UTF8.self))
      }
    }
    var patience = EventRecorder.Patience()
    patience.backoff = Backoff(base: .milliseconds(5), cap: .milliseconds(20))
    let recorder = EventRecorder(
      server.client { $0.retry = .never },
      correlator: EventCorrelator(component: "tester", instance: "t-1"), patience: patience)
    for word in ["one", "two"] {
      recorder.tell(EventDraft(about: Self.about, kind: .normal, reason: "Told", message: word))
    }
    recorder.finish()
    await recorder.run()
    #expect(recorder.counts == .init(posted: 2) && recorder.lastError == nil)
    let names = server.requests.map { request -> String in
      (try? JSONValue(parsing: request.body))?["metadata"]?["name"]?.stringValue ?? ""
    }
    #expect(server.requests.count == 10)
    #expect(Set(names).count == 2, "each try is of the same event")
  }
}

extension EventRecorder.Trouble {
  fileprivate func firstWait(_ error: ClientError) -> Duration? {
    var copy = self
    return copy.wait(after: error, at: MonotonicInstant(nanoseconds: 0))
  }
}
