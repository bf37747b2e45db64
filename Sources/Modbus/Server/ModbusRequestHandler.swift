/// What a server does with requests: one object for each listening port.
///
/// It is made on the port's event loop and only ever called there, so it needs no lock and need not be
/// `Sendable`. It must not block. Several ports may share one event loop, and state reachable from several
/// handlers of one loop needs no lock either.
public protocol ModbusRequestHandler: AnyObject {
  /// Answers one request, or does worse. Only requests that Modbus allows get here.
  func handle(_ request: ServerRequest, on connection: ServerConnection) -> ServerAction

  /// Answers a PDU that is not an allowed request. By default with the exception that the specification wants.
  func handleInvalid(
    _ fault: RequestFault, function: UInt8, unitId: UInt8, on connection: ServerConnection
  ) -> ServerAction

  /// A client connected; nothing has been read from it yet. To make room, close an older connection here.
  func connectionOpened(_ connection: ServerConnection) -> ServerAdmission

  /// An accepted connection is gone, by either side. Called once for each that was accepted.
  func connectionClosed(_ connection: ServerConnection)

  /// A client sent bytes that are no frame. The connection is closed after this.
  func connectionBroken(_ connection: ServerConnection, by failure: WireFailure)
}

extension ModbusRequestHandler {
  public func handleInvalid(
    _ fault: RequestFault, function: UInt8, unitId: UInt8, on connection: ServerConnection
  ) -> ServerAction {
    .exception(fault.exception)
  }

  public func connectionOpened(_ connection: ServerConnection) -> ServerAdmission { .accept }

  public func connectionClosed(_ connection: ServerConnection) {}

  public func connectionBroken(_ connection: ServerConnection, by failure: WireFailure) {}
}

/// Whether a new connection may stay.
public enum ServerAdmission: Sendable, Hashable {
  case accept
  /// Close it at once, in the orderly way.
  case refuse
  /// Reset it at once.
  case reset
}

/// A request as it came, with what is needed to answer it by hand.
public struct ServerRequest: Sendable, Hashable {
  /// 0 in the serial framings.
  public let transactionId: UInt16
  public let unitId: UInt8
  public let request: ModbusRequest
  public let framing: ModbusFraming

  public init(
    transactionId: UInt16, unitId: UInt8, request: ModbusRequest, framing: ModbusFraming = .mbap
  ) {
    self.transactionId = transactionId
    self.unitId = unitId
    self.request = request
    self.framing = framing
  }
}

/// What to do with one request.
public enum ServerAction: Sendable, Hashable {
  case reply(ModbusResponse)
  case exception(ModbusException)
  /// Never answer this request; the connection stays.
  case silence
  /// Anything else, step by step.
  case steps([ServerStep])
}

/// One thing a server does, in order. Steps make every answer that a real device or network has been seen
/// to give: late, doubled, split, cut short, under a wrong header, or none.
public enum ServerStep: Sendable, Hashable {
  /// A proper answer to the request.
  case reply(ModbusResponse)
  case exception(ModbusException)
  /// A frame around any PDU. nil takes the request's transaction id or unit id.
  case frame(pdu: [UInt8], transactionId: UInt16? = nil, unitId: UInt8? = nil)
  /// Bytes as they are, outside any framing.
  case bytes([UInt8])
  /// Sends what is there, then does nothing for so long. Later requests of the connection wait, as they do
  /// for a device that is slow.
  case wait(Duration)
  /// Does these steps after so long, while the connection goes on with later requests.
  case later(Duration, [ServerStep])
  /// Sends what is there, then closes in the orderly way. Nothing after it happens.
  case close
  /// Sends what is there, then resets the connection. Nothing after it happens.
  case reset
}
