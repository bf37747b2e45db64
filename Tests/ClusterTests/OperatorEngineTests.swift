import Control
import Fleet
import Testing

@testable import Cluster

@Suite struct OperatorEngineTests {
  let now = WallTime(milliseconds: 1_800_000_000_000)

  func snapshot(_ devices: Int, sequence: UInt64) -> FleetSnapshot {
    let spec = { (index: Int) in
      DeviceSpec(id: DeviceID(name: "line-\(index)"), address: "10.0.0.1", registers: [])
    }
    return FleetSnapshot(
      sequence: sequence, at: now, mode: .control, source: SourceStatus(origin: "test", state: .good),
      devices: (0..<devices).map { DeviceSnapshot(spec: spec($0), view: DeviceView()) })
  }

  @Test func readersStayWhenEnginesComeAndGo() async throws {
    let engine = OperatorEngine(mode: .control, why: "", origin: "test", at: now)
    var reader = engine.snapshots().makeAsyncIterator()
    let first = try #require(await reader.next())
    #expect(first.devices.isEmpty && first.gates.leadershipUntil == nil && first.source.state == .loading)
    engine.show(snapshot(3, sequence: 900))
    #expect(try #require(await reader.next()).devices.count == 3)
    // Another engine counts from the beginning; readers must not see that.
    engine.show(snapshot(2, sequence: 1))
    let third = try #require(await reader.next())
    #expect(third.sequence > first.sequence + 1 && third.totals.devices == 2)
    engine.standBy(for: "other_1", source: SourceStatus(origin: "test", state: .good), at: now)
    let standby = try #require(await reader.next())
    #expect(standby.devices.isEmpty && standby.totals.devices == 0)
    #expect(standby.gates.leader == "other_1" && standby.health.controller == "other_1")
    engine.finish()
    #expect(await reader.next() == nil)
    var late = engine.snapshots().makeAsyncIterator()
    #expect(await late.next() == nil)
  }

  @Test func nothingCanBeCommandedPastTheApiServer() async {
    let engine = OperatorEngine(mode: .control, why: "", origin: "test", at: now)
    guard case .refused = await engine.submit(.release(by: "anna")) else {
      Issue.record("the operator takes requests through annotations only")
      return
    }
    #expect(engine.capabilities.refusal(of: .sync) != nil && engine.capabilities.refusal(of: .history) == nil)
    #expect(await engine.plan(SyncScope(devices: [DeviceID(name: "a")])).steps.isEmpty)
  }
}
