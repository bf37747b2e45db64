import Control
import Modbus

/// One device's way to its unit behind a `host:port`. Confined to the engine's event loop; every callback comes there.
protocol DeviceLink: AnyObject {
  /// Grows with each connection: what was read under one number may not be acted on under another.
  var epoch: UInt64 { get }
  /// Makes the connection, or joins the one that others behind the same `host:port` already have.
  func connect()
  /// Drops the connection for everyone behind it: what was on the wire is uncertain for all of them.
  func disconnect()
  /// Queues a request. The completion comes exactly once.
  func send(_ request: ModbusRequest, completion: @escaping (Result<ModbusResponse, RequestFailure>) -> Void)
  /// No more callbacks; the connection closes when its last user leaves.
  func release()
}

/// What a link tells its device.
protocol DeviceLinkOwner: AnyObject {
  func linkDidConnect()
  func linkDidFail(_ problem: WireProblem)
  func linkDidClose(_ problem: WireProblem)
}

extension WireProblem {
  /// The control machine's words for a failure of the wire.
  init(_ failure: WireFailure) {
    let kind: Kind =
      switch failure {
      case .timedOut, .connectTimedOut: .timeout
      case .connectionRefused: .refused
      case .unreachable: .unreachable
      case .nameNotResolved: .unresolved
      case .connectionReset: .reset
      case .connectionClosed: .closed
      case .closedLocally: .local
      case .protocolIdentifier, .frameLength, .checksum, .shortFrame: .badFrame
      case .unitMismatch, .functionMismatch, .malformedAnswer: .mismatch
      case .tls, .io: .closed
      }
    self.init(kind, failure.description)
  }

  init(_ failure: NotSent) {
    switch failure {
    case .connectionLost(let wire): self.init(wire)
    default: self.init(.local, failure.description)
    }
  }
}
