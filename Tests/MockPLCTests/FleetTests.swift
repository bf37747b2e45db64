import Foundation
import Modbus
import Testing

@testable import MockPLC

/// A fleet for one test, stopped whatever happens.
func withFleet(
  _ configuration: FleetConfiguration, log: (@Sendable (LogEntry) -> Void)? = nil,
  _ body: (MockFleet) async throws -> Void
) async throws {
  let fleet = try await MockFleet.start(configuration, log: log)
  do {
    try await body(fleet)
  } catch {
    await fleet.stop()
    throw error
  }
  await fleet.stop()
}

func withFaults(
  _ faults: String, seed: UInt64 = 7, units: [UInt8]? = nil, _ body: (MockFleet) async throws -> Void
) async throws {
  let specs = try FaultSpec.list(faults)
  try await withFleet(
    FleetConfiguration(plcs: [.simple()], seed: seed, faults: specs, unitIDs: units), body)
}

private let patience = Duration.seconds(30)

@Suite struct FleetTests {
  @Test func everyFunctionWorks() async throws {
    try await withFleet(FleetConfiguration(plcs: [.simple()])) { fleet in
      let client = try await ModbusClient.connect(host: "127.0.0.1", port: fleet.ports[0])
      #expect(try await client.readRegisters(address: 4000, count: 3, timeout: patience) == [0, 2500, 0])
      try await client.writeRegisters(address: 4001, [1234], timeout: patience)
      try await client.writeRegisters(address: 5000, [1, 2, 3], timeout: patience)
      #expect(try await client.readRegisters(address: 5000, count: 4, timeout: patience) == [1, 2, 3, 0])
      try await client.writeCoils(address: 7, [true], timeout: patience)
      try await client.writeCoils(address: 8, [true, false, true], timeout: patience)
      #expect(
        try await client.readBits(address: 6, count: 6, timeout: patience) == [
          false, true, true, false, true, false,
        ])
      #expect(try await client.readBits(.discrete, address: 0, count: 9, timeout: patience).count == 9)
      #expect(try await client.readRegisters(.input, address: 65_535, timeout: patience) == [0])
      _ = try await client.send(.maskWriteRegister(address: 4001, and: 0xFF00, or: 0x0012), timeout: patience)
      #expect(try await fleet.peek(4001) == [1234 & 0xFF00 | 0x12])
      let both = try await client.send(
        .readWriteMultipleRegisters(readAddress: 6000, readCount: 2, writeAddress: 6001, values: [9]),
        timeout: patience)
      #expect(both.registers.map(Array.init) == [0, 9])
      let identity = try await client.readIdentification(timeout: patience)
      #expect(identity.map(\.text) == ["FabGitOps", "mock-plc", "1.0"])
      let writes = try await fleet.writes()
      #expect(writes.map(\.function) == [6, 16, 5, 15, 22, 23])
      #expect(writes.allSatisfy { $0.outcome == .applied && $0.connection == 1 })
      #expect(writes.first?.before == [2500])
      await client.close()
    }
  }

  @Test func pokesAreReadAndChaosReallyChangesWhatClientsRead() async throws {
    let plan = ChaosPlan(interval: .milliseconds(20), maxDrift: 500)
    try await withFleet(FleetConfiguration(plcs: [.simple()], seed: 7, chaos: plan)) { fleet in
      let client = try await ModbusClient.connect(host: "127.0.0.1", port: fleet.ports[0])
      var seen: Set<UInt16> = []
      let deadline = ContinuousClock.now + patience
      while seen.count < 5, ContinuousClock.now < deadline {
        seen.formUnion(try await client.readRegisters(address: 4001, timeout: patience))
      }
      #expect(seen.count >= 5)
      #expect(seen.allSatisfy { (2000...3000).contains($0) })
      try await fleet.poke(9, [77])
      #expect(try await client.readRegisters(address: 9, timeout: patience) == [77])
      await client.close()
    }
  }

  /// What is scheduled is the same in two runs, however they are timed; a client reads in one of them.
  @Test func logsOfScheduledChangesAreIdenticalInTwoRuns() async throws {
    final class Lines: @unchecked Sendable {
      private let lock = NSLock()
      private var lines: [String] = []

      func add(_ line: String) { lock.withLock { lines.append(line) } }
      var all: [String] { lock.withLock { lines } }
    }
    let registers = [
      MockRegister("setpoint", address: 1), MockRegister("recipe", address: 10, format: ValueFormat(.string)),
    ]
    let devices = FleetConfiguration.devices([MockDevice(name: "oven", registers: registers)], count: 2)
    let yaml = try Golden.text("script.yaml").replacing("s, ", with: "ms, ").replacing("3s }", with: "0s }")
    // Everything due at the horizon happens in one go with this.
    let last = "- { at: 150ms, plc: 1, set: { address: 9, value: 1 } }\n"
    let script = try Script(yaml: yaml + last, file: "s.yaml", for: devices)
    func run(reading: Bool) async throws -> [String] {
      let lines = Lines()
      let configuration = FleetConfiguration(
        plcs: devices, seed: 7, chaos: ChaosPlan(interval: .milliseconds(7), maxDrift: 50), script: script,
        horizon: .milliseconds(150))
      try await withFleet(configuration, log: { lines.add($0.line(.elapsed)) }) { fleet in
        let deadline = ContinuousClock.now + patience
        while !lines.all.contains(where: { $0.hasPrefix("t=0.150 plc=oven-1 event=script") }),
          ContinuousClock.now < deadline
        {
          if reading { _ = try await fleet.peek(1) }
          await Task.yield()
        }
      }
      return lines.all
    }
    let first = try await run(reading: false)
    #expect(first.count > 40)
    #expect(first == (try await run(reading: true)))
  }

  @Test func aPortInUseIsNamedAndNothingStaysOpen() async throws {
    try await withFleet(FleetConfiguration(plcs: [.simple()])) { fleet in
      let taken = fleet.ports[0]
      await #expect {
        _ = try await MockFleet.start(FleetConfiguration(plcs: [.simple()], firstPort: taken))
      } throws: { "\($0)" == "cannot listen on 127.0.0.1:\(taken): the port is in use" }
    }
  }

  @Test func plcsOnAddressesOfTheirOwnShareAPort() async throws {
    let configuration = FleetConfiguration(
      plcs: [.simple(value: 1), .simple(value: 2), .simple(value: 3)], placement: .consecutiveAddresses,
      host: "127.44.0.255")
    try await withFleet(configuration) { fleet in
      #expect(fleet.hosts == ["127.44.0.255", "127.44.1.0", "127.44.1.1"])
      #expect(Set(fleet.ports).count == 1)
      for (index, host) in fleet.hosts.enumerated() {
        let client = try await ModbusClient.connect(host: host, port: fleet.ports[index])
        #expect(try await client.readRegisters(address: 4001, timeout: patience) == [UInt16(index + 1)])
        await client.close()
      }
      let port = fleet.ports[0]
      let answered = try await blocking { () -> Bool in
        // 127.0.0.1 is none of them.
        let stranger = try RawClient(port: port)
        try? stranger.send(RawClient.read(1))
        return (try? stranger.frame().isEmpty) == false
      }
      #expect(!answered)
    }
  }

  @Test func consecutiveAddressesNeedAnIPv4Address() async throws {
    for host in ["::1", "localhost", "255.255.255.255"] {
      await #expect(throws: FleetStartFailure.self) {
        _ = try await MockFleet.start(
          FleetConfiguration(plcs: [.simple(), .simple()], placement: .consecutiveAddresses, host: host))
      }
    }
  }

  @Test func aStoppedFleetFreesItsPorts() async throws {
    let fleet = try await MockFleet.start(FleetConfiguration(plcs: [.simple(), .simple()]))
    let client = try await ModbusClient.connect(host: "127.0.0.1", port: fleet.ports[1])
    await fleet.stop()
    await fleet.stop()
    await #expect(throws: (any Error).self) {
      _ = try await client.readRegisters(address: 4001, timeout: patience)
    }
    #expect(throws: RawClient.Failure.self) { _ = try RawClient(port: fleet.ports[0]) }
    await client.close()
  }

  @Test func readOnlyRegistersAndMissingAddressesAreRefused() async throws {
    let device = MockDevice(
      units: [
        MockUnit(
          registers: [
            MockRegister("sp", address: 1),
            MockRegister("state", address: 2, value: .integer(7), isReadOnly: true),
          ], addresses: [.holding: AddressSet([1...2])])
      ])
    try await withFleet(FleetConfiguration(plcs: [device])) { fleet in
      let client = try await ModbusClient.connect(host: "127.0.0.1", port: fleet.ports[0])
      #expect(try await client.readRegisters(address: 1, count: 2, timeout: patience) == [0, 7])
      for (address, values) in [(UInt16(2), [UInt16(1)]), (1, [5, 5]), (3, [1])] {
        await #expect(throws: RequestFailure.self) {
          try await client.writeRegisters(address: address, values, timeout: patience)
        }
      }
      await #expect(throws: RequestFailure.self) {
        _ = try await client.readRegisters(address: 2, count: 2, timeout: patience)
      }
      #expect(try await fleet.peek(1, count: 2) == [0, 7])
      #expect(try await fleet.writes().map(\.outcome) == [.refused, .refused, .refused])
      await client.close()
    }
  }

  @Test func theDemoPlantLives() async throws {
    #expect(DemoPlant.plcs.count >= 8)
    #expect(Set(DemoPlant.plcs.map(\.name)).count == DemoPlant.plcs.count)
    try await withFleet(DemoPlant.configuration()) { fleet in
      #expect(fleet.names == DemoPlant.plcs.map(\.name))
      for (index, plc) in DemoPlant.plcs.enumerated() {
        for register in plc.registers {
          let value = try await fleet.value(of: register.name, plc: index)
          if let desired = register.desired?.number {
            // Chaos may have turned it already on a busy machine.
            #expect(value.number != nil, "\(plc.name)")
            #expect(register.minimum ?? desired <= desired && desired <= register.maximum ?? desired)
            #expect(register.mock.chaos != nil)
          }
        }
      }
    }
  }

  @Test func everySetpointOfTheDemoPlantDriftsOutOfTolerance() throws {
    let core = FleetCore(DemoPlant.configuration(seed: 3))
    core.advance(to: .seconds(120))
    for (index, plc) in DemoPlant.plcs.enumerated() {
      for register in plc.registers where register.desired != nil && register.mock.format.kind != .bool {
        let value = try core.value(plc: index, unit: 1, of: register.name).number ?? .nan
        let desired = register.desired?.number ?? .nan
        #expect(abs(value - desired) > register.tolerance, "\(plc.name) \(register.name) \(value)")
      }
    }
  }
}
