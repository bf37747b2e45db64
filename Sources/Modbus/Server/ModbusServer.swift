import NIOCore
import NIOPosix
import NIOSSL

/// How and where a server listens.
public struct ModbusServerConfiguration: Sendable, Hashable {
  /// Address or name to listen on; `0.0.0.0` or `::` for all.
  public var host: String
  /// 0 lets the system choose; see `ModbusServer.port`.
  public var port: Int
  public var framing: ModbusFraming
  /// Connections the system may hold before they are accepted.
  public var backlog: Int
  /// Modbus/TCP Security: only clients with a certificate that these authorities signed are let in. Files that change
  /// are used from the next connection on. nil: without TLS.
  public var security: CredentialFiles?

  public init(
    host: String = "127.0.0.1", port: Int, framing: ModbusFraming = .mbap, backlog: Int = 64,
    security: CredentialFiles? = nil
  ) {
    self.host = host
    self.port = port
    self.framing = framing
    self.backlog = backlog
    self.security = security
  }
}

/// One listening port. Cheap: thousands of them share an event loop.
public final class ModbusServer: Sendable {
  private let listener: any Channel
  private let state: NIOLoopBound<ListenerState>

  /// The port, also when the configuration left it to the system.
  public let port: Int
  /// Where all of this port's connections and its handler live.
  public let eventLoop: any EventLoop

  private init(listener: any Channel, state: NIOLoopBound<ListenerState>) {
    self.listener = listener
    self.state = state
    port = listener.localAddress?.port ?? 0
    eventLoop = listener.eventLoop
  }

  /// Listens. `handler` is called once, on `loop`, and what it makes is only used there.
  ///
  /// Fails with the operating system's error when the port cannot be had, and with `WireFailure.tls` when the
  /// credentials cannot.
  public static func start(
    _ configuration: ModbusServerConfiguration, on loop: any EventLoop,
    handler: @escaping @Sendable () -> any ModbusRequestHandler
  ) -> EventLoopFuture<ModbusServer> {
    loop.flatSubmit {
      let credentials = configuration.security.map { CredentialContext($0, .server, on: loop) }
      let state = NIOLoopBound(ListenerState(handler: handler(), credentials: credentials), eventLoop: loop)
      let ready = credentials.map { $0.get().map { _ in } } ?? loop.makeSucceededVoidFuture()
      return ready.flatMap { listen(configuration, on: loop, state) }
    }
  }

  private static func listen(
    _ configuration: ModbusServerConfiguration, on loop: any EventLoop, _ state: NIOLoopBound<ListenerState>
  ) -> EventLoopFuture<ModbusServer> {
    let framing = configuration.framing
    return ServerBootstrap(group: loop)
      .serverChannelOption(.backlog, value: CInt(clamping: configuration.backlog))
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
      .childChannelOption(.recvAllocator, value: FixedSizeRecvByteBufferAllocator(capacity: receiveBytes))
      .childChannelInitializer { channel in
        guard let credentials = state.value.credentials else {
          return channel.eventLoop.makeCompletedFuture { try accept(channel, framing, state.value, nil) }
        }
        return credentials.get().flatMapThrowing { try accept(channel, framing, state.value, $0) }
      }
      .bind(host: configuration.host, port: configuration.port)
      .map { ModbusServer(listener: $0, state: state) }
  }

  /// Listens; see `start(_:on:handler:)`.
  public static func bind(
    _ configuration: ModbusServerConfiguration, on loop: any EventLoop,
    handler: @escaping @Sendable () -> any ModbusRequestHandler
  ) async throws -> ModbusServer {
    try await start(configuration, on: loop, handler: handler).get()
  }

  /// Stops listening and closes every connection. Done when the port is free again.
  public func stop() -> EventLoopFuture<Void> {
    let state = state
    return eventLoop.flatSubmit { [listener] in
      state.value.open.closeAll()
      return listener.close().flatMapError { _ in listener.eventLoop.makeSucceededVoidFuture() }
    }
  }

  /// Stops; see `stop()`.
  public func close() async throws { try await stop().get() }

  /// One largest frame in any framing; a longer burst takes another read.
  private static let receiveBytes = 520

  private static func accept(
    _ channel: any Channel, _ framing: ModbusFraming, _ state: ListenerState, _ context: NIOSSLContext?
  ) throws {
    let connection = ServerConnection(id: state.open.nextId(), channel: channel, framing: framing)
    state.open.insert(connection)
    let pipeline = channel.pipeline.syncOperations
    if let context { try pipeline.addHandler(NIOSSLServerHandler(context: context)) }
    try pipeline.addHandler(
      ServerChannelHandler(
        connection: connection, handler: state.handler, isSecure: context != nil, onClose: state.open.remove))
  }
}

/// What a port has. Confined to its event loop.
private final class ListenerState {
  let open = OpenConnections()
  let handler: any ModbusRequestHandler
  let credentials: CredentialContext?

  init(handler: any ModbusRequestHandler, credentials: CredentialContext?) {
    self.handler = handler
    self.credentials = credentials
  }
}

/// The connections of one port. Confined to its event loop.
private final class OpenConnections {
  private var connections: [UInt64: ServerConnection] = [:]
  private var lastId: UInt64 = 0

  func nextId() -> UInt64 {
    lastId &+= 1
    return lastId
  }

  func insert(_ connection: ServerConnection) { connections[connection.id] = connection }

  func remove(_ connection: ServerConnection) { connections[connection.id] = nil }

  func closeAll() {
    for connection in connections.values.sorted(by: { $0.id < $1.id }) { connection.close() }
  }
}
