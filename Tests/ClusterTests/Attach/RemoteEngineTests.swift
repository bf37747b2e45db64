import Control
import Fleet
import Foundation
import Kubernetes
import Testing

@testable import Cluster

/// Both ends for real: what an engine shows goes through the read-only API on a socket and is shown at the other end.
@Suite struct RemoteEngineTests {
  private func attach(_ path: String) -> ClusterEngine {
    ClusterEngine(
      sites: [Site(name: "plant", api: .init(socketPath: path))], userAgent: "test", environment: [:])
  }

  @Test func everyFieldOfADeviceArrives() async throws {
    let read = WallTime(milliseconds: Shown.wall().milliseconds / 1000 * 1000 + 123)
    let device = Shown.device("line-1", actual: .real(60), at: read) { spec, view in
      spec.suspend = true
      view.lastError = "an error"
      view.failures = 2
      view.uncertain = true
      view.suspendedBy = "ben"
      view.shelf = Shelf(by: "anna", since: read, until: read + .seconds(60), reason: "pump swap")
      view.registers[0].driftSeen = read
      view.registers[0].refusals = [.autoCorrectOff, .outsideWindow(opens: nil)]
      view.registers[0].contested = true
      view.registers[0].wear = WriteWear(written: 10, endurance: 100_000, perDay: 2.5)
    }
    let event = FleetEvent(
      sequence: 9, at: read, severity: .alarm, device: device.id, register: "setpoint", reason: "Contested",
      message: "put back")
    let engine = ShownEngine(Shown.fleet([device], events: [event]))
    let path = Shown.socketPath()
    let server = engine.serve(on: path)
    defer { server.cancel() }
    let attached = attach(path)
    defer { attached.stop() }
    let seen = try #require(await Shown.first(of: attached) { !$0.devices.isEmpty && !$0.events.isEmpty })
    #expect(seen.mode == .attached)
    #expect(seen.source.revision == "main@sha1:0123" && seen.source.state == .good)
    #expect(seen.health.pollsPerSecond == 12.5 && seen.health.connections == 3)
    let told = try #require(seen.devices.first)
    #expect(told.acknowledgedBy == "anna")
    #expect(told.sources == [SourceLocation(file: "plant/line-1.yaml", line: 7)])
    var expected = device.view
    expected.registers[0].refusals = device.view.registers[0].refusals.map {
      .reported(gate: $0.gate, reason: $0.reason, explanation: $0.explanation)
    }
    #expect(told.view == expected)
    #expect(told.spec == device.spec)
    #expect(seen.events.map(\.message) == ["put back"] && seen.events[0].severity == .alarm)
  }

  @Test func aChangeIsShownAndARemovedDeviceGoes() async throws {
    let now = Shown.wall()
    let engine = ShownEngine(Shown.fleet([Shown.device("a", at: now), Shown.device("b", at: now)]))
    let path = Shown.socketPath()
    let server = engine.serve(on: path)
    defer { server.cancel() }
    let attached = attach(path)
    defer { attached.stop() }
    _ = try #require(await Shown.first(of: attached) { $0.devices.count == 2 })
    engine.show { fleet in
      fleet = Shown.fleet([Shown.device("a", actual: .real(61), at: now + .seconds(1))])
    }
    let seen = try #require(
      await Shown.first(of: attached) { $0.devices.first?.view.status == .drifted && $0.devices.count == 1 })
    #expect(seen.devices[0].view.registers[0].actual == .real(61))
    #expect(seen.totals[.drifted] == 1)
    #expect(seen.devices[0].trend.count == 2)
  }

  @Test func whatIsOnlyReadAgainArrivesToo() async throws {
    let start = WallTime(milliseconds: Shown.wall().milliseconds)
    func plant(_ seconds: Int, words: [UInt16] = [0x4291, 0]) -> [DeviceSnapshot] {
      ["a", "b"].map { name in
        Shown.device(name, at: start + .seconds(seconds)) { spec, view in
          guard name == "b" else { return }
          view.registers[0].rawWords = words
          if words != [0x4291, 0] {
            view.registers[0].actual = RegisterCodec.decode(words, as: spec.registers[0])
          }
        }
      }
    }
    let engine = ShownEngine(Shown.fleet(plant(0)))
    let path = Shown.socketPath()
    let server = engine.serve(on: path)
    defer { server.cancel() }
    let attached = attach(path)
    defer { attached.stop() }
    _ = try #require(await Shown.first(of: attached) { $0.devices.count == 2 })
    engine.show { $0.devices = plant(1, words: [0, 0x4291]) }
    let seen = try #require(
      await Shown.first(of: attached) { fleet in
        fleet.devices.count == 2 && fleet.devices.allSatisfy { $0.view.lastRead == start + .seconds(1) }
      })
    #expect(seen.devices.map(\.view.registers[0].lastRead) == [start + .seconds(1), start + .seconds(1)])
    #expect(seen.devices[0].view.registers[0].actual == .real(72.5))
    #expect(seen.devices[1].view.registers[0].rawWords == [0, 0x4291])
    #expect(seen.devices[1].view.registers[0].actual == .real(36.25), "decoded here, by the register's scale")
    #expect(seen.devices.map(\.trend.count) == [2, 2])
  }

  @Test func anOperatorThatKnowsNoBriefStreamIsAskedForTheFullOne() async throws {
    let path = Shown.socketPath()
    let old = OldOperator(on: path)
    defer { old.stop() }
    let attached = attach(path)
    defer { attached.stop() }
    let seen = try #require(await Shown.first(of: attached) { !$0.devices.isEmpty })
    #expect(seen.devices[0].id.name == "line-1")
    #expect(old.asked.prefix(2) == ["/api/v1/stream?brief=true", "/api/v1/stream"])
  }

  @Test func theOtherEndGoesAndComesBack() async throws {
    let engine = ShownEngine(Shown.fleet([Shown.device("a", at: Shown.wall())]))
    let path = Shown.socketPath()
    let server = engine.serve(on: path)
    let attached = attach(path)
    defer { attached.stop() }
    _ = try #require(await Shown.first(of: attached) { $0.source.state == .good })
    server.cancel()
    _ = try? await server.value
    let away = try #require(
      await Shown.first(of: attached) {
        if case .unavailable = $0.source.state { true } else { false }
      })
    #expect(away.devices.map(\.id.name) == ["a"], "what was known stays on the screen")
    let old = try #require(await Shown.first(of: attached) { $0.totals[.stale] == 1 })
    #expect(old.devices[0].view.message.contains("no news of it"))
    unlink(path)
    let again = engine.serve(on: path)
    defer { again.cancel() }
    let back = await Shown.first(of: attached) { $0.source.state == .good && $0.totals[.stale] == 0 }
    #expect(back?.devices.count == 1)
  }

  @Test func thePastAndTheReasonsAreAsked() async throws {
    let now = Shown.wall()
    let device = Shown.device("a", at: now)
    let origin = Provenance(
      commit: "feed", author: "Ben", time: WallTime(milliseconds: now.milliseconds / 1000 * 1000),
      subject: "Warm up", location: SourceLocation(file: "a.yaml", line: 3))
    let past = DeviceHistory(
      device: device.id, register: "setpoint",
      samples: [.init(at: now + .seconds(-100), minimum: 1, mean: 2, maximum: 3)],
      states: [.init(at: now + .seconds(-100), status: .drifted)],
      marks: [.init(at: now + .seconds(-90), kind: .correction, text: "corrected")])
    let engine = ShownEngine(Shown.fleet([device]), past: [past], wanted: ["setpoint": origin])
    let path = Shown.socketPath()
    let server = engine.serve(on: path)
    defer { server.cancel() }
    let attached = attach(path)
    defer { attached.stop() }
    _ = try #require(await Shown.first(of: attached) { !$0.devices.isEmpty })
    #expect(await attached.provenance(of: device.id) == ["setpoint": origin])
    let query = HistoryQuery(
      devices: [device.id, DeviceID(name: "nobody")], from: now + .seconds(-3600), to: now + .seconds(3600),
      maxPoints: 100)
    let found = try await attached.history(query)
    #expect(found.count == 1)
    #expect(found[0].samples.map(\.mean) == [2, 72.5], "what the journal kept, then what was seen here")
    #expect(found[0].states.first?.status == .drifted && found[0].states.last?.status == .inSync)
    #expect(found[0].marks.map(\.kind) == [.correction])
  }

  @Test func nothingCanBeAskedOfTheOtherEnd() async throws {
    let engine = ShownEngine(Shown.fleet([Shown.device("a", at: Shown.wall())]))
    let path = Shown.socketPath()
    let server = engine.serve(on: path)
    defer { server.cancel() }
    let attached = attach(path)
    defer { attached.stop() }
    _ = try #require(await Shown.first(of: attached) { !$0.devices.isEmpty })
    let id = DeviceID(name: "a")
    let commands: [FleetCommand] = [
      .sync(SyncScope(devices: [id]), by: "x"), .hold(reason: "x", by: "x"), .release(by: "x"),
      .shelve([id], register: nil, for: .seconds(1), reason: "x", by: "x"),
      .suspend([id], reason: "", by: "x"), .resume([id], by: "x"), .refresh([id]),
    ]
    for command in commands {
      guard case .refused(let reasons) = await attached.submit(command) else {
        Issue.record("\(command) was accepted")
        continue
      }
      #expect(reasons.count == 1 && reasons[0].contains("attached"))
    }
    #expect(engine.commands.isEmpty)
    for ability in Capabilities.Ability.allCases where ability != .history {
      #expect(attached.capabilities.refusal(of: ability) != nil)
    }
  }
}
