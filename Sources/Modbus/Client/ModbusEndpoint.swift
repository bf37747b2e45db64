import NIOCore

/// Someone who uses an endpoint: one device behind it. Called on the endpoint's event loop.
public protocol ModbusEndpointUser: AnyObject {
  /// The shared connection came or went.
  func endpoint(_ endpoint: ModbusEndpoint, event: ConnectionEvent)

  /// What became of the request submitted with `tag`; once for each. Blocks in the response share the receive
  /// buffer: copy out what is to be kept.
  func endpoint(
    _ endpoint: ModbusEndpoint, finished tag: Int, with outcome: Result<ModbusResponse, RequestFailure>)
}

/// One connection to a `host:port`, shared by every user of every unit behind it.
///
/// Confined to its event loop: call it only there, and it calls its users there. It does nothing by itself but
/// carry out what was asked; reconnecting after a failure is its users' decision.
public final class ModbusEndpoint {
  public let address: EndpointAddress
  /// Where everything happens.
  public let eventLoop: any EventLoop

  private let timer: LoopTimer
  private let credentials: ClientCredentials?
  private var machine: ClientConnectionMachine<Request>
  private var users: [any ModbusEndpointUser] = []
  private var handler: ClientChannelHandler?
  /// Tells an attempt that was given up from the current one.
  private var attempt: UInt64 = 0
  private var wake: LoopTimer.Token?
  private var isActing = false
  /// Our own wish, not the end of a connection that failed.
  private var isClosing = false
  private let onEmpty: (ModbusEndpoint) -> Void

  /// Whose a request is.
  private struct Request {
    let user: any ModbusEndpointUser
    let tag: Int
  }

  init(
    address: EndpointAddress, options: ConnectionOptions, timer: LoopTimer, credentials: ClientCredentials?,
    onEmpty: @escaping (ModbusEndpoint) -> Void
  ) {
    self.address = address
    self.timer = timer
    self.credentials = credentials
    self.onEmpty = onEmpty
    eventLoop = timer.eventLoop
    machine = ClientConnectionMachine(options: options, hasTransactionIds: address.framing == .mbap)
  }

  /// Whether there is a connection now.
  public var isConnected: Bool { machine.isConnected }

  /// Requests that wait for their turn.
  public var waitingCount: Int { machine.waitingCount }

  /// Answers that were discarded because they were nobody's.
  public var strayAnswers: Int { machine.strayAnswers }

  public var userCount: Int { users.count }

  /// Asks for a connection; every user hears how that goes. With one already there, all hear `connected` again.
  public func connect() {
    machine.connect()
    act()
  }

  /// Sends a request when its turn comes; `user` hears the outcome under `tag`.
  ///
  /// May call back before it returns when the request cannot be sent.
  /// - Parameter timeout: from sending to the answer; the wait for other requests does not count. A read of a unit that
  ///   did not answer before may be given up sooner where other units share the connection.
  public func submit(
    _ request: ModbusRequest, unitId: UInt8, timeout: Duration, for user: any ModbusEndpointUser, tag: Int
  ) {
    machine.submit(
      request, unitId: unitId, timeout: timeout, token: Request(user: user, tag: tag), at: timer.now)
    act()
  }

  /// Closes the shared connection; every user hears `closed`. To stop using it, `leave`.
  public func close() {
    isClosing = true
    machine.close()
    act()
    isClosing = false
  }

  /// Takes a user out: it hears nothing more. With the last one the connection closes.
  public func leave(_ user: any ModbusEndpointUser) {
    users.removeAll { $0 === user }
    machine.abandon { $0.user === user }
    guard users.isEmpty else { return }
    close()
    if let wake { timer.cancel(wake) }
    wake = nil
    onEmpty(self)
  }

  func join(_ user: any ModbusEndpointUser, options: ConnectionOptions) {
    var merged = users.isEmpty ? options : machine.options.merged(with: options)
    merged.pauseBetweenRequests = max(merged.pauseBetweenRequests, address.leastPause)
    machine.setOptions(merged)
    if !users.contains(where: { $0 === user }) { users.append(user) }
  }

  // MARK: From the socket

  func received(_ frame: ModbusFrame) {
    machine.received(frame, at: timer.now)
    act()
  }

  func broken(_ failure: WireFailure) {
    machine.broken(failure, at: timer.now)
    act()
  }

  // MARK: Acting

  /// Does what the machine wants. Users that call back in are served by the loop that is already running.
  private func act() {
    guard !isActing else { return }
    isActing = true
    while let action = machine.nextAction() {
      switch action {
      case .send(let transactionId, let unitId, let request):
        handler?.send(request, transactionId: transactionId, unitId: unitId)
      case .complete(let request, let outcome):
        request.user.endpoint(self, finished: request.tag, with: outcome)
      case .wake(let time):
        if let wake { timer.cancel(wake) }
        wake = timer.schedule(at: time, self)
      case .notify(let event):
        for user in users { user.endpoint(self, event: event) }
      case .dial: dial()
      case .hangUp: hangUp()
      }
    }
    isActing = false
  }

  private func dial() {
    attempt &+= 1
    let attempt = attempt
    let timeout = machine.options.connectTimeout
    address.connect(on: eventLoop, timeout: timeout, credentials: credentials).assumeIsolated()
      .whenComplete { [self] result in dialled(result, attempt: attempt) }
  }

  private func dialled(_ result: Result<any Channel, any Error>, attempt: UInt64) {
    switch result {
    case .success(let channel):
      guard attempt == self.attempt,
        let handler = try? channel.pipeline.syncOperations.handler(type: ClientChannelHandler.self)
      else {
        channel.close(promise: nil)
        if attempt == self.attempt { machine.connectFailed(.connectionClosed) }
        return
      }
      self.handler = handler
      handler.attach(self)
      machine.connected(at: timer.now)
    case .failure(let error):
      guard attempt == self.attempt else { return }
      machine.connectFailed(WireFailure(error))
    }
    act()
  }

  private func hangUp() {
    attempt &+= 1
    handler?.detach(orderly: isClosing || machine.options.perRequest)
    handler = nil
  }
}

extension ModbusEndpoint: LoopTimerTarget {
  public func timerFired(_ token: LoopTimer.Token, tag: Int) {
    guard token == wake else { return }
    wake = nil
    machine.timerFired(at: timer.now)
    act()
  }
}
