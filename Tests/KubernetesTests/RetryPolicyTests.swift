import Testing

@testable import Kubernetes

@Suite struct RetryPolicyTests {
  let policy = RetryPolicy(attempts: 4, backoff: Backoff(base: .seconds(1), cap: .seconds(4), jitter: 0))

  func delay(_ error: ClientError, attempt: Int = 1, idempotent: Bool) -> Duration? {
    var generator = SeededGenerator(seed: 1)
    return policy.delay(after: error, attempt: attempt, isIdempotent: idempotent, using: &generator)
  }

  func refused(_ code: Int, retryAfter: Duration? = nil) -> ClientError {
    .refused(
      StatusError(status: APIStatus(code: code), code: code, verb: "v", target: "t", retryAfter: retryAfter))
  }

  func transport(_ kind: TransportFailure.Kind) -> ClientError {
    .transport(TransportFailure(kind, server: "s", message: "m"))
  }

  @Test func whatWasNotActedOnIsRepeatedAlways() {
    for idempotent in [true, false] {
      #expect(delay(refused(429), idempotent: idempotent) == .seconds(1))
      #expect(delay(refused(429, retryAfter: .seconds(7)), idempotent: idempotent) == .seconds(8))
      #expect(delay(refused(503, retryAfter: .seconds(2)), idempotent: idempotent) == .seconds(3))
      #expect(delay(transport(.connect), idempotent: idempotent) == .seconds(1))
    }
  }

  @Test func whatMayHaveBeenActedOnIsRepeatedOnlyWhenHarmless() {
    for error in [refused(500), refused(503), refused(504), transport(.broken), transport(.timeout)] {
      #expect(delay(error, idempotent: true) == .seconds(1))
      #expect(delay(error, idempotent: false) == nil)
    }
  }

  @Test func whatWillNotChangeIsNotRepeated() {
    let errors = [
      refused(400), refused(401), refused(403), refused(404), refused(409), refused(410), refused(422),
      transport(.tls), transport(.tooLarge), transport(.malformed), transport(.cancelled),
      .credentials(CredentialError("c")), .undecodable("u"),
    ]
    for error in errors { #expect(delay(error, idempotent: true) == nil, "\(error)") }
  }

  @Test func waitsDoubleUpToTheCapAndTriesEnd() {
    #expect(
      (1...4).map { delay(refused(429), attempt: $0, idempotent: true) } == [
        .seconds(1), .seconds(2), .seconds(4), nil,
      ])
    #expect(delay(refused(429, retryAfter: .seconds(3600)), idempotent: true) == nil)
  }

  @Test func jitterStaysWithinItsShare() {
    var generator = SeededGenerator(seed: 7)
    let backoff = Backoff(base: .seconds(10), cap: .seconds(10), jitter: 0.25)
    let waits = (0..<1000).map { _ in backoff.delay(afterFailure: 3, using: &generator) }
    #expect(waits.allSatisfy { (.milliseconds(7500) ... .milliseconds(12_500)).contains($0) })
    #expect(Set(waits).count > 500)
    #expect(backoff.delay(afterFailure: .max, using: &generator) <= .milliseconds(12_500))
  }
}
