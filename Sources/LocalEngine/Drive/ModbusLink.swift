import Control
import Logging
import Modbus
import NIOCore

/// Makes links; a test may make other ones.
protocol LinkMaker: AnyObject {
  func link(for spec: DeviceSpec, owner: any DeviceLinkOwner) -> any DeviceLink
  /// Connections that are open now.
  var connections: Int { get }
}

/// Links over the shared connections of one event loop.
final class ModbusLinkMaker: LinkMaker {
  private let endpoints: ModbusEndpoints
  private let meter = RequestMeter()

  init(loop: any EventLoop, credentialsDirectory: String, logger: Logger) {
    let credentials = ClientCredentials(directory: credentialsDirectory, on: loop)
    credentials.onProblem = { logger.warning("TLS credentials: \($0)") }
    endpoints = ModbusEndpoints(eventLoop: loop, credentials: credentials)
  }

  var connections: Int { endpoints.connectedCount }

  func link(for spec: DeviceSpec, owner: any DeviceLinkOwner) -> any DeviceLink {
    ModbusLink(spec, endpoints: endpoints, meter: meter, owner: owner)
  }
}

/// One device's share of a `ModbusEndpoint`.
///
/// The connection behind it belongs to every unit there. A device hears only of what concerns it: that the connection
/// it waits for is made, or that the one it uses has gone. When another unit's silence cost the connection, this one
/// is not told: its next read brings a new connection, and only its writes are turned back, because what they were
/// decided on was read over the old one.
final class ModbusLink: DeviceLink, ModbusEndpointUser {
  private enum State {
    /// To connecting.
    case idle
    /// To up or idle.
    case connecting
    /// To lapsed or idle.
    case up
    /// Another unit's trouble closed the shared connection. To up or idle.
    case lapsed
  }

  private struct InFlight {
    var tag: Int
    var function: FunctionCode
    var since: Int64
    var completion: (Result<ModbusResponse, RequestFailure>) -> Void
  }

  private struct Waiting {
    var request: ModbusRequest
    var completion: (Result<ModbusResponse, RequestFailure>) -> Void
  }

  private weak var owner: (any DeviceLinkOwner)?
  private var endpoint: ModbusEndpoint?
  private var state = State.idle
  private(set) var epoch: UInt64 = 0
  private let unit: UInt8
  private let timeout: Duration
  private let meter: RequestMeter
  /// The address cannot be reached by this program; connecting fails with this.
  private var unusable: WireProblem?
  /// Handed to the connection and not answered yet; seldom more than one.
  private var inFlight: [InFlight] = []
  private var waiting: [Waiting] = []
  private var nextTag = 0

  init(
    _ spec: DeviceSpec, endpoints: ModbusEndpoints, meter: RequestMeter, owner: any DeviceLinkOwner
  ) {
    self.owner = owner
    self.meter = meter
    unit = spec.unitID
    timeout = Duration(spec.timeout)
    // A small controller takes seconds over the arithmetic of a TLS handshake.
    let patience: Duration = spec.security == nil ? .seconds(1) : .seconds(10)
    let options = ConnectionOptions(
      connectTimeout: max(timeout, patience), pauseAfterConnect: Duration(spec.pauseAfterConnect),
      pauseBetweenRequests: Duration(spec.pauseBetweenRequests), perRequest: spec.connection == .perRequest)
    do throws(EndpointAddressFault) {
      let address = try EndpointAddress(
        deviceAddress: spec.address, port: spec.port, identity: TLSIdentity(spec.security))
      endpoint = endpoints.join(address, options: options, user: self)
    } catch {
      unusable = WireProblem(.local, "\(error)")
    }
  }

  func connect() {
    if let unusable { owner?.linkDidFail(unusable) }
    guard let endpoint, state != .up else { return }
    state = .connecting
    endpoint.connect()
  }

  func disconnect() {
    state = .idle
    turnBackWaiting(.notConnected)
    // Whatever was wrong on the wire has dropped the connection already; others may be using a new one.
    if let endpoint, endpoint.userCount == 1 { endpoint.close() }
  }

  func send(_ request: ModbusRequest, completion: @escaping (Result<ModbusResponse, RequestFailure>) -> Void)
  {
    guard let endpoint else { return completion(.failure(.notSent(.notConnected))) }
    if state == .lapsed {
      guard !request.isWrite else {
        return completion(.failure(.notSent(.connectionLost(.connectionClosed))))
      }
      waiting.append(Waiting(request: request, completion: completion))
      if waiting.count == 1 { endpoint.connect() }
      return
    }
    submit(request, completion)
  }

  func release() {
    owner = nil
    state = .idle
    inFlight.removeAll()
    waiting.removeAll()
    endpoint?.leave(self)
    endpoint = nil
  }

  private func submit(
    _ request: ModbusRequest, _ completion: @escaping (Result<ModbusResponse, RequestFailure>) -> Void
  ) {
    nextTag &+= 1
    inFlight.append(
      InFlight(
        tag: nextTag, function: request.function, since: EngineClock.now().instant.nanoseconds,
        completion: completion))
    endpoint?.submit(request, unitId: unit, timeout: timeout, for: self, tag: nextTag)
  }

  private func turnBackWaiting(_ reason: NotSent) {
    let turned = waiting
    waiting.removeAll()
    for item in turned { item.completion(.failure(.notSent(reason))) }
  }

  func endpoint(_ endpoint: ModbusEndpoint, event: ConnectionEvent) {
    switch event {
    case .connected: didConnect()
    case .failed(let failure):
      guard state != .idle else { return }
      let wasConnecting = state == .connecting
      state = .idle
      turnBackWaiting(.connectionLost(failure))
      meter.connectionFailed(WireProblem(failure))
      if wasConnecting {
        owner?.linkDidFail(WireProblem(failure))
      } else {
        owner?.linkDidClose(WireProblem(failure))
      }
    case .closed(let failure, let culprit, _):
      guard state != .idle else { return }
      if let culprit, culprit != unit {
        if state == .up { state = .lapsed }
        return
      }
      // With a culprit it was counted with the request it broke on.
      if culprit == nil, let failure { meter.connectionFailed(WireProblem(failure)) }
      state = .idle
      let problem = WireProblem(failure ?? .closedLocally)
      turnBackWaiting(.connectionLost(failure ?? .closedLocally))
      owner?.linkDidClose(problem)
    }
  }

  private func didConnect() {
    switch state {
    case .idle, .up: return
    case .connecting:
      state = .up
      epoch &+= 1
      owner?.linkDidConnect()
    case .lapsed:
      state = .up
      epoch &+= 1
      let ready = waiting
      waiting.removeAll()
      for item in ready { submit(item.request, item.completion) }
    }
  }

  func endpoint(
    _ endpoint: ModbusEndpoint, finished tag: Int, with outcome: Result<ModbusResponse, RequestFailure>
  ) {
    guard let index = inFlight.firstIndex(where: { $0.tag == tag }) else { return }
    let request = inFlight.remove(at: index)
    meter.finished(request.function, after: EngineClock.now().instant.nanoseconds - request.since, outcome)
    request.completion(outcome)
  }
}

extension TLSIdentity {
  init(_ security: TransportSecurity?) {
    let security = security ?? TransportSecurity()
    self.init(credentials: security.credentials, serverName: security.serverName)
  }
}

extension Duration {
  init(_ span: TimeSpan) { self = .nanoseconds(span.nanoseconds) }
}
