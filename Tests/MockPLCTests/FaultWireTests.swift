import Foundation
import Modbus
import Testing

@testable import MockPLC

/// Each fault as a client meets it, on real sockets.
@Suite struct FaultWireTests {
  private static let answer: [UInt8] = [0, 5, 0, 1, 3, 2, 0x09, 0xC4]

  /// The honest answer to `RawClient.read(transaction)`.
  private func honest(_ transaction: UInt8, unit: UInt8 = 1) -> [UInt8] {
    [0, transaction, 0, 0, 0, 5, unit, 3, 2, 0x09, 0xC4]
  }

  @Test func droppedRequestsAreNeverAnsweredAndNotExecuted() async throws {
    try await withFaults("drop=0.5") { fleet in
      let port = fleet.ports[0]
      let answered = try await blocking { () -> Set<UInt8> in
        let client = try RawClient(port: port, patience: 2)
        for transaction in UInt16(1)...40 {
          try client.send(RawClient.request(transaction, [6, 0x13, 0x88, 0, UInt8(transaction)]))
        }
        var answered: Set<UInt8> = []
        while let frame = try? client.frame() { answered.insert(frame[1]) }
        return answered
      }
      let writes = try await fleet.writes()
      #expect(writes.count == 40)
      #expect(Set(writes.filter { $0.outcome == .applied }.map { UInt8($0.asked[0]) }) == answered)
      #expect(
        Set(writes.filter { $0.outcome == .lost }.map { UInt8($0.asked[0]) })
          == Set(1...40).subtracting(answered))
      #expect((5...35).contains(answered.count))
    }
  }

  @Test func aHungUnitStaysSilentAndItsNeighboursAnswer() async throws {
    try await withFaults("hang@3", units: Array(1...16)) { fleet in
      let port = fleet.ports[0]
      let units = try await blocking { () -> [UInt8] in
        let client = try RawClient(port: port)
        for round in UInt16(0)..<2 {
          for unit in UInt8(1)...16 { try client.send(RawClient.read(round * 16 + UInt16(unit), unit: unit)) }
        }
        return try (0..<30).map { _ in try client.frame()[6] }
      }
      #expect(units == (1...16).filter { $0 != 3 } + (1...16).filter { $0 != 3 })
    }
  }

  @Test func exceptionsAndBusyCarryTheirCodes() async throws {
    for (fault, code) in [("exception=1:2", UInt8(2)), ("exception", 4), ("busy", 6)] {
      try await withFaults(fault) { fleet in
        let port = fleet.ports[0]
        let frame = try await blocking {
          let client = try RawClient(port: port)
          try client.send(RawClient.request(9, [6, 0x0F, 0xA1, 0, 1]))
          return try client.frame()
        }
        #expect(frame == [0, 9, 0, 0, 0, 3, 1, 0x86, code])
        #expect(try await fleet.peek(4001) == [2500])
        #expect(try await fleet.writes().map(\.outcome) == [.refused])
      }
    }
  }

  @Test func lateAnswersComeAfterThoseToLaterRequests() async throws {
    try await withFaults("late=0.5:50ms") { fleet in
      let port = fleet.ports[0]
      let order = try await blocking { () -> [UInt8] in
        let client = try RawClient(port: port)
        for transaction in UInt16(1)...20 { try client.send(RawClient.read(transaction)) }
        return try (1...20).map { _ in
          let frame = try client.frame()
          return Array(frame.dropFirst(2)) == [0, 0, 0, 5, 1, 3, 2, 0x09, 0xC4] ? frame[1] : 0
        }
      }
      #expect(order.sorted() == Array(1...20))
      #expect(order != order.sorted())
    }
  }

  @Test func splitAnswersAreWholeInTheEnd() async throws {
    try await withFaults("split") { fleet in
      let port = fleet.ports[0]
      // A byte each millisecond: a client that is late finds all of them there. It is not late each time.
      let answers = try await blocking {
        let client = try RawClient(port: port)
        var answers: [(frame: [UInt8], first: Int)] = []
        for transaction in UInt16(1)...50 where answers.last?.first ?? 11 == 11 {
          try client.send(RawClient.read(transaction))
          let first = try client.receive()
          answers.append((first + (try client.receive(exactly: 11 - first.count)), first.count))
        }
        return answers
      }
      for (transaction, answer) in zip(UInt8(1)..., answers) { #expect(answer.frame == honest(transaction)) }
      #expect(answers.last.map { $0.first < 11 } == true)
      let client = try await ModbusClient.connect(host: "127.0.0.1", port: port)
      #expect(try await client.readRegisters(address: 4001, timeout: .seconds(30)) == [2500])
      await client.close()
    }
  }

  @Test func aResetComesAfterTheWriteTookEffect() async throws {
    try await withFaults("reset") { fleet in
      let port = fleet.ports[0]
      let wasReset = try await blocking { () -> Bool in
        let client = try RawClient(port: port)
        try client.send(RawClient.request(9, [6, 0x0F, 0xA1, 0, 1]))
        do { return try client.frame().isEmpty } catch RawClient.Failure.reset { return true }
      }
      #expect(wasReset)
      #expect(try await fleet.peek(4001) == [1])
    }
  }

  @Test(arguments: Junk.Kind.allCases)
  func junkIsNeverTheHonestAnswer(kind: Junk.Kind) async throws {
    try await withFaults("junk=1:\(kind.rawValue)") { fleet in
      let port = fleet.ports[0]
      let bytes = try await blocking {
        let client = try RawClient(port: port)
        try client.send(RawClient.read(5))
        return try client.receive()
      }
      let honest = honest(5)
      #expect(!bytes.isEmpty && bytes != honest)
      switch kind {
      case .transaction: #expect(bytes[1] != 5 && bytes.dropFirst(2) == honest.dropFirst(2))
      case .protocol: #expect(bytes[3] != 0)
      case .length: #expect(bytes[5] > 5 && bytes.count == 11)
      case .unit: #expect(bytes[6] != 1)
      case .function: #expect(bytes[7] != 3)
      case .short: #expect(honest.starts(with: bytes))
      case .bytes: break
      }
    }
  }

  @Test func latencyDelaysAnswersInOrder() async throws {
    try await withFaults("latency=30ms±10ms") { fleet in
      let port = fleet.ports[0]
      let (frames, took) = try await blocking {
        let client = try RawClient(port: port)
        let start = ContinuousClock.now
        for transaction in UInt16(1)...5 { try client.send(RawClient.read(transaction)) }
        return (try (1...5).map { _ in try client.frame() }, ContinuousClock.now - start)
      }
      #expect(frames == (1...5).map { honest($0) })
      // A lower bound cannot fail on a slow machine: five times at least 20 ms, one after another.
      #expect(took >= .milliseconds(100))
    }
  }

  @Test func ignoredWritesAreAcknowledgedOnly() async throws {
    try await withFaults("ignore-writes") { fleet in
      let client = try await ModbusClient.connect(host: "127.0.0.1", port: fleet.ports[0])
      try await client.writeRegisters(address: 4001, [1], timeout: .seconds(30))
      #expect(try await client.readRegisters(address: 4001, timeout: .seconds(30)) == [2500])
      #expect(try await fleet.writes().map(\.outcome) == [.ignored])
      await client.close()
    }
  }

  @Test func revertedWritesComeBack() async throws {
    try await withFaults("revert=50ms") { fleet in
      let client = try await ModbusClient.connect(host: "127.0.0.1", port: fleet.ports[0])
      try await client.writeRegisters(address: 4001, [1], timeout: .seconds(30))
      let deadline = ContinuousClock.now + .seconds(30)
      var value: [UInt16] = []
      while value != [2500], ContinuousClock.now < deadline {
        value = try await client.readRegisters(address: 4001, timeout: .seconds(30))
      }
      #expect(value == [2500])
      await client.close()
    }
  }

  @Test func furtherConnectionsAreTurnedAway() async throws {
    try await withFaults("max-connections=1") { fleet in
      let port = fleet.ports[0]
      try await blocking {
        var first: RawClient? = try RawClient(port: port)
        try first?.send(RawClient.read(1))
        #expect(try first?.frame().count == 11)
        let second = try RawClient(port: port)
        #expect(try second.receive().isEmpty)
        try first?.send(RawClient.read(2))
        #expect(try first?.frame().count == 11)
        first = nil
        // The place is free again, as soon as the PLC has noticed.
        let deadline = ContinuousClock.now + .seconds(30)
        var answered = false
        while !answered, ContinuousClock.now < deadline {
          let third = try RawClient(port: port)
          try? third.send(RawClient.read(3))
          answered = (try? third.frame().count) == 11
        }
        #expect(answered)
      }
    }
  }

  @Test func theOldestConnectionMakesRoom() async throws {
    try await withFaults("max-connections=2 evict-oldest") { fleet in
      let port = fleet.ports[0]
      try await blocking {
        let clients = try (1...3).map { _ in
          let client = try RawClient(port: port)
          try client.send(RawClient.read(1))
          #expect(try client.frame().count == 11)
          return client
        }
        #expect(try clients[0].receive().isEmpty)
        for client in clients.dropFirst() {
          try client.send(RawClient.read(2))
          #expect(try client.frame().count == 11)
        }
      }
    }
  }

  @Test func aRebootClosesConnectionsAndRestoresTheImage() async throws {
    try await withFleet(FleetConfiguration(plcs: [.simple(), .simple()])) { fleet in
      let port = fleet.ports[0]
      let other = try await ModbusClient.connect(host: "127.0.0.1", port: fleet.ports[1])
      let client = try await blocking { () -> Sent in
        let client = try RawClient(port: port)
        try client.send(RawClient.request(9, [6, 0x0F, 0xA1, 0, 1]))
        _ = try client.frame()
        return Sent(client)
      }
      #expect(try await fleet.peek(4001) == [1])
      try await fleet.perform(.reboot(down: .zero), plc: 0)
      #expect(try await blocking { try client.value.receive().isEmpty })
      #expect(try await fleet.peek(4001) == [2500])
      #expect(try await other.readRegisters(address: 4001, timeout: .seconds(30)) == [2500])
      await other.close()
    }
  }

  @Test func faultsGoOnAndOffWhileItRuns() async throws {
    try await withFaults("split=0") { fleet in
      let client = try await ModbusClient.connect(host: "127.0.0.1", port: fleet.ports[0])
      try await fleet.enable([try FaultSpec("exception=1:2")])
      await #expect(throws: RequestFailure.self) {
        _ = try await client.readRegisters(address: 4001, timeout: .seconds(30))
      }
      try await fleet.perform(.disable([]))
      #expect(try await client.readRegisters(address: 4001, timeout: .seconds(30)) == [2500])
      await client.close()
    }
  }

  /// A client that is used by one thread after another.
  private struct Sent: @unchecked Sendable {
    let value: RawClient

    init(_ value: RawClient) { self.value = value }
  }
}
