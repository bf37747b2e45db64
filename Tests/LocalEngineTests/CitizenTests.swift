import Control
import Fleet
import LocalEngine
import Manifest
import MockPLC
import Modbus
import NIOPosix
import Synchronization
import Testing

/// Several manifests behind one address, and devices that have little to give.
@Suite struct CitizenTests {
  private func engine(_ fleet: MockFleet, _ specs: [DeviceSpec]) async throws -> (LocalEngine, ScriptedSource)
  {
    let source = ScriptedSource()
    var settings = EngineSettings(mode: .control)
    settings.snapshotInterval = .milliseconds(10)
    let engine = try await LocalEngine(
      source: source, origin: "test", settings: settings,
      loop: MultiThreadedEventLoopGroup.singleton.next())
    source.desire(specs)
    return (engine, source)
  }

  private func spec(
    _ name: String, _ port: Int, unit: UInt8 = 1, register: UInt16 = 4001,
    timeout: TimeSpan = .milliseconds(200)
  ) -> DeviceSpec {
    DeviceSpec(
      id: DeviceID(name: name), address: "127.0.0.1", port: port, unitID: unit, timeout: timeout,
      pollInterval: .seconds(1),
      registers: [RegisterSpec(name: "setpoint", address: register, desired: .integer(2500))])
  }

  /// The first snapshot that satisfies the condition.
  private func wait(
    _ engine: LocalEngine, _ what: String, _ condition: @escaping @Sendable (FleetSnapshot) -> Bool
  ) async throws {
    let found = try await withThrowingTaskGroup(of: Bool.self) { group in
      group.addTask {
        for await snapshot in engine.snapshots() where condition(snapshot) { return true }
        return false
      }
      group.addTask {
        try await Task.sleep(for: Plant.patience)
        return false
      }
      defer { group.cancelAll() }
      return try await group.next() ?? false
    }
    #expect(found, "\(what) within \(Plant.patience)")
  }

  @Test func aPLCWithOneConnectionServesTwoManifests() async throws {
    let log = Mutex<[String]>([])
    let fleet = try await MockFleet.start(
      FleetConfiguration(
        plcs: [.simple()], faults: try FaultSpec.list("max-connections=1 evict-oldest"), isVerbose: true),
      log: { entry in
        let line = entry.line(.none)
        log.withLock { $0.append(line) }
      })
    try await fleet.poke(4002, [2400])
    // A loaded machine may be slow to answer, and a timeout would cost the one connection.
    let (engine, _) = try await engine(
      fleet,
      [
        spec("line-1", fleet.ports[0], timeout: .seconds(15)),
        spec("line-2", fleet.ports[0], register: 4002, timeout: .seconds(15)),
      ])
    // The second one drifted: its correction goes over the same connection.
    try await wait(engine, "both in sync, read again and again") { snapshot in
      snapshot.devices.count == 2 && snapshot.devices.allSatisfy { $0.view.status == .inSync }
        && log.withLock { $0.count { $0.contains("event=request") } } > 12
    }
    #expect(try await fleet.peek(4002) == [2500])
    await engine.stop()
    await fleet.stop()
    let lines = log.withLock { $0 }
    #expect(lines.count { $0.contains("event=connect") } == 1)
    #expect(!lines.contains { $0.contains("evicted") })
  }

  @Test func aHungUnitLeavesItsNeighboursInSync() async throws {
    let fleet = try await MockFleet.start(
      FleetConfiguration(
        plcs: [.simple()], faults: try FaultSpec.list("hang@7"), unitIDs: Array(1...16)))
    let port = fleet.ports[0]
    let (engine, _) = try await engine(fleet, (1...16).map { spec("unit-\($0)", port, unit: $0) })
    try await wait(engine, "15 in sync and one unreachable, and that it stays so") { snapshot in
      snapshot.devices.count == 16
        && snapshot.devices.allSatisfy { device in
          device.view.status == (device.id.name == "unit-7" ? .unreachable : .inSync)
        } && snapshot.events("ConnectionFailed", of: "unit-7") > 0
    }
    await engine.stop()
    await fleet.stop()
  }

  /// What `fabctl lint` accepts as an address, the engine can use.
  @Test(arguments: [
    "10.0.0.1", "fe80::1%eth0", "plc-7.example", "mbaps://10.0.0.1", "mbaps://plc:10802",
    "mbaps://[fe80::1]:802",
    "rtu+tcp://10.0.0.7:4001", "ascii+tcp://plc", "rtu+tcp://::1", "serial:///dev/ttyUSB0",
    "serial:///dev/ttyS1?baud=230400&parity=odd&data=7&stop=2&mode=ascii", "serial:///dev/ttyS1?baud=300",
  ]) func addressesMeanTheSameToLintAndEngine(_ address: String) throws {
    let text = """
      apiVersion: fabgitops.io/v1
      kind: IndustrialPLC
      metadata: { name: line-1 }
      spec: { deviceAddress: "\(address)", targetRegister: 1, targetValue: 1 }
      """
    let reading = ManifestReader.read([
      ManifestFile(name: "a.yaml", contents: Array(text.utf8), isExplicit: true)
    ])
    #expect(reading.errors.isEmpty)
    let spec = try #require(reading.devices.first?.spec)
    let endpoint = try EndpointAddress(deviceAddress: spec.address, port: spec.port)
    switch endpoint {
    case .tcp(_, let port, _): #expect(port == spec.port && spec.security == nil)
    case .secure(_, let port, _): #expect(port == spec.port && spec.security != nil)
    case .serial: #expect(spec.security == nil)
    }
  }
}
