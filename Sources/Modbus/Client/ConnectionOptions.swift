/// How one connection to a device or gateway behaves. Times are durations; nothing is negative.
public struct ConnectionOptions: Sendable, Hashable {
  /// How long making a connection may take, name resolution included.
  public var connectTimeout: Duration
  /// Some devices need a moment after a connection is made.
  public var pauseAfterConnect: Duration
  /// Some devices need a moment between an answer and the next request.
  public var pauseBetweenRequests: Duration
  /// Connect for each request and close after it, for devices with very few connections to give.
  public var perRequest: Bool
  /// Requests that may wait for one connection.
  public var mostWaiting: Int

  public init(
    connectTimeout: Duration = .seconds(5), pauseAfterConnect: Duration = .zero,
    pauseBetweenRequests: Duration = .zero, perRequest: Bool = false, mostWaiting: Int = 1024
  ) {
    self.connectTimeout = connectTimeout
    self.pauseAfterConnect = pauseAfterConnect
    self.pauseBetweenRequests = pauseBetweenRequests
    self.perRequest = perRequest
    self.mostWaiting = mostWaiting
  }

  /// The options that suit everyone who shares a connection: the longer pauses, and one connection per
  /// request where anyone needs that.
  public func merged(with other: ConnectionOptions) -> ConnectionOptions {
    ConnectionOptions(
      connectTimeout: max(connectTimeout, other.connectTimeout),
      pauseAfterConnect: max(pauseAfterConnect, other.pauseAfterConnect),
      pauseBetweenRequests: max(pauseBetweenRequests, other.pauseBetweenRequests),
      perRequest: perRequest || other.perRequest, mostWaiting: max(mostWaiting, other.mostWaiting))
  }
}
