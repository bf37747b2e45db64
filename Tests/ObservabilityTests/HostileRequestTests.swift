import Control
import Foundation
import Testing

@testable import Observability

/// Requests that are none: whatever comes, the server answers or closes, and serves the next one.
///
/// `FABGITOPS_FUZZ_ROUNDS` says how many are sent; a failure tells its seed.
@Suite(.timeLimit(.minutes(30))) struct HostileRequestTests {
  private static let rounds =
    ProcessInfo.processInfo.environment["FABGITOPS_FUZZ_ROUNDS"].flatMap(Int.init) ?? 60

  private static let requests = [
    "GET /metrics HTTP/1.1\r\nHost: a\r\nAccept: application/openmetrics-text;q=0.9\r\nAccept-Encoding: gzip;q=1\r\n\r\n",
    "GET /api/v1/devices/default/line-1/history?from=2026-01-02T03:04:05Z&maxPoints=9 HTTP/1.1\r\nHost: a\r\n\r\n",
    "GET /api/v1/devices/%64efault/line%2d1/provenance HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
    "POST /api/v1/fleet HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    "PUT /api/v1/fleet HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello",
    "GET /api/v1/stream?follow=false HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nUpgrade: h2c\r\n\r\n",
    "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "GET http://a/healthz HTTP/1.0\r\n\r\n",
    "HEAD /readyz HTTP/1.1\r\nHost: a\r\n\r\n",
  ]

  @Test func theServerOutlivesWhateverItIsSent() async throws {
    let engine = SampleEngine(snapshot([device("line-1")]))
    try await serving(engine) { port in
      for seed in 0..<Self.rounds {
        var random = SplitMix64(seed: UInt64(seed))
        let client = try RawClient(port)
        client.send(bytes: spoiled(&random))
        // Half of them leave without waiting.
        if random.next() % 2 == 0 {
          shutdown(client.descriptor, Int32(SHUT_WR))
          try await client.read { !$0.received.isEmpty }
        }
        if seed % 25 == 24 {
          let healthy = try await fetch(port, "/healthz")
          #expect(healthy.status == 200, "seed \(seed)")
        }
      }
      let fleet = try await fetch(port, "/api/v1/fleet")
      #expect(fleet.status == 200)
    }
  }

  private func spoiled(_ random: inout SplitMix64) -> [UInt8] {
    var bytes: [UInt8] = []
    for _ in 0...(random.next() % 3) {
      bytes += Array(Self.requests[Int(random.next() % UInt64(Self.requests.count))].utf8)
    }
    for _ in 0...(random.next() % 6) {
      let place = Int(random.next() % UInt64(bytes.count))
      switch random.next() % 5 {
      case 0: bytes[place] = UInt8(truncatingIfNeeded: random.next())
      case 1:
        bytes.insert(
          contentsOf: [UInt8](repeating: bytes[place], count: Int(random.next() % 20_000)), at: place)
      case 2: bytes.removeSubrange(place..<min(place + Int(random.next() % 16), bytes.count))
      case 3: bytes.insert(contentsOf: Array("\r\nX: \u{1B}[31m%00%ff".utf8), at: place)
      default: bytes.swapAt(place, Int(random.next() % UInt64(bytes.count)))
      }
      if bytes.isEmpty { bytes = [0] }
    }
    return bytes
  }
}

extension RawClient {
  /// As much of it as is taken at once.
  fileprivate func send(bytes: [UInt8]) {
    _ = Foundation.send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL))
  }
}
