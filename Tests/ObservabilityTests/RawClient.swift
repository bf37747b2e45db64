import Control
import Fleet
import Foundation
import Logging
import Synchronization
import Testing

@testable import Observability

/// No measure: only a test that would wait for ever ends with it. On a machine that does other work the megabytes that
/// the kernel takes before a writer has to wait may alone need a minute.
let testPatience = Duration.seconds(240)

/// A server on a free port for the length of a test.
func serving(
  _ engine: SampleEngine, _ change: (inout ObservabilityOptions) -> Void = { _ in },
  registry: MetricRegistry = MetricRegistry(), _ body: (Int) async throws -> Void
) async throws {
  var options = ObservabilityOptions()
  options.port = 0
  options.version = "1.2.3"
  // A busy machine is no silent engine.
  options.enginePatience = testPatience
  change(&options)
  let (ports, announce) = AsyncStream.makeStream(of: Int.self)
  let server = ObservabilityServer(
    engine: engine, registry: registry, options: options,
    logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, now: { noon },
    onListening: { announce.yield($0) })
  let running = Task {
    defer { announce.finish() }
    try await server.run()
  }
  var port: Int?
  for await number in ports {
    port = number
    break
  }
  guard let port else { return try await running.value }
  do {
    try await body(port)
  } catch {
    running.cancel()
    _ = try? await running.value
    throw error
  }
  running.cancel()
  _ = try? await running.value
}

/// A TCP connection that reads only when told to, in small waits so that it holds no thread.
final class RawClient {
  let descriptor: Int32
  private(set) var received: [UInt8] = []
  private(set) var isClosed = false

  init(_ port: Int, receiveBuffer: Int32? = nil) throws {
    descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    if var size = receiveBuffer {
      setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &size, socklen_t(MemoryLayout<Int32>.size))
    }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = in_port_t(UInt16(port).bigEndian)
    address.sin_addr.s_addr = inet_addr("127.0.0.1")
    let connected = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    try #require(connected == 0)
    _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
  }

  deinit { close(descriptor) }

  /// What the descriptor stands for, for a failure's message: `socket:[4711]`.
  var what: String {
    (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/\(descriptor)")) ?? "closed"
  }

  func send(_ text: String) {
    let bytes = Array(text.utf8)
    _ = Foundation.send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL))
  }

  func get(_ path: String, _ headers: String = "") {
    send("GET \(path) HTTP/1.1\r\nHost: test\r\n\(headers)\r\n")
  }

  /// Takes what has come; at most `most` bytes.
  func take(_ most: Int = 1 << 16) {
    var buffer = [UInt8](repeating: 0, count: most)
    let count = recv(descriptor, &buffer, most, 0)
    if count > 0 { received.append(contentsOf: buffer[0..<count]) }
    if count == 0 || (count < 0 && errno != EAGAIN && errno != EINTR) { isClosed = true }
  }

  var text: String { String(decoding: received, as: UTF8.self) }

  /// Reads until it holds, the connection ends or too much time has passed; says whether it holds.
  @discardableResult
  func read(until condition: (RawClient) -> Bool) async throws -> Bool {
    let deadline = ContinuousClock.now + testPatience
    while !condition(self), !isClosed, ContinuousClock.now < deadline {
      let before = received.count
      take()
      if received.count == before, !isClosed { try await Task.sleep(for: .milliseconds(3)) }
    }
    return condition(self)
  }
}

struct RawResponse {
  var status: Int
  var headers: [String: String]
  var body: [UInt8]

  var text: String { String(decoding: body, as: UTF8.self) }

  func json() throws -> [String: Any] {
    try #require(try JSONSerialization.jsonObject(with: Data(body)) as? [String: Any])
  }

  init(_ bytes: [UInt8]) throws {
    let end = try #require(Data(bytes).range(of: Data("\r\n\r\n".utf8)))
    let lines = String(decoding: bytes[..<end.lowerBound], as: UTF8.self).components(separatedBy: "\r\n")
    let words = try #require(lines.first).split(separator: " ")
    try #require(words.count >= 2)
    status = try #require(Int(words[1]))
    headers = [:]
    for line in lines.dropFirst() {
      guard let colon = line.firstIndex(of: ":") else { continue }
      headers[line[..<colon].lowercased()] =
        String(line[line.index(after: colon)...]).trimmingCharacters(in: .whitespaces)
    }
    body = Array(bytes[end.upperBound...])
  }
}

/// One request on a connection of its own, to its end.
func fetch(
  _ port: Int, _ path: String, method: String = "GET", headers: String = "", body: String = ""
) async throws -> RawResponse {
  let client = try RawClient(port)
  client.send("\(method) \(path) HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\(headers)\r\n\(body)")
  try await client.read { _ in false }
  return try RawResponse(client.received)
}

/// Waits for something that another task brings about.
func eventually(_ what: Comment, _ condition: () -> Bool) async throws {
  let deadline = ContinuousClock.now + testPatience
  while !condition(), ContinuousClock.now < deadline { try await Task.sleep(for: .milliseconds(5)) }
  #expect(condition(), what)
}
