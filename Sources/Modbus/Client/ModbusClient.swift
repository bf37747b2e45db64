import NIOCore
import NIOPosix

/// A device, for programs that want to await: one connection and one request after another.
///
/// For many devices use `ModbusEndpoints`, which costs a fraction.
public final class ModbusClient: Sendable {
  private let user: NIOLoopBound<AwaitingUser>
  private let eventLoop: any EventLoop

  /// Connects. Throws `WireFailure`.
  public static func connect(
    host: String, port: Int = 502, options: ConnectionOptions = .init(),
    on loop: any EventLoop = MultiThreadedEventLoopGroup.singleton.next()
  ) async throws -> ModbusClient {
    try await connect(.tcp(host: host, port: port), options: options, on: loop)
  }

  /// Connects. Throws `WireFailure`.
  ///
  /// - Parameter credentialsDirectory: of `ClientCredentials`, for addresses behind Modbus/TCP Security.
  public static func connect(
    _ address: EndpointAddress, options: ConnectionOptions = .init(), credentialsDirectory: String? = nil,
    on loop: any EventLoop = MultiThreadedEventLoopGroup.singleton.next()
  ) async throws -> ModbusClient {
    let client = try await loop.submit {
      ModbusClient(address, options, credentialsDirectory, on: loop)
    }.get()
    do {
      try await loop.flatSubmit { client.user.value.connect() }.get()
    } catch {
      await client.close()
      throw error
    }
    return client
  }

  private init(
    _ address: EndpointAddress, _ options: ConnectionOptions, _ directory: String?, on loop: any EventLoop
  ) {
    eventLoop = loop
    let credentials = directory.map { ClientCredentials(directory: $0, on: loop) }
    user = NIOLoopBound(AwaitingUser(address, options, credentials, on: loop), eventLoop: loop)
  }

  /// Sends any request and waits for its answer. Throws `RequestFailure`.
  ///
  /// After a wire failure there is no connection any more: `reconnect()` first.
  public func send(
    _ request: ModbusRequest, unitId: UInt8 = 1, timeout: Duration = .seconds(1)
  ) async throws -> ModbusResponse {
    try await eventLoop.flatSubmit { [user] in
      user.value.submit(request, unitId: unitId, timeout: timeout)
    }.get()
  }

  /// Connects again after a failure. Throws `WireFailure`.
  public func reconnect() async throws {
    try await eventLoop.flatSubmit { [user] in user.value.connect() }.get()
  }

  /// Closes. Requests that wait fail.
  public func close() async {
    _ = try? await eventLoop.submit { [user] in user.value.close() }.get()
  }

  // MARK: Functions

  /// Registers of the holding or input table. Throws `RequestFailure`.
  public func readRegisters(
    _ table: ModbusTable = .holding, address: UInt16, count: UInt16 = 1, unitId: UInt8 = 1,
    timeout: Duration = .seconds(1)
  ) async throws -> [UInt16] {
    let request: ModbusRequest =
      table == .input
      ? .readInputRegisters(address: address, count: count)
      : .readHoldingRegisters(address: address, count: count)
    return Array(try await send(request, unitId: unitId, timeout: timeout).registers ?? [])
  }

  /// Bits of the coil or discrete input table. Throws `RequestFailure`.
  public func readBits(
    _ table: ModbusTable = .coil, address: UInt16, count: UInt16 = 1, unitId: UInt8 = 1,
    timeout: Duration = .seconds(1)
  ) async throws -> [Bool] {
    let request: ModbusRequest =
      table == .discrete
      ? .readDiscreteInputs(address: address, count: count) : .readCoils(address: address, count: count)
    return Array(try await send(request, unitId: unitId, timeout: timeout).bits ?? [])
  }

  /// Function 6 for one register, function 16 for more. Throws `RequestFailure`.
  public func writeRegisters(
    address: UInt16, _ values: [UInt16], unitId: UInt8 = 1, timeout: Duration = .seconds(1)
  ) async throws {
    let request: ModbusRequest =
      if let only = values.first, values.count == 1 {
        .writeSingleRegister(address: address, value: only)
      } else {
        .writeMultipleRegisters(address: address, values: RegisterBlock(values))
      }
    _ = try await send(request, unitId: unitId, timeout: timeout)
  }

  /// Function 5 for one coil, function 15 for more. Throws `RequestFailure`.
  public func writeCoils(
    address: UInt16, _ values: [Bool], unitId: UInt8 = 1, timeout: Duration = .seconds(1)
  ) async throws {
    let request: ModbusRequest =
      if let only = values.first, values.count == 1 {
        .writeSingleCoil(address: address, value: only)
      } else {
        .writeMultipleCoils(address: address, values: BitBlock(values))
      }
    _ = try await send(request, unitId: unitId, timeout: timeout)
  }

  /// All identity objects that `access` covers, page by page. Throws `RequestFailure`.
  public func readIdentification(
    _ access: IdentificationAccess = .basic, unitId: UInt8 = 1, timeout: Duration = .seconds(1)
  ) async throws -> [IdentificationObject] {
    var objects: [IdentificationObject] = []
    var next: UInt8? = 0
    while let object = next {
      let answer = try await send(
        .readDeviceIdentification(access: access, object: object), unitId: unitId, timeout: timeout)
      guard case .readDeviceIdentification(let page) = answer else { break }
      objects += page.objects
      // A device that sends us back would keep us here for ever.
      next = page.nextObject.flatMap { $0 > object ? $0 : nil }
    }
    return objects
  }
}

/// Turns an endpoint's callbacks into futures. Confined to its event loop.
private final class AwaitingUser: ModbusEndpointUser {
  private let endpoints: ModbusEndpoints
  private var endpoint: ModbusEndpoint?
  private var connecting: [EventLoopPromise<Void>] = []
  private var asked: [Int: EventLoopPromise<ModbusResponse>] = [:]
  private var lastTag = 0

  init(
    _ address: EndpointAddress, _ options: ConnectionOptions, _ credentials: ClientCredentials?,
    on loop: any EventLoop
  ) {
    endpoints = ModbusEndpoints(eventLoop: loop, credentials: credentials)
    endpoint = endpoints.join(address, options: options, user: self)
  }

  func connect() -> EventLoopFuture<Void> {
    let promise = endpoints.eventLoop.makePromise(of: Void.self)
    guard let endpoint else {
      promise.fail(WireFailure.closedLocally)
      return promise.futureResult
    }
    connecting.append(promise)
    endpoint.connect()
    return promise.futureResult
  }

  func submit(_ request: ModbusRequest, unitId: UInt8, timeout: Duration) -> EventLoopFuture<ModbusResponse> {
    let promise = endpoints.eventLoop.makePromise(of: ModbusResponse.self)
    guard let endpoint else {
      promise.fail(RequestFailure.notSent(.notConnected))
      return promise.futureResult
    }
    lastTag &+= 1
    asked[lastTag] = promise
    endpoint.submit(request, unitId: unitId, timeout: timeout, for: self, tag: lastTag)
    return promise.futureResult
  }

  func close() {
    guard let endpoint else { return }
    self.endpoint = nil
    endpoint.close()
    endpoint.leave(self)
  }

  func endpoint(_ endpoint: ModbusEndpoint, event: ConnectionEvent) {
    let promises = connecting
    connecting = []
    for promise in promises {
      switch event {
      case .connected: promise.succeed()
      case .failed(let failure): promise.fail(failure)
      case .closed(let failure, _, _): promise.fail(failure ?? .closedLocally)
      }
    }
  }

  func endpoint(
    _ endpoint: ModbusEndpoint, finished tag: Int, with outcome: Result<ModbusResponse, RequestFailure>
  ) {
    asked.removeValue(forKey: tag)?.completeWith(outcome.mapError { $0 as any Error })
  }
}
