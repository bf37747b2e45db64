import Control
import Fleet
import Logging
import NIOCore
import NIOEmbedded
import Testing

@testable import LocalEngine

/// The engine's inside in virtual time: an embedded event loop, links without sockets, both clocks from the loop.
final class VirtualEngine {
  let loop = EmbeddedEventLoop()
  let links: VirtualLinks
  let core: EngineCore
  static let epoch = WallTime(milliseconds: 1_767_225_600_000)

  init(audit: any AuditTrail = NoAuditTrail()) {
    let loop = loop
    links = VirtualLinks(loop: loop)
    var settings = EngineSettings()
    settings.snapshotInterval = .seconds(60)
    settings.historyCapacity = 100
    core = EngineCore(
      loop: loop, settings: settings, origin: "test", links: links, audit: audit,
      logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    ) {
      let instant = Instant(nanoseconds: Int64(clamping: loop.now.uptimeNanoseconds))
      return Moment(instant: instant, wall: Self.epoch + (instant - Instant(nanoseconds: 0)))
    }
  }

  func desire(_ count: Int, _ adjust: (inout DeviceSpec) -> Void = { _ in }) {
    let devices = (1...count).map { number in
      var spec = DeviceSpec(
        id: DeviceID(name: "line-\(number)"), address: "192.0.2.\(number)", pollInterval: .seconds(10),
        registers: [
          RegisterSpec(name: "setpoint", address: 1, desired: .integer(2500)),
          RegisterSpec(name: "level", address: 3),
        ])
      adjust(&spec)
      return DesiredState.Device(spec: spec)
    }
    var status = SourceStatus(origin: "test", revision: "main@sha1:\(loop.now.uptimeNanoseconds)")
    status.state = .good
    core.apply(DesiredUpdate(status: status, state: DesiredState(devices: devices)))
  }

  func run(_ span: TimeSpan) { loop.advanceTime(by: .nanoseconds(span.nanoseconds)) }
}

@Suite struct DayTests {
  /// Drifts, rivals, dead wires, commits, commands, a screen that nobody reads: after six hours nothing that the
  /// engine keeps has grown, nor after twenty-four.
  @Test func nothingGrowsInADay() {
    let engine = VirtualEngine()
    engine.links.silence = 0.02
    engine.links.drift = 0.2
    engine.links.refusal = 0.1
    engine.desire(5)
    let (stream, continuation) = AsyncStream.makeStream(
      of: FleetSnapshot.self, bufferingPolicy: .bufferingNewest(1))
    _ = engine.core.subscribe(continuation)
    var settled: Census?
    let changes = 5 * HistoryRing.changeCapacity
    let marks = 5 * HistoryRing.markCapacity
    let limits = ["ring.marks": marks, "ring.states": changes, ".events": EventLog.capacity]
    for hour in 1...24 {
      for minute in 0..<60 {
        engine.run(.seconds(60))
        stir(engine, hour, minute)
      }
      let census = Census(of: engine.core)
      guard hour > 6 else {
        settled = settled.map { $0.merged(with: census) } ?? census
        continue
      }
      let grown = settled.map { census.grown(since: $0, slack: 60, limits: limits) } ?? ["no census"]
      #expect(grown.isEmpty, "hour \(hour): \(grown)")
    }
    #expect(engine.links.reads > 40_000)
    #expect(engine.links.writes > 400)
    withExtendedLifetime(stream) {}
    engine.core.stop()
  }

  private func stir(_ engine: VirtualEngine, _ hour: Int, _ minute: Int) {
    let device = DeviceID(name: "line-\(minute % 5 + 1)")
    switch minute {
    case 7: engine.desire(5) { $0.registers[0].desired = .integer(Int64(2400 + hour)) }
    case 13: engine.desire(4)
    case 14: engine.desire(5)
    case 21: _ = engine.core.submit(.hold(reason: "test", by: "anna"))
    case 22: _ = engine.core.submit(.release(by: "anna"))
    case 30...40: _ = engine.core.submit(.sync(SyncScope(devices: [device]), by: "anna"))
    case 45:
      _ = engine.core.submit(
        .shelve([device], register: nil, for: .seconds(200), reason: "test", by: "anna"))
    case 50: _ = engine.core.submit(.suspend([device], reason: "", by: "anna"))
    case 51: _ = engine.core.submit(.resume([device], by: "anna"))
    default: break
    }
  }

  /// The probe itself sees what grows.
  @Test func theCensusSeesGrowth() {
    final class Leak {
      var list: [[Int]] = []
      var next: Leak?
    }
    let leak = Leak()
    leak.next = Leak()
    let before = Census(of: leak)
    leak.next?.list = Array(repeating: [1, 2, 3], count: 100)
    #expect(Census(of: leak).grown(since: before, slack: 60) == [".next.some.list: 0 → 400"])
    #expect(Census(of: leak).grown(since: Census(of: leak), slack: 0).isEmpty)
  }
}
