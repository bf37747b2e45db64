import Modbus
import NIOCore
import NIOPosix

/// A device of one table of holding registers and one of coils, whose faults a test chooses.
final class TestDevice: ModbusRequestHandler {
  var registers: [UInt16: UInt16] = [:]
  var coils: [UInt16: Bool] = [:]
  var identity: [IdentificationObject] = []
  var requests: [ServerRequest] = []
  /// On which connection each request came.
  var carriers: [ServerConnection] = []
  var opened: [ServerConnection] = []
  var closedCount = 0
  var brokenBy: [WireFailure] = []
  var admission: (TestDevice, ServerConnection) -> ServerAdmission = { _, _ in .accept }
  var fault: (TestDevice, ServerRequest, ServerConnection) -> ServerAction? = { _, _, _ in nil }

  func connectionOpened(_ connection: ServerConnection) -> ServerAdmission {
    let answer = admission(self, connection)
    if answer == .accept { opened.append(connection) }
    return answer
  }

  func connectionClosed(_ connection: ServerConnection) {
    opened.removeAll { $0 === connection }
    closedCount += 1
  }

  func connectionBroken(_ connection: ServerConnection, by failure: WireFailure) { brokenBy.append(failure) }

  func handle(_ request: ServerRequest, on connection: ServerConnection) -> ServerAction {
    requests.append(request)
    carriers.append(connection)
    return fault(self, request, connection) ?? answer(request.request)
  }

  func answer(_ request: ModbusRequest) -> ServerAction {
    switch request {
    case .readHoldingRegisters(let address, let count):
      return .reply(.readHoldingRegisters(block(address, count)))
    case .readInputRegisters(let address, let count):
      return .reply(.readInputRegisters(block(address, count)))
    case .readCoils(let address, let count): return .reply(.readCoils(bits(address, count)))
    case .readDiscreteInputs(let address, let count): return .reply(.readDiscreteInputs(bits(address, count)))
    case .writeSingleCoil(let address, let value):
      coils[address] = value
      return .reply(.writeSingleCoil(address: address, value: value))
    case .writeSingleRegister(let address, let value):
      registers[address] = value
      return .reply(.writeSingleRegister(address: address, value: value))
    case .writeMultipleCoils(let address, let values):
      for (offset, value) in values.enumerated() { coils[address + UInt16(offset)] = value }
      return .reply(.writeMultipleCoils(address: address, count: UInt16(values.count)))
    case .writeMultipleRegisters(let address, let values):
      write(address, values)
      return .reply(.writeMultipleRegisters(address: address, count: UInt16(values.count)))
    case .maskWriteRegister(let address, let and, let or):
      registers[address] = (registers[address, default: 0] & and) | (or & ~and)
      return .reply(.maskWriteRegister(address: address, and: and, or: or))
    case .readWriteMultipleRegisters(let readAddress, let readCount, let writeAddress, let values):
      write(writeAddress, values)
      return .reply(.readWriteMultipleRegisters(block(readAddress, readCount)))
    case .readDeviceIdentification(let access, let object):
      let page = IdentificationPage.answering(access: access, from: object, identity: identity)
      return page.map { .reply(.readDeviceIdentification($0)) } ?? .exception(.illegalDataAddress)
    }
  }

  private func write(_ address: UInt16, _ values: RegisterBlock) {
    for (offset, value) in values.enumerated() { registers[address + UInt16(offset)] = value }
  }

  private func block(_ address: UInt16, _ count: UInt16) -> RegisterBlock {
    RegisterBlock(count: Int(count)) { registers[address + UInt16($0)] ?? 0 }
  }

  private func bits(_ address: UInt16, _ count: UInt16) -> BitBlock {
    BitBlock(count: Int(count)) { coils[address + UInt16($0)] ?? false }
  }
}

/// A server on a port of its own, and its device.
struct TestServer: Sendable {
  let server: ModbusServer
  private let device: NIOLoopBound<TestDevice>

  static func start(
    _ framing: ModbusFraming = .mbap, host: String = "127.0.0.1", security: CredentialFiles? = nil,
    _ configure: @escaping @Sendable (TestDevice) -> Void = { _ in }
  ) async throws -> TestServer {
    let loop = MultiThreadedEventLoopGroup.singleton.next()
    let device = try await loop.submit {
      let device = TestDevice()
      configure(device)
      return NIOLoopBound(device, eventLoop: loop)
    }.get()
    let server = try await ModbusServer.bind(
      ModbusServerConfiguration(host: host, port: 0, framing: framing, security: security), on: loop
    ) { device.value }
    return TestServer(server: server, device: device)
  }

  /// Looks at the device, or changes it, where it lives.
  func on<Value: Sendable>(_ body: @escaping @Sendable (TestDevice) -> Value) async throws -> Value {
    try await server.eventLoop.submit { [device] in body(device.value) }.get()
  }

  func connect(
    options: ConnectionOptions = .init(), framing: ModbusFraming = .mbap
  ) async throws -> ModbusClient {
    try await ModbusClient.connect(
      .tcp(host: "127.0.0.1", port: server.port, framing: framing), options: options)
  }
}

/// Generous: for what must happen, on a machine that is doing something else.
let patience = Duration.seconds(30)

/// Polls until `condition` holds or patience ends.
func eventually(_ condition: () async throws -> Bool) async throws -> Bool {
  let end = ContinuousClock.now + patience
  while ContinuousClock.now < end {
    if try await condition() { return true }
    try await Task.sleep(for: .milliseconds(5))
  }
  return false
}
