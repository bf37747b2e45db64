import NIOCore

/// The connections of one event loop, one for each address however many devices are behind it. Confined to its
/// event loop.
public final class ModbusEndpoints {
  /// For users' own timers too: poll intervals, backoff.
  public let timer: LoopTimer
  private var endpoints: [EndpointAddress: ModbusEndpoint] = [:]
  /// For addresses behind Modbus/TCP Security.
  private let credentials: ClientCredentials?

  /// Only on `eventLoop`.
  /// - Parameter credentials: without any, addresses behind Modbus/TCP Security cannot be reached.
  public init(eventLoop: any EventLoop, credentials: ClientCredentials? = nil) {
    timer = LoopTimer(eventLoop: eventLoop)
    self.credentials = credentials
  }

  public var eventLoop: any EventLoop { timer.eventLoop }

  /// Connections that have users, made or not.
  public var count: Int { endpoints.count }

  /// Connections that are made.
  public var connectedCount: Int { endpoints.values.reduce(0) { $0 + ($1.isConnected ? 1 : 0) } }

  /// The connection for an address, with `user` among its users until it calls `leave`.
  ///
  /// Nothing is connected yet. Options are merged with those of the other users: longer pauses win.
  public func join(
    _ address: EndpointAddress, options: ConnectionOptions = .init(), user: any ModbusEndpointUser
  ) -> ModbusEndpoint {
    let endpoint = endpoints[address] ?? make(address, options)
    endpoint.join(user, options: options)
    return endpoint
  }

  private func make(_ address: EndpointAddress, _ options: ConnectionOptions) -> ModbusEndpoint {
    let endpoint = ModbusEndpoint(
      address: address, options: options, timer: timer, credentials: credentials
    ) { [weak self] endpoint in self?.endpoints[endpoint.address] = nil }
    endpoints[address] = endpoint
    return endpoint
  }
}
