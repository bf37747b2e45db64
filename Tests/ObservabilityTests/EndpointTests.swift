import Control
import Fleet
import Foundation
import Testing

@testable import Observability

@Suite struct EndpointTests {
  private let engine = SampleEngine(snapshot([device("line-1"), device("line-2", namespace: "zone-a")]))

  @Test func metricsAreServedInBothFormats() async throws {
    try await serving(engine) { port in
      let plain = try await fetch(port, "/metrics")
      #expect(plain.status == 200)
      #expect(plain.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8")
      #expect(plain.headers["content-length"] == "\(plain.body.count)")
      #expect(plain.text.contains("\nmanaged_plcs 2\n"))
      #expect(plain.text.contains("\nplc_connection_status{plc_name=\"line-1\",namespace=\"default\"} 1\n"))
      #expect(plain.text.contains("\nfabgitops_build_info{version=\"1.2.3\"} 1\n"))
      #expect(plain.text.contains("\nprocess_resident_memory_bytes "))
      let open = try await fetch(
        port, "/metrics", headers: "Accept: application/openmetrics-text; version=1.0.0\r\n")
      #expect(open.headers["content-type"] == "application/openmetrics-text; version=1.0.0; charset=utf-8")
      #expect(open.text.hasSuffix("# EOF\n"))
      let packed = try await fetch(port, "/metrics", headers: "Accept-Encoding: gzip\r\n")
      #expect(packed.headers["content-encoding"] == "gzip" && packed.body.prefix(2) == [0x1F, 0x8B])
      #expect(packed.body.count * 3 < plain.body.count)
    }
  }

  @Test(.enabled(if: promtool != nil, "needs promtool (Debian: prometheus)"))
  func promtoolFindsNothingInAScrape() async throws {
    try await serving(engine) { port in
      let scrape = try await fetch(port, "/metrics")
      let (status, output) = try run(promtool ?? "", ["check", "metrics"], input: scrape.text)
      #expect(status == 0 && output.isEmpty, "\(output)")
    }
  }

  @Test func aDeviceThatGoesAwayTakesItsSeriesWithIt() async throws {
    let engine = SampleEngine(snapshot([device("line-1"), device("line-2")]))
    // Answers are shared for a moment only; the clock stands still in these tests, so ask two servers.
    try await serving(engine) { port in
      let text = try await fetch(port, "/metrics").text
      #expect(text.contains("line-2"))
    }
    engine.show(snapshot([device("line-1")], sequence: 2))
    try await serving(engine) { port in
      let text = try await fetch(port, "/metrics").text
      #expect(!text.contains("line-2") && text.contains("line-1"))
    }
  }

  @Test(.timeLimit(.minutes(2))) func aRequestThatNeverArrivesWholeDoesNotKeepTheServer() async throws {
    var slow: RawClient?
    try await serving(engine, { $0.idleTimeout = .seconds(3600) }) { port in
      slow = try RawClient(port)
      slow?.send("GET /met")
      // The connection after it is answered, so it has been taken in.
      #expect(try await fetch(port, "/healthz").status == 200)
    }
    // The server has ended and closes what was open.
    #expect(try await slow?.read { $0.isClosed } == true)
  }

  @Test func healthSaysAliveAndReadinessSaysWhy() async throws {
    let engine = SampleEngine(
      snapshot([]) { fleet in
        fleet.source.state = .loading
        fleet.gates.journalProblem = "disk full"
      })
    try await serving(engine) { port in
      for path in ["/healthz", "/health"] {
        let live = try await fetch(port, path)
        #expect(live.status == 200)
        #expect(try live.json()["status"] as? String == "ok")
      }
      let waiting = try await fetch(port, "/readyz")
      #expect(waiting.status == 503)
      let checks = try #require(try waiting.json()["checks"] as? [[String: Any]])
      #expect(checks.first { $0["name"] as? String == "source" }?["ok"] as? Bool == false)
      #expect(
        checks.first { $0["name"] as? String == "journal" }?["detail"] as? String
          == "corrections stopped: disk full")
    }
    try await serving(self.engine) { port in
      let ready = try await fetch(port, "/readyz")
      #expect(ready.status == 200)
    }
  }

  @Test func aBadCommitDoesNotMakeAReplicaUnready() {
    let invalid = snapshot([]) { $0.source.state = .invalid(revision: "x", problems: ["a.yaml:1:1: broken"]) }
    #expect(HealthReport.readiness(invalid).filter { !$0.isGood }.isEmpty)
    let never = snapshot([]) { fleet in
      fleet.source = SourceStatus(origin: "o", state: .unavailable(reason: "no route", since: noon))
    }
    #expect(HealthReport.readiness(never).filter { !$0.isGood }.count == 1)
    #expect(HealthReport.readiness(nil).filter { !$0.isGood }.count == 1)
  }

  @Test func anEngineThatSaysNothingIsAnsweredInTime() async throws {
    try await serving(SampleEngine(nil), { $0.enginePatience = .milliseconds(50) }) { port in
      #expect(try await fetch(port, "/readyz").status == 503)
      #expect(try await fetch(port, "/api/v1/fleet").status == 503)
      let metrics = try await fetch(port, "/metrics")
      #expect(metrics.status == 200 && metrics.text.contains("process_cpu_seconds_total"))
      #expect(try await fetch(port, "/healthz").status == 200)
    }
  }

  @Test func theFleetIsJSON() async throws {
    let event = FleetEvent(
      sequence: 5, at: noon, severity: .warning, device: DeviceID(name: "line-1"), register: "setpoint",
      reason: "DriftDetected", message: "drift \u{1B}[31m")
    let engine = SampleEngine(snapshot([device("line-1"), device("line-2")], events: [event]))
    try await serving(engine) { port in
      let response = try await fetch(port, "/api/v1/fleet")
      #expect(response.headers["content-type"] == "application/json")
      #expect(response.headers["cache-control"] == "no-store")
      let fleet = try response.json()
      #expect(fleet["mode"] as? String == "control")
      #expect((fleet["source"] as? [String: Any])?["revision"] as? String == "main@sha1:0123abcd")
      #expect((fleet["totals"] as? [String: Any])?["devices"] as? Int == 2)
      let devices = try #require(fleet["devices"] as? [[String: Any]])
      #expect(devices.map { $0["name"] as? String } == ["line-1", "line-2"])
      let setpoint = try #require((devices[0]["registers"] as? [[String: Any]])?.first)
      #expect(setpoint["desired"] as? Double == 72.5 && setpoint["raw"] as? [Int] == [17041, 0])
      #expect((setpoint["source"] as? [String: Any])?["line"] as? Int == 7)
      #expect((fleet["events"] as? [[String: Any]])?.first?["message"] as? String == "drift \u{1B}[31m")
      #expect(!response.body.contains(0x1B))
    }
  }

  @Test func theTimesOfAHistoryMayBeNamedInAnyOrder() throws {
    let id = DeviceID(name: "line-1")
    let (early, late) = ("2027-01-15T07:00:00Z", "2027-01-15T08:00:00Z")
    for (from, to) in [(early, late), (late, early)] {
      let query = try HistoryRequest.query(id, parameters: [("from", from), ("to", to)], now: noon)
      #expect(query.from.rfc3339 == early && query.to.rfc3339 == late)
    }
    let places = ["2027-01-15T08:00:00+01:00", "2027-01-15T07:00:00Z", "2027-01-14t07:19:00.000-23:41"]
    for place in places {
      let query = try HistoryRequest.query(id, parameters: [("from", place), ("to", late)], now: noon)
      #expect(query.from.rfc3339 == early, "\(place)")
    }
    #expect(throws: BadRequest.self) {
      try HistoryRequest.query(id, parameters: [("from", "2027-01-15T08:00:00+24:00")], now: noon)
    }
    let instant = try HistoryRequest.query(id, parameters: [("from", late), ("to", late)], now: noon)
    #expect(instant.from == instant.to)
  }

  @Test func theFleetIsPackedForWhoTakesIt() async throws {
    try await serving(engine) { port in
      let plain = try await fetch(port, "/api/v1/fleet")
      let packed = try await fetch(port, "/api/v1/fleet", headers: "Accept-Encoding: gzip\r\n")
      #expect(packed.headers["content-encoding"] == "gzip" && packed.headers["vary"] == "Accept-Encoding")
      #expect(gunzip(Array(packed.body)) == plain.text)
    }
  }

  @Test func onlySoManyLargeAnswersAreGivenAtOnce() async throws {
    let long = String(repeating: "x", count: 200)
    let registers = (0..<8).map { register("\(long)\($0)", actual: .integer(1)) }
    let fleet = snapshot((0..<3000).map { device("\(long)\($0)", registers: registers) })
    try await serving(SampleEngine(fleet), { $0.maxLargeBodies = 1 }) { port in
      let first = try RawClient(port, receiveBuffer: 4096)
      first.get("/metrics")
      #expect(try await first.read { !$0.received.isEmpty })
      let second = try await fetch(port, "/metrics")
      #expect(second.status == 503 && second.text.contains("try gzip"))
      // A packed page is small, and anybody can have it.
      #expect(try await fetch(port, "/metrics", headers: "Accept-Encoding: gzip\r\n").status == 200)
      withExtendedLifetime(first) {}
    }
  }

  @Test func historyIsAskedOfTheEngine() async throws {
    let id = DeviceID(name: "line-1")
    let engine = SampleEngine(snapshot([device("line-1")])) { query in
      #expect(query.devices == [id] && query.maxPoints == 50 && query.register == "setpoint")
      #expect(query.from.rfc3339 == "2027-01-15T07:00:00Z" && query.to.rfc3339 == "2027-01-15T08:00:00Z")
      return [
        DeviceHistory(
          device: id, register: "setpoint", samples: [.init(at: noon, minimum: 1, mean: 2.5, maximum: 4)],
          states: [.init(at: noon, status: .drifted), .init(at: noon, status: nil)],
          marks: [.init(at: noon, kind: .drift, text: "drifted")])
      ]
    }
    try await serving(engine) { port in
      let path = "/api/v1/devices/default/line-1/history"
      let response = try await fetch(
        port, path + "?register=setpoint&maxPoints=50&from=2027-01-15T07:00:00Z&to=2027-01-15T08:00:00.000Z")
      #expect(response.status == 200, "\(response.text)")
      let history = try response.json()
      #expect((history["samples"] as? [[String: Any]])?.first?["mean"] as? Double == 2.5)
      #expect(
        (history["states"] as? [[String: Any]])?.map { $0["status"] as? String } == ["Drifted", "Unknown"])
      #expect((history["marks"] as? [[String: Any]])?.first?["kind"] as? String == "drift")
      for (query, status) in [
        ("?maxPoints=0", 400), ("?maxPoints=10001", 400), ("?maxPoints=x", 400), ("?from=yesterday", 400),
        ("?bogus=1", 400),
        ("?register=none", 404),
      ] {
        let bad = try await fetch(port, path + query)
        #expect(bad.status == status, "\(query)")
        #expect(try bad.json()["error"] as? String != nil)
      }
    }
  }

  @Test(arguments: [
    "/", "/metrics/", "//metrics", "/api/v1", "/api/v1/devices/default/none/history",
    "/api/v1/devices/default/%zz/history", "/api/v1/devices/default/%ff/history",
    "/api/v1/devices//line-1/history",
    "/api/v1/devices/default/line-1", "/../etc/passwd", "/%2e%2e/metrics", "/api/v1/fleet/line-1",
  ])
  func otherPathsAreNotFound(_ path: String) async throws {
    try await serving(engine) { port in
      let response = try await fetch(port, path)
      #expect(response.status == 404)
    }
  }

  @Test func nothingButReadingIsPossible() async throws {
    try await serving(engine) { port in
      let paths = [
        "/metrics", "/healthz", "/health", "/readyz", "/api/v1/fleet", "/api/v1/stream",
        "/api/v1/devices/default/line-1/history",
      ]
      for path in paths {
        for method in ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"] {
          let response = try await fetch(
            port, path, method: method, headers: "Content-Length: 2\r\n", body: "{}")
          #expect(response.status == 405 && response.headers["allow"] == "GET, HEAD", "\(method) \(path)")
        }
        let head = try await fetch(port, path, method: "HEAD")
        #expect(head.status == 200 && head.body.isEmpty, "HEAD \(path)")
      }
    }
    #expect(engine.submitted == 0)
  }

  @Test func requestsAreBounded() async throws {
    try await serving(engine) { port in
      for headers in [
        "X: \(String(repeating: "a", count: 40_000))\r\n", String(repeating: "X: a\r\n", count: 500),
      ] {
        let client = try RawClient(port)
        client.get("/metrics", headers)
        try await client.read { _ in false }
        #expect(client.isClosed && !client.text.contains("200 OK"))
      }
      let junk = try RawClient(port)
      junk.send("\u{0}\u{1}garbage\r\n\r\n")
      try await junk.read { _ in false }
      #expect(junk.isClosed)
      #expect(try await fetch(port, "/healthz").status == 200)
    }
  }

  @Test func aConnectionIsUsedAgain() async throws {
    try await serving(engine) { port in
      let client = try RawClient(port)
      for number in 1...3 {
        client.get("/healthz")
        #expect(
          try await client.read { $0.text.components(separatedBy: "\"status\":\"ok\"").count == number + 1 })
      }
    }
  }

  @Test func aTakenPortIsAnError() async throws {
    try await serving(engine) { port in
      await #expect(throws: (any Error).self) { try await serving(engine, { $0.port = port }) { _ in } }
    }
  }

  @Test func onlyAContainerIsOpenByItself() {
    func address(_ environment: [String: String], _ files: Set<String> = []) -> String {
      ObservabilityOptions.standardAddress(environment, exists: files.contains)
    }
    #expect(address([:]) == "127.0.0.1:8080")
    #expect(address(["KUBERNETES_SERVICE_HOST": "10.0.0.1"]) == "0.0.0.0:8080")
    #expect(address(["container": "podman"]) == "0.0.0.0:8080")
    #expect(address([:], ["/.dockerenv"]) == "0.0.0.0:8080")
  }

  @Test(arguments: [
    ("127.0.0.1:8080", "127.0.0.1", 8080), (":9090", "0.0.0.0", 9090), ("[::1]:1", "::1", 1),
    ("9100", "127.0.0.1", 9100), ("localhost:0", "localhost", 0),
  ])
  func addressesAreRead(_ text: String, _ host: String, _ port: Int) throws {
    let options = try #require(ObservabilityOptions(listen: text))
    #expect(options.host == host && options.port == port)
  }

  @Test(arguments: ["", "x", "a:b", "::1:80", "127.0.0.1:70000", "127.0.0.1:-1", "[]:80"])
  func otherAddressesAreNone(_ text: String) { #expect(ObservabilityOptions(listen: text) == nil) }
}
