import Control
import Fleet
import MockPLC
import NIOPosix
import Testing

@testable import LocalEngine

/// Fleets of more devices than one slice.
@Suite struct SnapshotFeedTests {
  @Test func aLargeFleetIsShownWholeAndInOrder() async throws {
    let plant = try await Plant(values: [UInt16](repeating: 2500, count: SnapshotFeed.slice * 2 + 5))
    let count = plant.fleet.ports.count
    let whole = try await plant.snapshot("every device read") { snapshot in
      snapshot.devices.count == count && snapshot.devices.allSatisfy { $0.view.lastRead != nil }
    }
    #expect(whole.devices.map(\.id) == whole.devices.map(\.id).sorted())
    #expect(Set(whole.devices.map(\.id)).count == count && whole.totals.devices == count)
    await plant.stop()
  }

  @Test func whatACommandDidIsInTheFirstSnapshotAfterIt() async throws {
    let plant = try await Plant(values: [UInt16](repeating: 2500, count: SnapshotFeed.slice + 1))
    let count = plant.fleet.ports.count
    _ = try await plant.snapshot("the fleet") { $0.devices.count == count }
    // Somebody reads all the time, so that a snapshot is often half made when the command comes.
    let engine = plant.engine
    let reader = Task { for await _ in engine.snapshots() {} }
    for round in 0..<10 {
      let outcome = await engine.submit(
        round % 2 == 0 ? .hold(reason: "test", by: "anna") : .release(by: "anna"))
      guard case .accepted = outcome else {
        Issue.record("\(outcome)")
        break
      }
      var stream = engine.snapshots().makeAsyncIterator()
      let first = await stream.next()
      #expect((first?.gates.hold != nil) == (round % 2 == 0))
    }
    reader.cancel()
    await plant.stop()
  }

  /// Each poll changes a device's age and nothing else: that is no reason to look at the fleet for each of them.
  @Test func pollsWithoutNewsAreShownTogether() async throws {
    let plant = try await Plant(values: [UInt16](repeating: 2500, count: 12))
    _ = try await plant.snapshot("a fleet in sync") { $0.totals[.inSync] == 12 }
    var (snapshots, polls) = (0, 0)
    var lastReads: [DeviceID: WallTime] = [:]
    for await snapshot in plant.engine.snapshots() {
      let isFirst = lastReads.isEmpty
      for device in snapshot.devices {
        guard let lastRead = device.view.lastRead, lastReads[device.id] != lastRead else { continue }
        lastReads[device.id] = lastRead
        if !isFirst { polls += 1 }
      }
      if !isFirst { snapshots += 1 }
      if polls >= 48 { break }
    }
    #expect(snapshots * 3 <= polls, "\(snapshots) snapshots of \(polls) polls")
    await plant.stop()
  }

  @Test func devicesThatComeAndGoWhileItIsMadeLeaveNoHole() async throws {
    let plant = try await Plant(values: [UInt16](repeating: 2500, count: SnapshotFeed.slice * 2))
    let specs = plant.specs()
    let engine = plant.engine
    let reader = Task {
      for await snapshot in engine.snapshots() {
        let names = snapshot.devices.map(\.id)
        if names != Array(Set(names)).sorted() { return false }
      }
      return true
    }
    for round in 0..<20 {
      plant.source.desire(Array(specs.prefix(round % 2 == 0 ? SnapshotFeed.slice + 3 : specs.count)))
      try await Task.sleep(for: .milliseconds(5))
    }
    _ = try await plant.snapshot("the whole fleet again") { $0.devices.count == specs.count }
    await plant.stop()
    #expect(await reader.value)
  }
}
