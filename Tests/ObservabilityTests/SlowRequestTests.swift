import Control
import Foundation
import Testing

@testable import Observability

/// Requests that do not end.
@Suite(.timeLimit(.minutes(10))) struct SlowRequestTests {
  /// As many of them as there are connections, a byte now and then, and one that asks for its health.
  @Test func drippingBodiesLeaveTheServerToOthers() async throws {
    try await serving(SampleEngine(snapshot([device("line-1")])), { $0.maxConnections = 16 }) { port in
      let slow = try (0..<16).map { _ in try RawClient(port) }
      for client in slow {
        client.send("POST /metrics HTTP/1.1\r\nHost: test\r\nContent-Length: 1000000\r\n\r\n")
      }
      let dripping = drip("x", into: slow)
      defer { dripping.cancel() }
      let started = ContinuousClock.now
      let healthy = try await fetch(port, "/healthz")
      #expect(healthy.status == 200)
      #expect(ContinuousClock.now - started < .seconds(40))
      for client in slow {
        try await client.read { _ in false }
        let answer = try RawResponse(client.received)
        #expect(answer.status == 405 && answer.headers["connection"] == "close")
      }
    }
  }

  @Test func drippingHeadsAreCutOff() async throws {
    try await serving(
      SampleEngine(snapshot([])),
      {
        $0.maxConnections = 4
        $0.requestPatience = .seconds(1)
      }
    ) { port in
      let slow = try (0..<4).map { _ in try RawClient(port) }
      for client in slow { client.send("GET /metrics HTTP/1.1\r\nX: ") }
      let dripping = drip("x", into: slow)
      defer { dripping.cancel() }
      let healthy = try await fetch(port, "/healthz")
      #expect(healthy.status == 200)
      for client in slow {
        try await client.read { _ in false }
        #expect(client.isClosed)
      }
    }
  }

  /// As many as like, for as long as they like.
  @Test func connectionsThatJustSitThereLeaveASeatToAProbe() async throws {
    try await serving(
      SampleEngine(snapshot([])),
      {
        $0.maxConnections = 16
        $0.requestPatience = .seconds(3600)
        $0.idleTimeout = .seconds(3600)
      }
    ) { port in
      let probe = try RawClient(port)
      probe.get("/healthz")
      #expect(try await probe.read { $0.text.contains("200 OK") })
      var idle: [RawClient] = []
      for _ in 0..<4 {
        idle += try (0..<16).map { _ in try RawClient(port) }
        let healthy = try await fetch(port, "/healthz")
        #expect(healthy.status == 200)
      }
      // The oldest had to go, the newest need not.
      try await idle[0].read { _ in false }
      #expect(idle[0].isClosed)
      idle[63].get("/healthz")
      #expect(try await idle[63].read { $0.text.contains("200 OK") })
    }
  }

  /// A connection may be kept for longer than a request may take.
  @Test func anIdleConnectionIsKeptAndTheNextRequestAnswered() async throws {
    try await serving(SampleEngine(snapshot([])), { $0.requestPatience = .milliseconds(500) }) { port in
      let client = try RawClient(port)
      for count in 1...2 {
        client.get("/healthz")
        let isAnswered = try await client.read {
          $0.text.components(separatedBy: "200 OK").count == count + 1
        }
        #expect(isAnswered)
        try await Task.sleep(for: .seconds(1))
      }
      // A second head that never ends is cut off like the first.
      client.send("GET /healthz HTTP/1.1\r\nContent-Length: 5\r\n\r\n")
      try await client.read { _ in false }
      #expect(client.isClosed && client.text.contains("413"))
    }
  }

  @Test(arguments: [
    "Content-Length: 3\r\n\r\nabc", "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
  ])
  func aBodyIsRefused(_ rest: String) async throws {
    try await serving(SampleEngine(snapshot([]))) { port in
      let client = try RawClient(port)
      client.send("GET /healthz HTTP/1.1\r\nHost: test\r\n\r\nGET /healthz HTTP/1.1\r\nHost: test\r\n\(rest)")
      try await client.read { _ in false }
      let statuses = client.text.components(separatedBy: "HTTP/1.1 ").dropFirst().map { $0.prefix(3) }
      #expect(statuses == ["200", "413"])
    }
  }

  private func drip(_ byte: String, into clients: [RawClient]) -> Task<Void, Never> {
    let descriptors = clients.map(\.descriptor)
    let bytes = Array(byte.utf8)
    return Task {
      while !Task.isCancelled {
        for descriptor in descriptors {
          _ = Foundation.send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL))
        }
        try? await Task.sleep(for: .milliseconds(100))
      }
    }
  }
}
