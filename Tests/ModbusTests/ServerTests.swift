import Modbus
import NIOCore
import NIOPosix
import Testing

@Suite struct ServerTests {
  /// A socket that speaks bytes, for what a proper client never sends.
  private func rawExchange(_ port: Int, send: [UInt8], until count: Int) async throws -> [UInt8] {
    let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .connect(host: "127.0.0.1", port: port) { channel in
        channel.eventLoop.makeCompletedFuture {
          try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
        }
      }
    return try await channel.executeThenClose { inbound, outbound in
      try await outbound.write(ByteBuffer(bytes: send))
      var received: [UInt8] = []
      for try await piece in inbound {
        received += piece.readableBytesView
        if received.count >= count { break }
      }
      return received
    }
  }

  @Test func pipelinedRequestsAreAnsweredInOrder() async throws {
    let device = try await TestServer.start {
      $0.registers = [1: 11, 2: 22]
      $0.fault = { device, request, _ in
        guard case .readHoldingRegisters(1, _) = request.request,
          case .reply(let response) = device.answer(request.request)
        else { return nil }
        return .steps([.wait(.milliseconds(30)), .reply(response)])
      }
    }
    let answer = try await rawExchange(
      device.server.port,
      send: [0, 1, 0, 0, 0, 6, 5, 3, 0, 1, 0, 1, 0, 2, 0, 0, 0, 6, 5, 3, 0, 2, 0, 1], until: 22)
    #expect(answer == [0, 1, 0, 0, 0, 5, 5, 3, 2, 0, 11, 0, 2, 0, 0, 0, 5, 5, 3, 2, 0, 22])
    try await device.server.close()
  }

  @Test func whatIsDoneLaterHoldsNobodyUp() async throws {
    let device = try await TestServer.start {
      $0.registers = [1: 11, 2: 22]
      $0.fault = { device, request, _ in
        guard case .readHoldingRegisters(1, _) = request.request,
          case .reply(let response) = device.answer(request.request)
        else { return nil }
        return .steps([.later(.milliseconds(30), [.reply(response)])])
      }
    }
    let answer = try await rawExchange(
      device.server.port,
      send: [0, 1, 0, 0, 0, 6, 5, 3, 0, 1, 0, 1, 0, 2, 0, 0, 0, 6, 5, 3, 0, 2, 0, 1], until: 22)
    #expect(answer == [0, 2, 0, 0, 0, 5, 5, 3, 2, 0, 22, 0, 1, 0, 0, 0, 5, 5, 3, 2, 0, 11])
    try await device.server.close()
  }

  static let refused: [([UInt8], [UInt8])] = [
    ([0x63, 1, 2], [0xE3, 1]),
    ([3, 0, 0, 0, 126], [0x83, 3]),
    ([3, 255, 255, 0, 2], [0x83, 2]),
    ([5, 0, 0, 0, 1], [0x85, 3]),
    ([6, 0, 0], [0x86, 3]),
    ([0x2B, 0x0D, 0, 0], [0xAB, 1]),
  ]

  @Test(arguments: refused) func whatModbusForbidsIsRefused(_ pdu: [UInt8], _ answer: [UInt8]) async throws {
    let device = try await TestServer.start()
    let received = try await rawExchange(
      device.server.port, send: [0, 9, 0, 0, 0, UInt8(pdu.count + 1), 1] + pdu, until: 9)
    #expect(received == [0, 9, 0, 0, 0, 3, 1] + answer)
    #expect(try await device.on { $0.requests.isEmpty })
    try await device.server.close()
  }

  @Test func bytesThatAreNoFrameEndTheConnection() async throws {
    let device = try await TestServer.start()
    let received = try await rawExchange(device.server.port, send: Array("GET / HTTP/1.1\r\n".utf8), until: 1)
    #expect(received.isEmpty)
    #expect(try await device.on { $0.brokenBy } == [.protocolIdentifier(0x5420)])
    #expect(try await eventually { try await device.on { $0.closedCount == 1 } })
    try await device.server.close()
  }

  @Test func aFullDeviceRefusesOrEvicts() async throws {
    let device = try await TestServer.start { device in
      device.admission = { device, _ in device.opened.isEmpty ? .accept : .refuse }
    }
    let first = try await device.connect()
    _ = try await first.readRegisters(address: 1, timeout: patience)
    let second = try await device.connect()
    await #expect(throws: RequestFailure.self) {
      try await second.readRegisters(address: 1, timeout: patience)
    }
    #expect(try await device.on { $0.closedCount } == 0)
    try await device.on { device in
      device.admission = { device, _ in
        device.opened.first?.close()
        return .accept
      }
    }
    try await second.reconnect()
    #expect(try await second.readRegisters(address: 1, timeout: patience) == [0])
    #expect(try await eventually { try await device.on { $0.closedCount == 1 && $0.opened.count == 1 } })
    await #expect(throws: RequestFailure.self) {
      try await first.readRegisters(address: 1, timeout: patience)
    }
    await first.close()
    await second.close()
    try await device.server.close()
  }

  @Test func anAnswerTooLongBecomesAnException() async throws {
    let device = try await TestServer.start {
      $0.fault = { _, _, _ in .reply(.readHoldingRegisters(RegisterBlock(count: 126) { _ in 1 })) }
    }
    let client = try await device.connect()
    await #expect(throws: RequestFailure.refused(DeviceRefusal(function: 3, exception: .serverDeviceFailure)))
    {
      try await client.readRegisters(address: 1, timeout: patience)
    }
    await client.close()
    try await device.server.close()
  }

  @Test func aConnectionKnowsWhereItIs() async throws {
    let device = try await TestServer.start()
    let client = try await device.connect()
    _ = try await client.readRegisters(address: 1, timeout: patience)
    let port = device.server.port
    let seen = try await device.on { device in
      device.opened.map {
        "\($0.localAddress ?? "?"):\($0.localPort ?? 0) \($0.remoteAddress.contains("127.0.0.1"))"
      }
    }
    #expect(seen == ["127.0.0.1:\(port) true"])
    await client.close()
    try await device.server.close()
  }

  @Test func stoppingClosesConnectionsAndFreesThePort() async throws {
    let device = try await TestServer.start()
    let client = try await device.connect()
    _ = try await client.readRegisters(address: 1, timeout: patience)
    try await device.server.close()
    #expect(try await eventually { try await device.on { $0.closedCount == 1 } })
    await #expect(throws: WireFailure.connectionRefused) {
      try await ModbusClient.connect(host: "127.0.0.1", port: device.server.port)
    }
    await client.close()
  }

  @Test func aTakenPortSaysSo() async throws {
    let device = try await TestServer.start()
    await #expect(throws: IOError.self) {
      try await ModbusServer.bind(
        ModbusServerConfiguration(port: device.server.port), on: device.server.eventLoop
      ) { TestDevice() }
    }
    try await device.server.close()
  }
}
