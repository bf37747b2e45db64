/// When a failed request is sent again, and after how long.
///
/// A request that the server certainly did not act on (429, 503 with `Retry-After`, no connection) may always
/// be repeated; one whose fate is unknown only if repeating it does no harm.
public struct RetryPolicy: Hashable, Sendable {
  /// Tries in all, 1 or more.
  public var attempts: Int
  public var backoff: Backoff
  /// The longest `Retry-After` that is waited for; a longer one is an error for the caller to judge.
  public var longestWait: Duration

  public init(
    attempts: Int = 5, backoff: Backoff = Backoff(base: .milliseconds(200), cap: .seconds(5)),
    longestWait: Duration = .seconds(30)
  ) {
    self.attempts = max(attempts, 1)
    self.backoff = backoff
    self.longestWait = longestWait
  }

  /// Sends once.
  public static let never = RetryPolicy(attempts: 1)

  /// The wait before the next try, or nil to give up.
  ///
  /// - Parameter attempt: tries made so far, 1 or more.
  public func delay(
    after error: ClientError, attempt: Int, isIdempotent: Bool, using generator: inout SeededGenerator
  ) -> Duration? {
    guard attempt < attempts else { return nil }
    let jittered = backoff.delay(afterFailure: attempt, using: &generator)
    switch error {
    case .transport(let failure):
      switch failure.kind {
      case .connect: return jittered
      case .broken, .timeout: return isIdempotent ? jittered : nil
      case .tls, .tooLarge, .malformed, .cancelled: return nil
      }
    case .refused(let refusal):
      return delay(after: refusal, isIdempotent: isIdempotent, jittered: jittered)
    case .credentials, .undecodable, .request:
      return nil
    }
  }

  private func delay(after refusal: StatusError, isIdempotent: Bool, jittered: Duration) -> Duration? {
    let wasNotActedOn = refusal.code == 429 || (refusal.code == 503 && refusal.retryAfter != nil)
    guard wasNotActedOn || (isIdempotent && (500...599).contains(refusal.code)) else { return nil }
    guard let asked = refusal.retryAfter else { return jittered }
    // Never sooner than asked; the jitter keeps those told the same second apart.
    let wait = asked + jittered
    return asked <= longestWait ? wait : nil
  }
}
