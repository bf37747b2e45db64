import Control
import Fleet
import LocalEngine
import MockPLC
import Testing

@Suite struct LocalEngineTests {
  @Test func driftIsSeenCorrectedAndReadBack() async throws {
    let plant = try await Plant(values: [2400])
    let snapshot = try await plant.snapshot("a correction") { $0.events("DriftCorrected", of: "line-1") == 1 }
    #expect(snapshot.events("DriftDetected", of: "line-1") == 1)
    #expect(try await plant.value(0) == 2500)
    #expect(try await plant.fleet.writes().count == 1)
    let view = try #require(snapshot.device("line-1")).view
    #expect(view.driftEvents == 1 && view.corrections == 1)
    await plant.stop()
  }

  @Test func withoutAutoCorrectOnlyASyncWrites() async throws {
    let plant = try await Plant(values: [2400]) { $0.autoCorrect = false }
    let drifted = try await plant.snapshot("the drift") { $0.device("line-1")?.view.status == .drifted }
    #expect(drifted.device("line-1")?.view.registers.first?.refusals == [.autoCorrectOff])
    #expect(try await plant.fleet.writes().isEmpty)
    let id = DeviceID(name: "line-1")
    let plan = await plant.engine.plan(SyncScope(devices: [id]))
    #expect(plan.writes.map(\.after) == [.integer(2500)])
    #expect(plan.writes.map(\.before) == [.integer(2400)])
    guard case .accepted(let receipt) = await plant.engine.submit(.sync(SyncScope(devices: [id]), by: "anna"))
    else {
      Issue.record("the sync was refused")
      return
    }
    let done = try await plant.snapshot("the sync's outcome") { snapshot in
      snapshot.operations.contains { $0.receipt == receipt && $0.state == .done }
    }
    let operation = try #require(done.operations.first { $0.receipt == receipt })
    #expect(operation.lines.map { $0.result?.outcome } == [.corrected])
    #expect(try await plant.value(0) == 2500)
    await plant.stop()
  }

  @Test func observingNeverWritesAndRefusesCommands() async throws {
    let plant = try await Plant(values: [2400], mode: .observe)
    _ = try await plant.snapshot("the drift") { $0.device("line-1")?.view.status == .drifted }
    let outcome = await plant.engine.submit(.sync(SyncScope(devices: [DeviceID(name: "line-1")]), by: "anna"))
    guard case .refused(let reasons) = outcome else {
      Issue.record("the sync was accepted")
      return
    }
    #expect(reasons.first?.contains("observing") == true)
    #expect(plant.engine.capabilities.refusal(of: .sync) != nil)
    #expect(try await plant.fleet.writes().isEmpty)
    await plant.stop()
  }

  @Test func aHoldStopsAllWritesUntilReleased() async throws {
    let plant = try await Plant(values: [2500])
    _ = try await plant.snapshot("a first read") { $0.device("line-1")?.view.status == .inSync }
    _ = await plant.engine.submit(.hold(reason: "maintenance", by: "anna"))
    try await plant.fleet.poke(4001, [1234], plc: 0)
    let held = try await plant.snapshot("the drift under hold") {
      $0.device("line-1")?.view.status == .drifted
    }
    #expect(held.gates.hold?.by == "anna")
    #expect(try await plant.value(0) == 1234)
    _ = await plant.engine.submit(.release(by: "anna"))
    _ = try await plant.snapshot("the correction") { $0.events("DriftCorrected", of: "line-1") == 1 }
    #expect(try await plant.value(0) == 2500)
    await plant.stop()
  }

  @Test func aNewRevisionIsAppliedWithoutWaitingForThePoll() async throws {
    let plant = try await Plant(values: [2500]) { $0.pollInterval = .seconds(3600) }
    _ = try await plant.snapshot("a first read") { $0.device("line-1")?.view.status == .inSync }
    let changed = plant.specs {
      $0.pollInterval = .seconds(3600)
      $0.registers[0].desired = .integer(2600)
    }
    plant.source.desire(changed, revision: "main@sha1:2")
    _ = try await plant.snapshot("the correction") { $0.events("DriftCorrected", of: "line-1") == 1 }
    #expect(try await plant.value(0) == 2600)
    await plant.stop()
  }

  @Test func aManifestThatDisappearsReleasesItsDeviceWithoutAWrite() async throws {
    let plant = try await Plant(values: [2500, 2500])
    _ = try await plant.snapshot("both") { $0.totals[.inSync] == 2 }
    plant.source.desire(Array(plant.specs().prefix(1)), revision: "main@sha1:2")
    _ = try await plant.snapshot("one") { $0.devices.count == 1 }
    try await plant.fleet.poke(4001, [7], plc: 1)
    try await plant.fleet.poke(4001, [7], plc: 0)
    _ = try await plant.snapshot("the correction of the other") {
      $0.events("DriftCorrected", of: "line-1") == 1
    }
    #expect(try await plant.value(1) == 7)
    await plant.stop()
  }

  /// One of ten PLCs accepts connections and says nothing: the other nine go on polling as if it were not there.
  @Test func aHangingPLCDelaysNobody() async throws {
    let plant = try await Plant(values: Array(repeating: 2500, count: 10)) { $0.timeout = .seconds(20) }
    try await plant.fleet.enable([try FaultSpec("hang=1")], plc: 3)
    let first = try await plant.snapshot("nine reads") { $0.totals[.inSync] == 9 }
    #expect(first.device("line-4")?.view.lastRead == nil)
    let begin = Dictionary(uniqueKeysWithValues: first.devices.map { ($0.id, $0.view.lastRead) })
    // Three more polls of each of the nine, while the request to the tenth is still waiting for its answer.
    _ = try await plant.snapshot("three more polls each") { snapshot in
      snapshot.devices.filter { $0.id.name != "line-4" }.allSatisfy { device in
        guard let last = device.view.lastRead, let before = begin[device.id] ?? nil else { return false }
        return last - before >= .milliseconds(2500)
      }
    }
    await plant.stop()
  }

  @Test func snapshotsAreCoalescedForASlowReader() async throws {
    let plant = try await Plant(values: [2500])
    let stream = plant.engine.snapshots()
    _ = try await plant.snapshot("a first read") { $0.device("line-1")?.view.status == .inSync }
    // The loop has told everybody of that read before it answers this.
    _ = await plant.engine.plan(SyncScope(devices: []))
    var iterator = stream.makeAsyncIterator()
    let newest = try #require(await iterator.next())
    #expect(newest.device("line-1")?.view.status == .inSync, "the reader gets the newest, not a queue")
    await plant.stop()
    var rest = 0
    while await iterator.next() != nil { rest += 1 }
    #expect(rest <= 1)
  }

  @Test func historyHasTheDriftAndItsCorrection() async throws {
    let plant = try await Plant(values: [2400])
    let snapshot = try await plant.snapshot("a correction") { $0.events("DriftCorrected", of: "line-1") == 1 }
    let history = try await plant.engine.history(
      HistoryQuery(
        devices: [DeviceID(name: "line-1")], from: WallTime(milliseconds: 0), to: snapshot.at + .seconds(60),
        maxPoints: 100))
    let device = try #require(history.first)
    #expect(device.marks.map(\.kind).contains(.drift) && device.marks.map(\.kind).contains(.correction))
    #expect(device.samples.contains { $0.mean == 2400 })
    await plant.stop()
  }

  @Test func stateDirectoriesDifferByOriginAndFolderButNotByRef() {
    let environment = ["HOME": "/home/anna"]
    let one = StateDirectory(origin: "/srv/plant", subPath: "", environment: environment)
    let two = StateDirectory(origin: "/srv/plant", subPath: "zone-a", environment: environment)
    #expect(one != two)
    #expect(one.path.hasPrefix("/home/anna/.local/state/fabgitops/plant-"))
  }
}
