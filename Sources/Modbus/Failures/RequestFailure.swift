/// The device refused: it understood the wire and answered with an exception. The connection is fine.
public struct DeviceRefusal: Error, Sendable, Hashable {
  /// Function code of the refused request.
  public let function: UInt8
  public let exception: ModbusException

  public init(function: UInt8, exception: ModbusException) {
    self.function = function
    self.exception = exception
  }
}

extension DeviceRefusal: CustomStringConvertible {
  public var description: String {
    let name = FunctionCode(rawValue: function)?.description ?? "function \(hexadecimal(function))"
    return "the device refused to \(name): \(exception)"
  }
}

/// Why a request never left this process.
public enum NotSent: Error, Sendable, Hashable {
  /// Modbus does not allow such a request.
  case invalid(RequestFault)
  /// There is no connection; ask for one first.
  case notConnected
  /// The connection ended, for this reason, while the request still waited in the queue.
  case connectionLost(WireFailure)
  /// More requests wait than the connection will queue.
  case queueFull
  /// Its owner took it back, or left.
  case cancelled
}

extension NotSent: CustomStringConvertible {
  public var description: String {
    switch self {
    case .invalid(let fault): "not sent: \(fault)"
    case .notConnected: "not sent: not connected"
    case .connectionLost(let why): "not sent: \(why)"
    case .queueFull: "not sent: too many requests are waiting for this device"
    case .cancelled: "not sent: cancelled"
    }
  }
}

/// Everything that a request can come back with other than its answer.
public enum RequestFailure: Error, Sendable, Hashable {
  /// The request never left: trying again cannot write twice.
  case notSent(NotSent)
  /// It was sent, and the wire failed before a usable answer came.
  case wire(WireFailure)
  /// The device answered with an exception.
  case refused(DeviceRefusal)

  /// Whether a write that failed like this may have changed the device all the same, so that only
  /// reading it back can tell.
  public var mayHaveTakenEffect: Bool {
    switch self {
    case .notSent: false
    case .wire: true
    case .refused(let refusal):
      switch refusal.exception {
      case .acknowledge, .serverDeviceFailure, .gatewayTargetFailedToRespond: true
      default: false
      }
    }
  }

  /// Whether the device said that it is busy: ask again later, not a failure.
  public var isBusy: Bool {
    if case .refused(let refusal) = self { refusal.exception == .busy } else { false }
  }
}

extension RequestFailure: CustomStringConvertible {
  public var description: String {
    switch self {
    case .notSent(let why): why.description
    case .wire(let why): why.description
    case .refused(let why): why.description
    }
  }
}
