import Foundation
import Logging
import NIOCore
import NIOHTTP1
import NIOPosix
import Testing

@testable import Cluster

/// Requests to the webhook that do not end; without TLS, which is not what is slow.
@Suite(.timeLimit(.minutes(5))) struct WebhookPatienceTests {
  private func serve() async throws -> any Channel {
    let patience = WebhookServer.Patience(request: .seconds(1), idle: .seconds(60))
    return try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          let pipeline = channel.pipeline.syncOperations
          try pipeline.configureHTTPServerPipeline(withErrorHandling: true)
          let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
          try pipeline.addHandler(WebhookHandler(patience: patience, logger: logger, onVerdict: { _ in }))
        }
      }
      .bind(host: "127.0.0.1", port: 0).get()
  }

  /// Sends the text and then a byte each tenth of a second, until the other side ends the connection.
  private func answer(to text: String, port: Int) async throws -> String {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(descriptor) }
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
    var received: [UInt8] = []
    var next = Array(text.utf8)
    for _ in 0..<1000 {
      _ = send(descriptor, next, next.count, Int32(MSG_NOSIGNAL))
      next = [UInt8(ascii: "x")]
      try await Task.sleep(for: .milliseconds(100))
      var buffer = [UInt8](repeating: 0, count: 4096)
      let count = recv(descriptor, &buffer, buffer.count, 0)
      if count > 0 { received += buffer[..<count] }
      if count == 0 || (count < 0 && errno != EAGAIN) { return String(decoding: received, as: UTF8.self) }
    }
    return "never ended"
  }

  @Test(arguments: [
    ("POST /validate HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n", ""),
    ("POST /validate HTTP/1.1\r\nX: ", ""),
    ("POST /metrics HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n", "404"),
    ("POST /validate HTTP/1.1\r\nHost: a\r\nContent-Length: 100000000\r\n\r\n", "413"),
  ])
  func whatDoesNotEndIsEnded(_ request: String, _ status: String) async throws {
    let server = try await serve()
    let text = try await answer(to: request, port: try #require(server.localAddress?.port))
    try await server.close()
    #expect(status.isEmpty ? text.isEmpty : text.hasPrefix("HTTP/1.1 \(status) "))
  }
}
