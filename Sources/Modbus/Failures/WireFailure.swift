/// The wire failed: nothing that a device decided. Each of these ends the connection.
public enum WireFailure: Error, Sendable, Hashable {
  /// No answer in time. `strayAnswers` came meanwhile with other transaction ids and were discarded.
  case timedOut(strayAnswers: Int)
  case connectTimedOut
  /// The host answers, nobody listens on the port.
  case connectionRefused
  /// No route, network down and the like; the system's words.
  case unreachable(String)
  case nameNotResolved(String)
  case connectionReset
  /// The peer closed the connection.
  case connectionClosed
  /// This side closed the connection while a request was in flight.
  case closedLocally
  /// An MBAP protocol identifier other than 0.
  case protocolIdentifier(UInt16)
  /// An MBAP length outside 2...254.
  case frameLength(Int)
  /// RTU CRC or ASCII LRC does not match, or an ASCII frame holds something else than hexadecimal digits.
  case checksum
  /// The connection ended, or the line went silent, inside a frame.
  case shortFrame(received: Int)
  case unitMismatch(sent: UInt8, received: UInt8)
  case functionMismatch(sent: UInt8, received: UInt8)
  /// The answer makes no sense for the request.
  case malformedAnswer(ResponseFault)
  /// TLS could not be set up, or broke; the library's words.
  case tls(String)
  /// Any other failure of the operating system; its words.
  case io(String)
}

extension WireFailure {
  /// A fixed word for each case, for metric labels and grouping.
  public var kind: String {
    switch self {
    case .timedOut: "timeout"
    case .connectTimedOut: "connect_timeout"
    case .connectionRefused: "refused"
    case .unreachable: "unreachable"
    case .nameNotResolved: "name_not_resolved"
    case .connectionReset: "reset"
    case .connectionClosed: "closed"
    case .closedLocally: "closed_locally"
    case .protocolIdentifier, .frameLength: "bad_header"
    case .checksum: "checksum"
    case .shortFrame: "short_frame"
    case .unitMismatch: "unit_mismatch"
    case .functionMismatch: "function_mismatch"
    case .malformedAnswer: "malformed_answer"
    case .tls: "tls"
    case .io: "io"
    }
  }
}

extension WireFailure: CustomStringConvertible {
  /// One line, without the device's name, which the caller knows.
  public var description: String {
    switch self {
    case .timedOut(0): "no answer in time"
    case .timedOut(1): "no answer in time (one answer with another transaction id was discarded)"
    case .timedOut(let n): "no answer in time (\(n) answers with other transaction ids were discarded)"
    case .connectTimedOut: "the connection could not be made in time"
    case .connectionRefused: "connection refused: nothing listens on that port"
    case .unreachable(let why): "unreachable: \(why)"
    case .nameNotResolved(let name): "the name \(name) could not be resolved"
    case .connectionReset: "the connection was reset by the device"
    case .connectionClosed: "the connection was closed by the device"
    case .closedLocally: "the connection was closed here while waiting for the answer"
    case .protocolIdentifier(let id): "not Modbus: protocol identifier \(hexadecimal(id)) instead of 0x0000"
    case .frameLength(let length): "bad header: length \(length) is outside 2...254"
    case .checksum: "the frame's checksum does not match"
    case .shortFrame(let received): "the frame ended after \(received) bytes"
    case .unitMismatch(let sent, let received): "asked unit \(sent), unit \(received) answered"
    case .functionMismatch(let sent, let received):
      "sent function \(hexadecimal(sent)), the answer has \(hexadecimal(received))"
    case .malformedAnswer(let fault): "the answer does not fit the request: \(fault)"
    case .tls(let why): "TLS: \(why)"
    case .io(let why): "input/output error: \(why)"
    }
  }
}
