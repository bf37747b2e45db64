import Modbus
import NIOCore

/// Puts one PLC behind a listening port: reads the clock, asks the PLC, and turns its verdict into the
/// server's steps.
final class PLCRequestHandler: ModbusRequestHandler {
  private let plc: PLC
  private let core: FleetCore
  private let clock: FleetClock
  private let security: FleetSecurity?
  /// In order of arrival.
  private var connections: [ServerConnection] = []

  init(_ plc: PLC, core: FleetCore, clock: FleetClock, security: FleetSecurity?) {
    self.plc = plc
    self.core = core
    self.clock = clock
    self.security = security
  }

  func handle(_ request: ServerRequest, on connection: ServerConnection) -> ServerAction {
    let mayWrite = security?.mayWrite(role: connection.role) ?? true
    let verdict = core.handle(
      request.request, plc: plc, unit: request.unitId, connection: connection.id, mayWrite: mayWrite,
      at: clock.now)
    if verdict.revert != nil { clock.dueChanged() }
    return action(verdict, for: request)
  }

  func handleInvalid(
    _ fault: RequestFault, function: UInt8, unitId: UInt8, on connection: ServerConnection
  ) -> ServerAction {
    core.advance(to: clock.now)
    let answers = plc.answersInvalid(unit: unitId, connection: connection.id, at: core.now)
    return answers ? .exception(fault.exception) : .silence
  }

  func connectionOpened(_ connection: ServerConnection) -> ServerAdmission {
    core.advance(to: clock.now)
    switch plc.admits(open: connections.count, at: core.now) {
    case .refuse:
      log(.connect, connection, "refused")
      return .refuse
    case .reset: return .reset
    case .accept:
      log(.connect, connection, "accepted")
    case .evictOldest:
      while let most = plc.policy.maxConnections, connections.count >= max(1, most) {
        let oldest = connections.removeFirst()
        log(.disconnect, oldest, "evicted")
        oldest.close()
      }
      log(.connect, connection, "accepted")
    }
    connections.append(connection)
    return .accept
  }

  func connectionClosed(_ connection: ServerConnection) {
    connections.removeAll { $0 === connection }
    plc.forget(connection: connection.id)
  }

  func connectionBroken(_ connection: ServerConnection, by failure: WireFailure) {
    guard core.isVerbose else { return }
    core.log(plc, .disconnect, at: core.now, isClientCaused: true) {
      [.init("conn", connection.id), .init("outcome", "\(failure)")]
    }
  }

  func closeAll() {
    let open = connections
    connections = []
    for connection in open { connection.close() }
  }

  /// Connections are part of the log only where they are asked for, or turned away.
  private func log(_ cause: LogEntry.Cause, _ connection: ServerConnection, _ outcome: String) {
    guard core.isVerbose || outcome != "accepted" else { return }
    core.log(plc, cause, at: core.now, isClientCaused: true) {
      [.init("conn", connection.id), .init("outcome", outcome)]
        + (security == nil ? [] : [.init("role", connection.role ?? "-")])
    }
  }

  // MARK: Steps

  private func action(_ verdict: PLC.Verdict, for request: ServerRequest) -> ServerAction {
    let exchange = verdict.exchange
    let answer: ServerStep
    switch verdict.outcome {
    case .silence: return .silence
    case .answer(let response):
      if exchange.isPlain { return .reply(response) }
      answer = .reply(response)
    case .refuse(let exception):
      if exchange.isPlain { return .exception(exception) }
      answer = .exception(exception)
    case .reset: return .steps(Self.waiting(exchange.delay) + [.reset])
    case .junk(let honest, let kind, let draw):
      let bytes = Junk.spoiled(Self.bytes(of: honest, for: request), kind, draw: draw)
      return .steps(Self.waiting(exchange.delay) + [.bytes(bytes)])
    }
    if let late = exchange.lateBy {
      return .steps([.later((exchange.delay + late).duration, [answer])])
    }
    guard let gap = exchange.pieces else { return .steps(Self.waiting(exchange.delay) + [answer]) }
    let whole: [UInt8] =
      switch verdict.outcome {
      case .answer(let response): request.bytes(replying: response)
      case .refuse(let exception): request.bytes(refusing: exception)
      default: []
      }
    let pieces = whole.flatMap { [ServerStep.bytes([$0]), .wait(gap.duration)] }.dropLast()
    return .steps(Self.waiting(exchange.delay) + pieces)
  }

  private static func waiting(_ delay: Elapsed) -> [ServerStep] {
    delay > .zero ? [.wait(delay.duration)] : []
  }

  private static func bytes(of answer: PLC.Verdict.Answer, for request: ServerRequest) -> [UInt8] {
    switch answer {
    case .response(let response): request.bytes(replying: response)
    case .exception(let exception): request.bytes(refusing: exception)
    }
  }
}

extension Exchange {
  /// Whether the answer goes out whole and at once.
  fileprivate var isPlain: Bool { delay <= .zero && lateBy == nil && pieces == nil }
}

extension Elapsed {
  var duration: Duration { .nanoseconds(max(0, nanoseconds)) }
}
