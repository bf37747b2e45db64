import Modbus
import NIOCore
import NIOPosix
import Testing

/// Remembers what it hears. Confined to its loop.
private final class Listener: ModbusEndpointUser {
  var events: [ConnectionEvent] = []
  var outcomes: [Int: Result<ModbusResponse, RequestFailure>] = [:]
  var onOutcome: (ModbusEndpoint) -> Void = { _ in }

  func endpoint(_ endpoint: ModbusEndpoint, event: ConnectionEvent) { events.append(event) }

  func endpoint(
    _ endpoint: ModbusEndpoint, finished tag: Int, with outcome: Result<ModbusResponse, RequestFailure>
  ) {
    outcomes[tag] = outcome
    onOutcome(endpoint)
  }
}

/// Some users of one loop's endpoints.
private final class Bench {
  let endpoints: ModbusEndpoints
  let users = [Listener(), Listener()]
  var joined: [ModbusEndpoint] = []

  init(_ loop: any EventLoop) { endpoints = ModbusEndpoints(eventLoop: loop) }
}

@Suite struct ModbusEndpointsTests {
  private let loop = MultiThreadedEventLoopGroup.singleton.next()

  private func bench() async throws -> NIOLoopBound<Bench> {
    try await loop.submit { [loop] in NIOLoopBound(Bench(loop), eventLoop: loop) }.get()
  }

  private func on<Value: Sendable>(
    _ bench: NIOLoopBound<Bench>, _ body: @escaping @Sendable (Bench) -> Value
  ) async throws -> Value {
    try await loop.submit { body(bench.value) }.get()
  }

  @Test func usersOfOneAddressShareOneConnection() async throws {
    let device = try await TestServer.start { $0.registers = [1: 10, 2: 20] }
    let address = EndpointAddress.tcp(host: "127.0.0.1", port: device.server.port)
    let bench = try await bench()
    try await on(bench) { bench in
      bench.joined = bench.users.map { bench.endpoints.join(address, user: $0) }
      bench.joined[0].connect()
    }
    #expect(
      try await eventually { try await on(bench) { $0.users.allSatisfy { $0.events == [.connected] } } })
    try await on(bench) { bench in
      for (index, user) in bench.users.enumerated() {
        bench.joined[index].submit(
          .readHoldingRegisters(address: UInt16(index + 1), count: 1), unitId: UInt8(index + 1),
          timeout: patience, for: user, tag: 7)
      }
    }
    #expect(try await eventually { try await on(bench) { $0.users.allSatisfy { $0.outcomes.count == 1 } } })
    #expect(try await on(bench) { $0.users[0].outcomes[7] } == .success(.readHoldingRegisters([10])))
    #expect(try await on(bench) { $0.users[1].outcomes[7] } == .success(.readHoldingRegisters([20])))
    #expect(try await device.on { $0.opened.count + $0.closedCount } == 1)
    try await on(bench) { bench in bench.joined[0].leave(bench.users[0]) }
    #expect(try await on(bench) { $0.endpoints.count } == 1)
    #expect(try await on(bench) { $0.joined[1].isConnected })
    try await on(bench) { bench in bench.joined[1].leave(bench.users[1]) }
    #expect(try await on(bench) { $0.endpoints.count } == 0)
    #expect(try await eventually { try await device.on { $0.closedCount == 1 } })
    #expect(try await on(bench) { $0.users.allSatisfy { $0.events == [.connected] } })
    try await device.server.close()
  }

  /// The steady path as an engine drives it: the next request from the completion of the last.
  @Test func aRequestFromACompletion() async throws {
    let device = try await TestServer.start { $0.registers = [1: 10] }
    let address = EndpointAddress.tcp(host: "127.0.0.1", port: device.server.port)
    let bench = try await bench()
    try await on(bench) { bench in
      let user = bench.users[0]
      let endpoint = bench.endpoints.join(address, user: user)
      bench.joined = [endpoint]
      user.onOutcome = { [unowned user] endpoint in
        guard user.outcomes.count < 500 else { return }
        endpoint.submit(
          .readHoldingRegisters(address: 1, count: 1), unitId: 1, timeout: patience, for: user,
          tag: user.outcomes.count)
      }
      endpoint.connect()
    }
    #expect(try await eventually { try await on(bench) { $0.users[0].events == [.connected] } })
    try await on(bench) { bench in
      bench.joined[0].submit(
        .readHoldingRegisters(address: 1, count: 1), unitId: 1, timeout: patience, for: bench.users[0], tag: 0
      )
    }
    #expect(try await eventually { try await on(bench) { $0.users[0].outcomes.count == 500 } })
    #expect(
      try await on(bench) { bench in
        bench.users[0].outcomes.values.allSatisfy { $0 == .success(.readHoldingRegisters([10])) }
      })
    #expect(try await on(bench) { $0.endpoints.timer.count } == 1)
    try await on(bench) { bench in bench.joined[0].leave(bench.users[0]) }
    #expect(try await on(bench) { $0.endpoints.timer.count } == 0)
    try await device.server.close()
  }

  /// One of many units never answers: the others' reads go on over a new connection by themselves.
  @Test func aHangingUnitDoesNotStarveTheRest() async throws {
    let device = try await TestServer.start {
      $0.fault = { _, request, _ in request.unitId == 1 ? .silence : nil }
    }
    let address = EndpointAddress.tcp(host: "127.0.0.1", port: device.server.port)
    let bench = try await bench()
    try await on(bench) { bench in
      bench.joined = bench.users.map { bench.endpoints.join(address, user: $0) }
      bench.joined[0].connect()
    }
    #expect(try await eventually { try await on(bench) { $0.users[0].events == [.connected] } })
    try await on(bench) { bench in
      let endpoint = bench.joined[0]
      let read = ModbusRequest.readHoldingRegisters(address: 1, count: 1)
      endpoint.submit(read, unitId: 1, timeout: .milliseconds(100), for: bench.users[0], tag: 0)
      for unit in UInt8(2)...16 {
        endpoint.submit(read, unitId: unit, timeout: patience, for: bench.users[1], tag: Int(unit))
      }
    }
    #expect(try await eventually { try await on(bench) { $0.users[1].outcomes.count == 15 } })
    let failure = WireFailure.timedOut(strayAnswers: 0)
    #expect(try await on(bench) { $0.users[0].outcomes[0] } == .failure(.wire(failure)))
    #expect(
      try await on(bench) { bench in
        bench.users[1].outcomes.values.allSatisfy { $0 == .success(.readHoldingRegisters([0])) }
      })
    #expect(
      try await on(bench) { $0.users[1].events }
        == [.connected, .closed(failure, unit: 1, reconnecting: true), .connected])
    try await on(bench) { bench in
      for (endpoint, user) in zip(bench.joined, bench.users) { endpoint.leave(user) }
    }
    try await device.server.close()
  }

  @Test func leavingWhileConnectingIsQuiet() async throws {
    let device = try await TestServer.start()
    let address = EndpointAddress.tcp(host: "127.0.0.1", port: device.server.port)
    let bench = try await bench()
    try await on(bench) { bench in
      let endpoint = bench.endpoints.join(address, user: bench.users[0])
      endpoint.connect()
      endpoint.leave(bench.users[0])
    }
    #expect(try await eventually { try await device.on { $0.closedCount == 1 } })
    #expect(try await on(bench) { $0.users[0].events.isEmpty && $0.endpoints.count == 0 })
    try await device.server.close()
  }
}
