import Foundation
import Modbus
import NIOCore
import NIOPosix
import Testing

/// Client and server of this package, over loopback.
@Suite struct SocketTests {
  @Test(arguments: ModbusFraming.allCases) func everyFunction(_ framing: ModbusFraming) async throws {
    let device = try await TestServer.start(framing) { device in
      device.identity = (0..<4).map {
        IdentificationObject(id: UInt8($0), value: Array(repeating: UInt8(65 + $0), count: 90))
      }
    }
    let client = try await device.connect(framing: framing)
    try await client.writeRegisters(address: 7, [2500], timeout: patience)
    try await client.writeRegisters(address: 8, Array(1...123), timeout: patience)
    #expect(try await client.readRegisters(address: 7, count: 3, timeout: patience) == [2500, 1, 2])
    #expect(try await client.readRegisters(.input, address: 130, count: 2, timeout: patience) == [123, 0])
    #expect(try await client.readRegisters(address: 7, count: 125, timeout: patience).count == 125)
    let bits = (0..<1968).map { $0 % 5 == 1 }
    try await client.writeCoils(address: 0, bits, timeout: patience)
    try await client.writeCoils(address: 0, [true], timeout: patience)
    #expect(
      try await client.readBits(address: 0, count: 2000, timeout: patience)
        == [true] + bits.dropFirst() + Array(repeating: false, count: 32))
    #expect(
      try await client.readBits(.discrete, address: 1, count: 3, timeout: patience) == [true, false, false])
    _ = try await client.send(.maskWriteRegister(address: 7, and: 0x00F0, or: 0x0F0F), timeout: patience)
    let swapped = try await client.send(
      .readWriteMultipleRegisters(readAddress: 7, readCount: 2, writeAddress: 8, values: [99]),
      timeout: patience)
    #expect(swapped.registers == [(2500 & 0xF0) | 0x0F0F, 99] as RegisterBlock)
    #expect(try await client.readIdentification(.regular, timeout: patience).map(\.id) == [0, 1, 2, 3])
    await client.close()
    try await device.server.close()
  }

  @Test func refusedConnection() async throws {
    // Bound, so that nobody else gets the port, and not listened on.
    let holder = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    defer { close(holder) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = inet_addr("127.0.0.1")
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let named = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(holder, $0, length) == 0 && getsockname(holder, $0, &length) == 0
      }
    }
    try #require(named)
    let port = Int(UInt16(bigEndian: address.sin_port))
    await #expect(throws: WireFailure.connectionRefused) {
      try await ModbusClient.connect(host: "127.0.0.1", port: port)
    }
    // A name goes the other way, through the resolver and every address it has.
    await #expect(throws: WireFailure.connectionRefused) {
      try await ModbusClient.connect(host: "localhost", port: port)
    }
  }

  @Test func namesAreResolved() async throws {
    let device = try await TestServer.start { $0.registers[1] = 11 }
    let client = try await ModbusClient.connect(host: "localhost", port: device.server.port)
    #expect(try await client.readRegisters(address: 1, timeout: patience) == [11])
    await client.close()
    await #expect(throws: WireFailure.nameNotResolved("no-such-host.invalid")) {
      try await ModbusClient.connect(host: "no-such-host.invalid", port: 502)
    }
    try await device.server.close()
  }

  @Test func overIPv6() async throws {
    // A machine without IPv6 has nothing to test here, and says so.
    guard let device = try? await TestServer.start(host: "::1", { $0.registers[1] = 6 }) else {
      print("overIPv6: no IPv6 loopback on this machine")
      return
    }
    let client = try await ModbusClient.connect(host: "::1", port: device.server.port)
    #expect(try await client.readRegisters(address: 1, timeout: patience) == [6])
    await client.close()
    try await device.server.close()
  }

  @Test func acceptsAndSaysNothing() async throws {
    let device = try await TestServer.start { $0.fault = { _, _, _ in .silence } }
    let client = try await device.connect()
    await #expect(throws: RequestFailure.wire(.timedOut(strayAnswers: 0))) {
      try await client.readRegisters(address: 1, timeout: .milliseconds(50))
    }
    await #expect(throws: RequestFailure.notSent(.notConnected)) {
      try await client.readRegisters(address: 1)
    }
    #expect(try await eventually { try await device.on { $0.opened.isEmpty } })
    await client.close()
    try await device.server.close()
  }

  @Test func answersWithAnothersTransactionId() async throws {
    let device = try await TestServer.start {
      $0.fault = { device, request, _ in
        let wrong: [ServerStep] = [
          .frame(pdu: [3, 2, 0, 1], transactionId: request.transactionId &+ 1),
          .frame(pdu: [3, 2, 0, 2], transactionId: request.transactionId &- 1),
        ]
        return .steps(device.requests.count == 1 ? wrong + [.frame(pdu: [3, 2, 0, 3])] : wrong)
      }
    }
    let client = try await device.connect()
    #expect(try await client.readRegisters(address: 1, timeout: patience) == [3])
    // How many arrive before the time is up depends on the machine; none may become the answer.
    do {
      let values = try await client.readRegisters(address: 1, timeout: .milliseconds(200))
      Issue.record("an answer was made of another's: \(values)")
    } catch let failure as RequestFailure {
      guard case .wire(.timedOut(let strays)) = failure else { throw failure }
      #expect((0...2).contains(strays))
    }
    await client.close()
    try await device.server.close()
  }

  static let wrongBytes: [([UInt8], WireFailure)] = [
    ([0, 1, 0, 0, 0, 1, 1], .frameLength(1)),
    ([0, 1, 0, 0, 1, 0, 1], .frameLength(256)),
    ([0, 1, 0, 7, 0, 3, 1], .protocolIdentifier(7)),
    (Array("HTTP/1.1 400 Bad Request\r\n\r\n".utf8), .protocolIdentifier(0x5450)),
    ([0, 1, 0, 0, 0, 4, 1, 3, 2, 0], .malformedAnswer(.length(3, expected: 4))),
    ([0, 1, 0, 0, 0, 5, 1, 4, 2, 0, 0], .functionMismatch(sent: 3, received: 4)),
    ([0, 1, 0, 0, 0, 5, 9, 3, 2, 0, 0], .unitMismatch(sent: 1, received: 9)),
  ]

  @Test(arguments: wrongBytes) func answersThatAreNone(_ bytes: [UInt8], _ failure: WireFailure) async throws
  {
    let device = try await TestServer.start { $0.fault = { _, _, _ in .steps([.bytes(bytes)]) } }
    let client = try await device.connect()
    await #expect(throws: RequestFailure.wire(failure)) {
      try await client.readRegisters(address: 1, timeout: patience)
    }
    await client.close()
    try await device.server.close()
  }

  @Test func exceptionsKeepTheConnection() async throws {
    let device = try await TestServer.start {
      $0.fault = { _, request, _ in
        if case .readHoldingRegisters(2, _) = request.request { .exception(.illegalDataAddress) } else { nil }
      }
    }
    let client = try await device.connect()
    await #expect(throws: RequestFailure.refused(DeviceRefusal(function: 3, exception: .illegalDataAddress)))
    {
      try await client.readRegisters(address: 2, timeout: patience)
    }
    #expect(try await client.readRegisters(address: 1, timeout: patience) == [0])
    await client.close()
    try await device.server.close()
  }

  @Test(arguments: ModbusFraming.allCases) func splitFrames(_ framing: ModbusFraming) async throws {
    let device = try await TestServer.start(framing) {
      $0.registers = [0: 7, 1: 8, 2: 9]
      $0.fault = { device, request, _ in
        guard case .reply(let response) = device.answer(request.request) else { return nil }
        return .steps(
          request.bytes(replying: response).flatMap { [.bytes([$0]), .wait(.milliseconds(1))] })
      }
    }
    let client = try await device.connect(framing: framing)
    for _ in 0..<3 {
      #expect(try await client.readRegisters(address: 0, count: 3, timeout: patience) == [7, 8, 9])
    }
    await client.close()
    try await device.server.close()
  }

  @Test func resetAndCloseInsteadOfAnAnswer() async throws {
    let device = try await TestServer.start {
      $0.fault = { _, request, _ in
        switch request.request {
        case .readHoldingRegisters(1, _): .steps([.reset])
        case .readHoldingRegisters(2, _): .steps([.close])
        case .readHoldingRegisters(3, _): .steps([.bytes([0, 0, 0]), .close])
        default: nil
        }
      }
    }
    let client = try await device.connect()
    let expected: [(UInt16, WireFailure)] = [
      (1, .connectionReset), (2, .connectionClosed), (3, .shortFrame(received: 3)),
    ]
    for (address, failure) in expected {
      await #expect(throws: RequestFailure.wire(failure)) {
        try await client.readRegisters(address: address, timeout: patience)
      }
      try await client.reconnect()
    }
    #expect(try await client.readRegisters(address: 9, timeout: patience) == [0])
    await client.close()
    try await device.server.close()
  }

  /// A thousand reads against a device that is late one time in ten and then answers after the client gave up:
  /// no value is ever taken for another request's.
  @Test func lateAnswersAreNeverAnothersValue() async throws {
    let device = try await TestServer.start {
      $0.registers = Dictionary(uniqueKeysWithValues: (0..<1000).map { ($0, $0 &* 31) })
      $0.fault = { device, request, _ in
        guard device.requests.count % 10 == 0, case .reply(let response) = device.answer(request.request)
        else { return nil }
        return .steps([.later(.milliseconds(40), [.reply(response)])])
      }
    }
    let client = try await device.connect()
    var late = 0
    for address in UInt16(0)..<1000 {
      do {
        let values = try await client.readRegisters(address: address, timeout: .milliseconds(20))
        #expect(values == [address &* 31])
      } catch let failure as RequestFailure {
        guard case .wire(.timedOut) = failure else { throw failure }
        late += 1
        try await client.reconnect()
      }
    }
    #expect(late > 0)
    await client.close()
    try await device.server.close()
  }

  @Test func perRequestLeavesNoConnectionBehind() async throws {
    let device = try await TestServer.start { $0.registers[4] = 44 }
    let client = try await device.connect(options: ConnectionOptions(perRequest: true))
    // What `connect` made is given up by itself when nothing is asked on it; waited for, since a slow machine may or may
    // not be in time to use it.
    #expect(try await eventually { try await device.on { $0.opened.isEmpty && $0.closedCount == 1 } })
    for _ in 0..<5 { #expect(try await client.readRegisters(address: 4, timeout: patience) == [44]) }
    #expect(try await eventually { try await device.on { $0.opened.isEmpty && $0.closedCount == 6 } })
    #expect(try await device.on { Set($0.carriers.map(ObjectIdentifier.init)).count } == 5)
    await client.close()
    try await device.server.close()
  }
}
