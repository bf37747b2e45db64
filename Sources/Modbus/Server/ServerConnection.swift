import NIOCore

/// One client's connection, as the server and its handler see it. Confined to its event loop.
public final class ServerConnection {
  /// Unique among the connections of its port, in order of acceptance.
  public let id: UInt64
  /// Where every callback of this connection happens. Its `now` is a monotonic clock.
  public let eventLoop: any EventLoop
  public let framing: ModbusFraming
  /// The role in the client's certificate, where the port speaks Modbus/TCP Security and there is one.
  public internal(set) var role: String?
  /// Whatever the handler wants to remember about this connection.
  public var attachment: AnyObject?

  /// Until the connection is gone.
  var channelHandler: ServerChannelHandler?
  private let channel: any Channel

  init(id: UInt64, channel: any Channel, framing: ModbusFraming) {
    self.id = id
    self.channel = channel
    eventLoop = channel.eventLoop
    self.framing = framing
  }

  /// The client's address and port, for log lines.
  public var remoteAddress: String { channel.remoteAddress.map { "\($0)" } ?? "unknown" }

  /// The address on this side that the client connected to, without the port: one listener on a wildcard
  /// address may serve many devices.
  public var localAddress: String? { channel.localAddress?.ipAddress }

  /// The port on this side.
  public var localPort: Int? { channel.localAddress?.port }

  /// Sends what is there, then closes. Its handler hears `connectionClosed`.
  public func close() {
    if case .opening? = channelHandler?.state { return abort() }
    channelHandler?.perform([.close])
  }

  /// Resets the connection at once.
  public func reset() { channelHandler?.perform([.reset]) }

  /// Ends the connection whatever state it is in.
  func abort() { channel.close(promise: nil) }

  /// Does steps that answer no request, such as junk between frames. A `reply` or `exception` among them has
  /// no request to answer and is left out.
  public func perform(_ steps: [ServerStep]) { channelHandler?.perform(steps) }
}

extension ServerConnection: Hashable {
  public static func == (a: ServerConnection, b: ServerConnection) -> Bool { a === b }

  public func hash(into hasher: inout Hasher) { hasher.combine(id) }
}
