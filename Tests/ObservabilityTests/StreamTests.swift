import Control
import Fleet
import Foundation
import Testing

@testable import Observability

/// `POLLRDHUP` of Linux, which Glibc's module does not show.
private let hangUp: Int16 = 0x2000

@Suite struct StreamTests {
  private func objects(_ text: String) -> [[String: Any]] {
    text.components(separatedBy: .newlines).compactMap { line in
      guard line.hasPrefix("{"), line.hasSuffix("}") else { return nil }
      return try? JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
    }
  }

  private func types(_ client: RawClient) -> [String] {
    objects(client.text).compactMap { $0["type"] as? String }
  }

  private func event(_ sequence: UInt64) -> FleetEvent {
    FleetEvent(
      sequence: sequence, at: noon, severity: .info, device: nil, reason: "R", message: "event \(sequence)")
  }

  @Test func aReaderGetsEverythingAndThenOnlyWhatChanges() async throws {
    let one = device("line-1")
    let engine = SampleEngine(snapshot([one, device("line-2")], events: [event(1)]))
    try await serving(engine) { port in
      let client = try RawClient(port)
      client.get("/api/v1/stream")
      #expect(try await client.read { types($0).contains("synced") })
      #expect(client.text.contains("application/x-ndjson"))
      #expect(types(client) == ["fleet", "device", "device", "event", "synced"])
      engine.show(
        snapshot([one, device("line-3", status: .drifted)], sequence: 2, events: [event(1), event(2)]))
      #expect(try await client.read { types($0).last == "event" && types($0).count == 9 })
      #expect(types(client).suffix(4) == ["fleet", "device", "removed", "event"])
      let added = objects(client.text).suffix(3).map { $0 }
      #expect(added[0]["name"] as? String == "line-3" && added[0]["status"] as? String == "Drifted")
      #expect(added[1]["name"] as? String == "line-2")
      #expect(added[2]["message"] as? String == "event 2")
    }
  }

  @Test func aBriefStreamTellsWhatIsOnlyReadAgainByNumber() async throws {
    func plant(_ seconds: Int, _ status: DeviceStatus = .inSync, words: [UInt16] = [0x4291, 0])
      -> [DeviceSnapshot]
    {
      let names = ["line-1", "line-2", "line-3"]
      return names.map { name in
        device(name, status: name == "line-2" ? status : .inSync) { view in
          view.lastRead = noon + .seconds(seconds)
          view.registers[0].lastRead = view.lastRead
          guard name == "line-3" else { return }
          view.registers[0].rawWords = words
          view.registers[0].actual = RegisterCodec.decode(words, as: view.registers[0].spec)
        }
      }
    }
    let engine = SampleEngine(snapshot(plant(0)))
    try await serving(engine) { port in
      let client = try RawClient(port)
      client.get("/api/v1/stream?brief=true")
      #expect(try await client.read { types($0).contains("synced") })
      let numbers = objects(client.text).filter { $0["type"] as? String == "device" }.map {
        $0["number"] as? Int
      }
      #expect(numbers == [0, 1, 2])
      engine.show(snapshot(plant(1, words: [0x4080, 0]), sequence: 2) { $0.at = noon + .seconds(3) })
      #expect(try await client.read { types($0).contains("reads") })
      #expect(types(client).suffix(2) == ["fleet", "reads"])
      let reads = try #require(objects(client.text).last)
      #expect(reads["devices"] as? [Int] == [0, -2000, 1, -2000, 2, -2000])
      #expect(reads["words"] as? [[Int]] == [[2, 0, 0x4080, 0]])
      // Whose status changed is told in full, under its number.
      engine.show(
        snapshot(plant(2, .drifted, words: [0x4080, 0]), sequence: 3) { $0.at = noon + .seconds(2) })
      #expect(try await client.read { types($0).filter { $0 == "reads" }.count == 2 })
      let last = objects(client.text).suffix(2).map { $0 }
      #expect(last[0]["type"] as? String == "device" && last[0]["number"] as? Int == 1)
      #expect(last[1]["devices"] as? [Int] == [0, 0, 2, 0] && last[1]["words"] == nil)
    }
  }

  @Test func aDeviceThatComesBackHasANumberOfItsOwn() async throws {
    let one = device("line-1")
    let engine = SampleEngine(snapshot([one, device("line-2")]))
    try await serving(engine) { port in
      let client = try RawClient(port)
      client.get("/api/v1/stream?brief=true")
      #expect(try await client.read { types($0).contains("synced") })
      engine.show(snapshot([one], sequence: 2))
      #expect(try await client.read { types($0).contains("removed") })
      engine.show(snapshot([one, device("line-2")], sequence: 3))
      #expect(try await client.read { types($0).filter { $0 == "device" }.count == 3 })
      #expect(objects(client.text).last?["number"] as? Int == 2)
    }
  }

  @Test func aParameterIsTrueOrFalse() async throws {
    try await serving(SampleEngine(snapshot([]))) { port in
      let answer = try await fetch(port, "/api/v1/stream?brief=yes")
      #expect(answer.status == 400 && answer.text.contains("brief: true or false"))
    }
  }

  @Test func silenceIsBrokenByPings() async throws {
    try await serving(SampleEngine(snapshot([])), { $0.pingEvery = .milliseconds(20) }) { port in
      let client = try RawClient(port)
      client.get("/api/v1/stream")
      #expect(try await client.read { types($0).filter { $0 == "ping" }.count >= 3 })
    }
  }

  @Test func aReaderThatLeavesIsForgotten() async throws {
    let engine = SampleEngine(snapshot([device("line-1")]))
    try await serving(engine) { port in
      do {
        let client = try RawClient(port)
        client.get("/api/v1/stream")
        #expect(try await client.read { types($0).contains("synced") })
        #expect(engine.readers == 1)
      }
      try await eventually("the engine is no longer read") { engine.readers == 0 }
    }
  }

  @Test func streamsAreCounted() async throws {
    let engine = SampleEngine(snapshot([device("line-1")]))
    try await serving(engine, { $0.maxStreams = 2 }) { port in
      var clients: [RawClient] = []
      for _ in 0..<2 {
        let client = try RawClient(port)
        client.get("/api/v1/stream")
        #expect(try await client.read { types($0).contains("synced") })
        clients.append(client)
      }
      let third = try await fetch(port, "/api/v1/stream")
      #expect(third.status == 503 && third.headers["retry-after"] == "5")
      clients.removeLast()
      try await eventually("one left") { engine.readers == 1 }
      let fourth = try RawClient(port)
      #expect(
        try await fourth.read { client in
          if client.received.isEmpty { client.get("/api/v1/stream") }
          return types(client).contains("synced") || client.text.contains("503")
        })
    }
  }

  @Test func aReaderThatReadsAByteAtATimeAndStopsIsDropped() async throws {
    func big(_ sequence: UInt64) -> FleetSnapshot {
      snapshot(
        (0..<600).map { device("line-\($0)", registers: (0..<8).map { register("r\($0)") }) },
        sequence: sequence)
    }
    let engine = SampleEngine(big(1))
    try await serving(engine, { $0.readerPatience = .milliseconds(300) }) { port in
      let client = try RawClient(port, receiveBuffer: 4096)
      client.get("/api/v1/stream")
      for _ in 0..<20 {
        client.take(1)
        try await Task.sleep(for: .milliseconds(2))
      }
      try await eventually("the stream began") { engine.everRead == 1 }
      // New states keep coming; nobody reads them.
      var sequence: UInt64 = 1
      let deadline = ContinuousClock.now + testPatience
      while engine.readers > 0, ContinuousClock.now < deadline {
        sequence += 1
        engine.show(big(sequence))
        try await Task.sleep(for: .milliseconds(20))
      }
      #expect(engine.readers == 0)
      // Others are served.
      #expect(try await fetch(port, "/healthz").status == 200)
    }
  }

  @Test func aReaderThatDoesNotTakeAScrapeIsDropped() async throws {
    // More than the kernel takes for a connection, which on this platform may be several megabytes.
    let long = String(repeating: "x", count: 200)
    let registers = (0..<8).map { register("\(long)\($0)", actual: .integer(1)) }
    let fleet = snapshot((0..<3000).map { device("\(long)\($0)", registers: registers) })
    try await serving(SampleEngine(fleet), { $0.readerPatience = .milliseconds(300) }) { port in
      let client = try RawClient(port, receiveBuffer: 4096)
      client.get("/metrics")
      #expect(try await client.read { !$0.received.isEmpty })
      // The server closes the connection although most of the answer was never taken.
      let deadline = ContinuousClock.now + testPatience
      var probe = pollfd(fd: client.descriptor, events: hangUp, revents: 0)
      while poll(&probe, 1, 0) == 0, ContinuousClock.now < deadline {
        try await Task.sleep(for: .milliseconds(20))
      }
      #expect(
        probe.revents & Int16(Int32(hangUp) | POLLHUP | POLLERR) != 0,
        "\(client.received.count) bytes taken: \(client.text.prefix(80)); the descriptor is \(client.what)")
      // Its end closes the descriptor, which another test would get.
      withExtendedLifetime(client) {}
    }
  }

  @Test func whatIsNowCanBeHadWithoutFollowing() async throws {
    let engine = SampleEngine(snapshot([device("line-1"), device("line-2")], events: [event(1)]))
    try await serving(engine) { port in
      let answer = try await fetch(port, "/api/v1/stream?follow=false")
      #expect(answer.status == 200 && answer.headers["content-type"] == "application/x-ndjson")
      #expect(
        objects(answer.text).compactMap { $0["type"] as? String } == [
          "fleet", "device", "device", "event", "synced",
        ])
      for query in ["follow=maybe", "follow", "bogus=1"] {
        #expect(try await fetch(port, "/api/v1/stream?\(query)").status == 400, "\(query)")
      }
    }
  }

  @Test func theEndOfTheEngineEndsTheStream() async throws {
    var delta = StreamDelta()
    var lines: [UInt8] = []
    await delta.lines(snapshot([device("a")]), piece: 10) { lines += $0 }
    #expect(objects(String(decoding: lines, as: UTF8.self)).count == 3)
    lines = []
    await delta.lines(snapshot([], sequence: 2), piece: 10) { lines += $0 }
    #expect(
      objects(String(decoding: lines, as: UTF8.self)).compactMap { $0["type"] as? String } == [
        "fleet", "removed",
      ])
  }
}
