import Modbus
import NIOCore
import NIOPosix

/// The Modbus client as the engine uses it: so many PLCs on one event loop, each read again as soon as it has answered.
struct ClientLoad: Sendable {
  let host: String
  let firstPort: Int
  let plcs: Int
  let seconds: Int
  let registers: Int

  func run() async -> String {
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    let loop = group.next()
    let before = try? await loop.submit {
      let readers = NIOLoopBound(Readers(self, on: loop), eventLoop: loop)
      readers.value.begin()
      return readers
    }.get()
    guard let readers = before else { return "{}" }
    let started = Usage.now
    while (try? await loop.submit { readers.value.connected }.get()) ?? 0 < plcs, Usage.now < started + 30 {
      try? await Task.sleep(for: .milliseconds(20))
    }
    try? await Task.sleep(for: .milliseconds(500))
    let counted = (try? await loop.submit { readers.value.answers }.get()) ?? 0
    let cpu = Usage.cpu
    let began = Usage.now
    try? await Task.sleep(for: .seconds(seconds))
    let spent = Usage.cpu - cpu
    let wall = Usage.now - began
    let (answers, failures) =
      (try? await loop.submit { (readers.value.answers, readers.value.failures) }.get()) ?? (0, 0)
    return
      "{\"reads\": \(answers - counted), \"failures\": \(failures), \"cpu\": \(spent), \"wall\": \(wall), "
      + "\"rss\": \(Usage.resident)}"
  }
}

/// Confined to its event loop.
private final class Readers {
  private let endpoints: ModbusEndpoints
  private let load: ClientLoad
  private var readers: [Reader] = []
  var connected = 0
  var answers = 0
  var failures = 0

  init(_ load: ClientLoad, on loop: any EventLoop) {
    self.load = load
    endpoints = ModbusEndpoints(eventLoop: loop)
  }

  func begin() {
    for index in 0..<load.plcs {
      readers.append(
        Reader(
          endpoints.join, .tcp(host: load.host, port: load.firstPort + index),
          UInt16(clamping: load.registers), self))
    }
  }
}

private final class Reader: ModbusEndpointUser {
  /// Both hold each other until the process ends: the loop is still at work when it does.
  private let all: Readers
  private let request: ModbusRequest
  private var endpoint: ModbusEndpoint?
  private var sum: UInt64 = 0

  init(
    _ join: (EndpointAddress, ConnectionOptions, any ModbusEndpointUser) -> ModbusEndpoint,
    _ address: EndpointAddress, _ count: UInt16, _ all: Readers
  ) {
    self.all = all
    request = .readHoldingRegisters(address: 4001, count: count)
    endpoint = join(address, ConnectionOptions(), self)
    endpoint?.connect()
  }

  private func read() {
    endpoint?.submit(request, unitId: 1, timeout: .seconds(5), for: self, tag: 0)
  }

  func endpoint(_ endpoint: ModbusEndpoint, event: ConnectionEvent) {
    guard case .connected = event else { return all.failures += 1 }
    all.connected += 1
    read()
  }

  func endpoint(
    _ endpoint: ModbusEndpoint, finished tag: Int, with outcome: Result<ModbusResponse, RequestFailure>
  ) {
    guard case .success(let response) = outcome, let words = response.registers else {
      all.failures += 1
      return
    }
    for word in words { sum &+= UInt64(word) }
    all.answers += 1
    read()
  }
}
