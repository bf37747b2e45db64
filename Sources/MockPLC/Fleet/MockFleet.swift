import Modbus
import NIOCore
import NIOPosix

/// Mock PLCs on real ports, in this process. All of them live on one event loop.
///
/// ```swift
/// let fleet = try await MockFleet.start(FleetConfiguration(plcs: [.simple(register: 4001, value: 2500)]))
/// // fleet.ports[0] speaks Modbus TCP now.
/// await fleet.stop()
/// ```
public final class MockFleet: Sendable {
  /// The port of each PLC, in the fleet's order.
  public let ports: [Int]
  /// The address of each PLC.
  public let hosts: [String]
  /// The name of each PLC.
  public let names: [String]
  private let eventLoop: any EventLoop
  private let state: NIOLoopBound<Running>
  private let servers: [ModbusServer]

  /// What lives on the event loop.
  private final class Running {
    let core: FleetCore
    let clock: FleetClock
    var handlers: [PLCRequestHandler] = []

    init(_ core: FleetCore, _ clock: FleetClock) {
      self.core = core
      self.clock = clock
    }
  }

  private init(
    hosts: [String], ports: [Int], names: [String], eventLoop: any EventLoop, state: NIOLoopBound<Running>,
    servers: [ModbusServer]
  ) {
    self.hosts = hosts
    self.ports = ports
    self.names = names
    self.eventLoop = eventLoop
    self.state = state
    self.servers = servers
  }

  /// Listens on every port, or on none.
  ///
  /// - Parameters:
  ///   - eventLoop: where everything happens; by default one of NIO's own.
  ///   - listening: told of the ports when all are open, before the fleet's time begins.
  ///   - log: told of every change, in order, on the event loop; it must not block.
  /// - Throws: ``FleetStartFailure`` for the first port that cannot be had.
  public static func start(
    _ configuration: FleetConfiguration, on eventLoop: (any EventLoop)? = nil,
    listening: (@Sendable (MockFleet) -> Void)? = nil, log: (@Sendable (LogEntry) -> Void)? = nil
  ) async throws -> MockFleet {
    let loop = eventLoop ?? MultiThreadedEventLoopGroup.singleton.next()
    let state = try await loop.submit {
      let core = FleetCore(configuration)
      let running = Running(core, FleetClock(core, on: loop))
      running.handlers = core.plcs.map {
        PLCRequestHandler($0, core: core, clock: running.clock, security: configuration.security)
      }
      core.observer = log
      core.disconnect = { [weak running] plc in running?.handlers[plc].closeAll() }
      return NIOLoopBound(running, eventLoop: loop)
    }.get()
    let servers = try await listen(configuration, loop, state)
    let names = try await loop.submit { state.value.core.plcs.map(\.name) }.get()
    let count = configuration.plcs.count
    let fleet =
      switch configuration.placement {
      case .consecutivePorts:
        MockFleet(
          hosts: Array(repeating: configuration.host, count: count), ports: servers.map(\.port), names: names,
          eventLoop: loop, state: state, servers: servers)
      case .consecutiveAddresses:
        MockFleet(
          hosts: try addresses(configuration).map(\.description),
          ports: Array(repeating: servers.first?.port ?? 0, count: count), names: names, eventLoop: loop,
          state: state, servers: servers)
      }
    listening?(fleet)
    try await loop.submit { state.value.clock.begin() }.get()
    return fleet
  }

  /// Every server that the fleet needs, or none.
  private static func listen(
    _ configuration: FleetConfiguration, _ loop: any EventLoop, _ state: NIOLoopBound<Running>
  ) async throws -> [ModbusServer] {
    if configuration.placement == .consecutiveAddresses {
      let first = try addresses(configuration).first ?? IPv4Address(number: 0)
      return [
        try await bind("0.0.0.0", configuration.firstPort, configuration.security, loop) {
          AddressedRequestHandler(first: first, handlers: state.value.handlers)
        }
      ]
    }
    var servers: [ModbusServer] = []
    do {
      for index in configuration.plcs.indices {
        let port = configuration.firstPort == 0 ? 0 : configuration.firstPort + index
        servers.append(
          try await bind(configuration.host, port, configuration.security, loop) {
            state.value.handlers[index]
          })
      }
    } catch {
      for server in servers { try? await server.close() }
      throw error
    }
    return servers
  }

  private static func addresses(_ configuration: FleetConfiguration) throws -> [IPv4Address] {
    guard let first = IPv4Address(configuration.host),
      first.advanced(by: max(0, configuration.plcs.count - 1)) != nil
    else {
      throw FleetStartFailure(
        host: configuration.host, port: configuration.firstPort,
        reason: "\(configuration.plcs.count) consecutive addresses need an IPv4 address to begin with")
    }
    return configuration.plcs.indices.compactMap { first.advanced(by: $0) }
  }

  private static func bind(
    _ host: String, _ port: Int, _ security: FleetSecurity?, _ loop: any EventLoop,
    handler: @escaping @Sendable () -> any ModbusRequestHandler
  ) async throws -> ModbusServer {
    guard (0...65_535).contains(port) else {
      throw FleetStartFailure(host: host, port: port, reason: "there is no such port")
    }
    do {
      return try await ModbusServer.bind(
        ModbusServerConfiguration(host: host, port: port, security: security?.files), on: loop,
        handler: handler)
    } catch {
      throw FleetStartFailure(host: host, port: port, error: error)
    }
  }

  /// Closes every connection and port; done when the ports are free. Stopping twice does no harm.
  public func stop() async {
    let state = state
    _ = try? await eventLoop.submit {
      state.value.core.advance(to: state.value.clock.now)
      state.value.clock.stop()
    }.get()
    for server in servers { try? await server.close() }
  }

  /// Runs on the event loop, after everything that is due.
  private func onLoop<Result: Sendable>(
    _ body: @escaping @Sendable (FleetCore) throws -> Result
  ) async throws -> Result {
    let state = state
    return try await eventLoop.submit {
      state.value.core.advance(to: state.value.clock.now)
      return try body(state.value.core)
    }.get()
  }

  // MARK: Looking in

  /// What a client would read now; bits are 0 and 1.
  ///
  /// - Throws: ``FleetAccessFailure`` when there is no such PLC, unit or address.
  public func peek(
    _ address: UInt16, count: Int = 1, table: ModbusTable = .holding, plc: Int = 0, unit: UInt8 = 1
  ) async throws -> [UInt16] {
    try await onLoop { try $0.peek(plc: plc, unit: unit, table, address, count: count) }
  }

  /// Sets words as somebody at the PLC's panel would: no client, no fault, read-only or not.
  ///
  /// - Throws: ``FleetAccessFailure`` when there is no such PLC, unit or address.
  public func poke(
    _ address: UInt16, _ words: [UInt16], table: ModbusTable = .holding, plc: Int = 0, unit: UInt8 = 1
  ) async throws {
    try await onLoop { try $0.poke(plc: plc, unit: unit, table, address, words) }
  }

  /// A register's value in engineering units, by its name in the map.
  public func value(of name: String, plc: Int = 0, unit: UInt8 = 1) async throws -> MockValue {
    try await onLoop { try $0.value(plc: plc, unit: unit, of: name) }
  }

  /// The writes that clients asked for, oldest first; see ``FleetConfiguration/keepsWrites``.
  public func writes() async throws -> [WriteRecord] {
    try await onLoop { $0.writes }
  }

  /// Switches faults on, as a script does. `plc`: `nil` for all.
  public func enable(_ faults: [FaultSpec], plc: Int? = nil, unit: UInt8? = nil) async throws {
    try await perform(.enable(faults), plc: plc, unit: unit)
  }

  /// Does what a script can do, now. `plc`: `nil` for all.
  public func perform(_ action: ScriptAction, plc: Int? = nil, unit: UInt8? = nil) async throws {
    let state = state
    try await eventLoop.submit {
      let core = state.value.core
      core.advance(to: state.value.clock.now)
      core.perform(action, plc: plc, unit: unit)
      state.value.clock.dueChanged()
    }.get()
  }
}

/// Why a port could not be had, in one line.
public struct FleetStartFailure: Error, Hashable, Sendable, CustomStringConvertible {
  public var host: String
  public var port: Int
  public var reason: String

  init(host: String, port: Int, reason: String) {
    self.host = host
    self.port = port
    self.reason = reason
  }

  init(host: String, port: Int, error: any Error) {
    let reason: String
    if let error = error as? IOError {
      reason = error.errnoCode.reason
    } else {
      reason = "\(error)"
    }
    self.init(host: host, port: port, reason: reason)
  }

  public var description: String {
    "cannot listen on \(host.contains(":") ? "[\(host)]" : host):\(port): \(reason)"
  }
}

/// What one looked for is not there.
public enum FleetAccessFailure: Error, Hashable, Sendable {
  case noSuchPLC(Int)
  case noSuchUnit(UInt8)
  case noSuchAddress(UInt16, count: Int)
  case noSuchRegister(String)
}
