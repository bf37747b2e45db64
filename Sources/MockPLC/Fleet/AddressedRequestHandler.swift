import Modbus

/// Many PLCs behind one listening socket: each has an address of its own, and the address that a client
/// connected to says which it means. Half the file descriptors of a port for each, which is what limits a
/// large fleet.
final class AddressedRequestHandler: ModbusRequestHandler {
  private let first: IPv4Address
  private let handlers: [PLCRequestHandler]

  init(first: IPv4Address, handlers: [PLCRequestHandler]) {
    self.first = first
    self.handlers = handlers
  }

  /// Remembered when the connection opened; only connections that have one stay.
  private func handler(of connection: ServerConnection) -> PLCRequestHandler? {
    connection.attachment as? PLCRequestHandler
  }

  func connectionOpened(_ connection: ServerConnection) -> ServerAdmission {
    guard let local = connection.localAddress.flatMap(IPv4Address.init), local.number >= first.number,
      Int(local.number - first.number) < handlers.count
    else { return .reset }
    let handler = handlers[Int(local.number - first.number)]
    connection.attachment = handler
    return handler.connectionOpened(connection)
  }

  func handle(_ request: ServerRequest, on connection: ServerConnection) -> ServerAction {
    handler(of: connection)?.handle(request, on: connection) ?? .silence
  }

  func handleInvalid(
    _ fault: RequestFault, function: UInt8, unitId: UInt8, on connection: ServerConnection
  ) -> ServerAction {
    handler(of: connection)?.handleInvalid(fault, function: function, unitId: unitId, on: connection)
      ?? .silence
  }

  func connectionClosed(_ connection: ServerConnection) {
    handler(of: connection)?.connectionClosed(connection)
  }

  func connectionBroken(_ connection: ServerConnection, by failure: WireFailure) {
    handler(of: connection)?.connectionBroken(connection, by: failure)
  }
}

/// Four bytes, written with dots.
struct IPv4Address: Hashable, CustomStringConvertible {
  let number: UInt32

  init(number: UInt32) {
    self.number = number
  }

  init?(_ text: String) {
    let parts = text.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count == 4 else { return nil }
    var number: UInt32 = 0
    for part in parts {
      guard let byte = UInt8(part) else { return nil }
      number = number << 8 | UInt32(byte)
    }
    self.number = number
  }

  /// `nil` beyond 255.255.255.255.
  func advanced(by count: Int) -> IPv4Address? {
    UInt32(exactly: Int(number) + count).map(IPv4Address.init(number:))
  }

  var description: String {
    [24, 16, 8, 0].map { String(number >> UInt32($0) & 0xFF) }.joined(separator: ".")
  }
}
