import Control
import Fleet
import LocalEngine
import Synchronization
import Testing

@Suite struct EngineHooksTests {
  /// What the engine told, from its own thread.
  private final class Told: Sendable {
    let reasons = Mutex<[String]>([])
    let mayWrite = Mutex(false)
  }

  @Test func theFenceIsAskedBeforeEachFrameAndEveryEventIsTold() async throws {
    let told = Told()
    let hooks = EngineHooks(
      mayWrite: { told.mayWrite.withLock { $0 } },
      onEvent: { event in told.reasons.withLock { $0.append(event.reason) } })
    let plant = try await Plant(values: [2400], hooks: hooks)
    // Every gate allows the write; the fence does not.
    _ = try await plant.snapshot("a write that was not sent") { $0.events("WriteNotSent", of: "line-1") > 0 }
    #expect(try await plant.value(0) == 2400)
    told.mayWrite.withLock { $0 = true }
    _ = await plant.engine.submit(.sync(SyncScope(devices: [DeviceID(name: "line-1")]), by: "anna"))
    _ = try await plant.snapshot("the correction") { $0.device("line-1")?.view.corrections == 1 }
    #expect(try await plant.value(0) == 2500)
    let reasons = told.reasons.withLock { $0 }
    #expect(Set(["DriftDetected", "WriteNotSent", "DriftCorrected"]).isSubset(of: reasons))
    await plant.stop()
  }
}
