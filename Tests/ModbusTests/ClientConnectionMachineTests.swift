import Modbus
import Testing

private let read = ModbusRequest.readHoldingRegisters(address: 10, count: 1)
private let write = ModbusRequest.writeSingleRegister(address: 10, value: 7)
private let readAnswer: [UInt8] = [3, 2, 0, 42]

@Suite struct ClientConnectionMachineTests {
  @Test func connectsWhenAsked() {
    var bench = MachineBench()
    bench.machine.connect()
    #expect(bench.take() == [.dial])
    bench.machine.connect()
    #expect(bench.take() == [])
    bench.connected()
    #expect(bench.take() == [.event(.connected)])
    bench.machine.connect()
    #expect(bench.take() == [.event(.connected)])
  }

  @Test func aFailedConnectIsReportedAndNotRepeated() {
    var bench = MachineBench()
    bench.machine.connect()
    bench.submit(1, read)
    bench.machine.connectFailed(.connectionRefused)
    bench.pass(100_000)
    #expect(
      bench.take() == [
        .dial, .failed(1, .notSent(.connectionLost(.connectionRefused))), .event(.failed(.connectionRefused)),
      ])
  }

  @Test func withoutAConnectionNothingIsSent() {
    var bench = MachineBench()
    bench.submit(1, read)
    #expect(bench.take() == [.failed(1, .notSent(.notConnected))])
  }

  @Test func whatModbusForbidsIsNotSent() {
    var bench = MachineBench.connected()
    bench.submit(1, .readHoldingRegisters(address: 0, count: 126))
    #expect(bench.take() == [.failed(1, .notSent(.invalid(.quantity(126, allowed: 1...125))))])
  }

  @Test func oneRequestInFlight() {
    var bench = MachineBench.connected()
    bench.submit(1, read)
    bench.submit(2, write)
    #expect(bench.take() == [.sent(id: 1, unit: 1, read)])
    bench.answer(id: 1, readAnswer)
    #expect(bench.take() == [.answered(1, .readHoldingRegisters([42])), .sent(id: 2, unit: 1, write)])
    bench.answer(id: 2, [6, 0, 10, 0, 7])
    #expect(bench.take() == [.answered(2, .writeSingleRegister(address: 10, value: 7))])
  }

  @Test func anExceptionLeavesTheConnectionAlone() {
    var bench = MachineBench.connected()
    bench.submit(1, read)
    bench.submit(2, read)
    bench.answer(id: 1, [0x83, 0x02])
    bench.answer(id: 2, [0x83, 0x06])
    let busy = RequestFailure.refused(DeviceRefusal(function: 3, exception: .busy))
    #expect(
      bench.take() == [
        .sent(id: 1, unit: 1, read),
        .failed(1, .refused(DeviceRefusal(function: 3, exception: .illegalDataAddress))),
        .sent(id: 2, unit: 1, read), .failed(2, busy),
      ])
    #expect(busy.isBusy)
    #expect(bench.machine.isConnected)
  }

  @Test func aTimeoutDropsTheConnection() {
    var bench = MachineBench.connected()
    bench.submit(1, read, timeout: 500)
    bench.pass(499)
    #expect(bench.take() == [.sent(id: 1, unit: 1, read)])
    bench.pass(1)
    let failure = WireFailure.timedOut(strayAnswers: 0)
    #expect(
      bench.take() == [
        .hangUp, .failed(1, .wire(failure)), .event(.closed(failure, unit: 1, reconnecting: false)),
      ])
    bench.answer(id: 1, readAnswer)
    #expect(bench.take() == [])
  }

  /// This process was stopped, or starved: the answer lay in the socket, and is looked at before the timer.
  @Test func anAnswerThatIsSeenTooLateIsNotBelieved() {
    var bench = MachineBench.connected()
    bench.submit(1, read, timeout: 500)
    bench.now += 6_000_000_000
    bench.answer(id: 1, readAnswer)
    let failure = WireFailure.timedOut(strayAnswers: 0)
    #expect(
      bench.take() == [
        .sent(id: 1, unit: 1, read), .hangUp, .failed(1, .wire(failure)),
        .event(.closed(failure, unit: 1, reconnecting: false)),
      ])
  }

  /// More to do than this process can: its timers are late, and so are its looks at the sockets.
  @Test func aLateTimerLooksOnceMoreBeforeItCallsADeviceSilent() {
    var bench = MachineBench.connected()
    bench.submit(1, read, timeout: 500)
    bench.now += 900_000_000
    bench.machine.timerFired(at: bench.now)
    #expect(bench.take() == [.sent(id: 1, unit: 1, read)])
    bench.answer(id: 1, readAnswer)
    #expect(bench.take() == [.answered(1, .readHoldingRegisters([42]))])
    bench.submit(2, read, timeout: 500)
    bench.now += 900_000_000
    bench.machine.timerFired(at: bench.now)
    bench.now += 900_000_000
    bench.machine.timerFired(at: bench.now)
    let failure = WireFailure.timedOut(strayAnswers: 0)
    #expect(
      bench.take() == [
        .sent(id: 2, unit: 1, read), .hangUp, .failed(2, .wire(failure)),
        .event(.closed(failure, unit: 1, reconnecting: false)),
      ])
  }

  @Test func anAnswerToAnotherTransactionIsDiscarded() {
    var bench = MachineBench.connected()
    bench.submit(1, read, timeout: 500)
    _ = bench.take()
    bench.answer(id: 0x7777, [3, 2, 9, 9])
    bench.answer(id: 0, [3, 2, 9, 9])
    #expect(bench.take() == [])
    bench.answer(id: 1, readAnswer)
    #expect(bench.take() == [.answered(1, .readHoldingRegisters([42]))])
    bench.answer(id: 1, readAnswer)
    bench.submit(2, read, timeout: 500)
    bench.answer(id: 1, [3, 2, 8, 8])
    bench.pass(500)
    let failure = WireFailure.timedOut(strayAnswers: 1)
    #expect(
      bench.take() == [
        .sent(id: 2, unit: 1, read), .hangUp, .failed(2, .wire(failure)),
        .event(.closed(failure, unit: 1, reconnecting: false)),
      ])
    #expect(bench.machine.strayAnswers == 4)
  }

  static let malformed: [([UInt8], UInt8, WireFailure)] = [
    ([4, 2, 0, 0], 1, .functionMismatch(sent: 3, received: 4)),
    ([3, 4, 0, 0, 0, 0], 1, .malformedAnswer(.quantity(2, allowed: 1...1))),
    ([3, 2, 0], 1, .malformedAnswer(.length(3, expected: 4))),
    (readAnswer, 2, .unitMismatch(sent: 1, received: 2)),
  ]

  @Test(arguments: malformed)
  func anAnswerThatMakesNoSenseDropsTheConnection(_ pdu: [UInt8], _ unit: UInt8, _ failure: WireFailure) {
    var bench = MachineBench.connected()
    bench.submit(1, read)
    _ = bench.take()
    bench.answer(id: 1, unit: unit, pdu)
    #expect(
      bench.take() == [
        .hangUp, .failed(1, .wire(failure)), .event(.closed(failure, unit: 1, reconnecting: false)),
      ])
  }

  @Test func transactionIdsGoOnAcrossConnectionsAndWrap() {
    var bench = MachineBench.connected()
    for count in 1...0x1_0005 {
      let id = UInt16(truncatingIfNeeded: count)
      bench.submit(count, read)
      #expect(bench.take() == [.sent(id: id, unit: 1, read)])
      if count == 5 {
        bench.broken(.connectionReset)
        bench.machine.connect()
        bench.connected()
      } else {
        bench.answer(id: id, readAnswer)
      }
      _ = bench.take()
    }
  }

  @Test func unitsTakeTurns() {
    var bench = MachineBench.connected()
    for token in 1...4 { bench.submit(token, read, unit: 1) }
    bench.submit(21, read, unit: 2)
    bench.submit(31, read, unit: 3)
    bench.submit(22, read, unit: 2)
    var order: [Int] = []
    for _ in 0..<7 {
      let seen = bench.take()
      guard case .sent(let id, let unit, _) = seen.last else { break }
      bench.answer(id: id, unit: unit, readAnswer)
      for case .answered(let token, _) in seen { order.append(token) }
    }
    for case .answered(let token, _) in bench.take() { order.append(token) }
    #expect(order == [1, 2, 21, 31, 3, 22, 4])
  }

  @Test func aDeadUnitCostsTheOthersOneTimeoutOfReadsAndNoWrite() {
    var bench = MachineBench.connected()
    bench.submit(1, read, unit: 7, timeout: 200)
    bench.submit(2, read, unit: 7)
    bench.submit(3, read, unit: 8)
    bench.submit(4, write, unit: 9)
    _ = bench.take()
    bench.pass(200)
    let failure = WireFailure.timedOut(strayAnswers: 0)
    let lost = RequestFailure.notSent(.connectionLost(failure))
    #expect(
      bench.take() == [
        .hangUp, .failed(1, .wire(failure)), .failed(2, lost), .failed(4, lost),
        .event(.closed(failure, unit: 7, reconnecting: true)), .dial,
      ])
    bench.connected()
    #expect(bench.take() == [.event(.connected), .sent(id: 2, unit: 8, read)])
  }

  @Test func aReconnectThatFailsEndsWhatWaited() {
    var bench = MachineBench.connected()
    bench.submit(1, read, unit: 7)
    bench.submit(2, read, unit: 8)
    _ = bench.take()
    bench.broken(.connectionReset)
    bench.machine.connectFailed(.connectionRefused)
    #expect(
      bench.take() == [
        .hangUp, .failed(1, .wire(.connectionReset)),
        .event(.closed(.connectionReset, unit: 7, reconnecting: true)), .dial,
        .failed(2, .notSent(.connectionLost(.connectionRefused))), .event(.failed(.connectionRefused)),
      ])
  }

  @Test func aClosedIdleConnectionStaysClosed() {
    var bench = MachineBench.connected()
    bench.broken(.connectionClosed)
    bench.pass(100_000)
    #expect(
      bench.take() == [.hangUp, .event(.closed(.connectionClosed, unit: nil, reconnecting: false))])
  }

  @Test func pausesAfterConnectAndBetweenRequests() {
    var bench = MachineBench(
      ConnectionOptions(pauseAfterConnect: .milliseconds(100), pauseBetweenRequests: .milliseconds(30)))
    bench.machine.connect()
    bench.connected()
    bench.submit(1, read)
    bench.submit(2, read)
    #expect(bench.take() == [.dial, .event(.connected)])
    bench.pass(99)
    #expect(bench.take() == [])
    bench.pass(1)
    #expect(bench.take() == [.sent(id: 1, unit: 1, read)])
    bench.answer(id: 1, readAnswer)
    bench.pass(29)
    #expect(bench.take() == [.answered(1, .readHoldingRegisters([42]))])
    bench.pass(1)
    #expect(bench.take() == [.sent(id: 2, unit: 1, read)])
    bench.answer(id: 2, readAnswer)
    bench.pass(30)
    _ = bench.take()
    bench.submit(3, read)
    #expect(bench.take() == [.sent(id: 3, unit: 1, read)])
  }

  @Test func perRequestConnectsForEach() {
    var bench = MachineBench(ConnectionOptions(perRequest: true))
    bench.submit(1, read)
    bench.submit(2, read)
    #expect(bench.take() == [.dial])
    bench.connected()
    #expect(bench.take() == [.sent(id: 1, unit: 1, read)])
    bench.answer(id: 1, readAnswer)
    #expect(bench.take() == [.answered(1, .readHoldingRegisters([42])), .hangUp, .dial])
    bench.connected()
    bench.answer(id: 2, readAnswer)
    #expect(
      bench.take() == [.sent(id: 2, unit: 1, read), .answered(2, .readHoldingRegisters([42])), .hangUp])
  }

  @Test func perRequestStillTellsHowConnectWent() {
    var bench = MachineBench(ConnectionOptions(perRequest: true))
    bench.machine.connect()
    bench.connected()
    #expect(bench.take() == [.dial, .event(.connected)])
    bench.submit(1, read)
    bench.answer(id: 1, readAnswer)
    #expect(
      bench.take() == [.sent(id: 1, unit: 1, read), .answered(1, .readHoldingRegisters([42])), .hangUp])
    bench.submit(2, read, timeout: 100)
    bench.connected()
    bench.pass(100)
    let failure = WireFailure.timedOut(strayAnswers: 0)
    #expect(
      bench.take() == [
        .dial, .sent(id: 2, unit: 1, read), .hangUp, .failed(2, .wire(failure)),
        .event(.closed(failure, unit: 1, reconnecting: false)),
      ])
    bench.submit(3, read)
    bench.machine.connectFailed(.connectionRefused)
    #expect(
      bench.take() == [
        .dial, .failed(3, .notSent(.connectionLost(.connectionRefused))), .event(.failed(.connectionRefused)),
      ])
  }

  @Test func perRequestGivesUpAConnectionNobodyUses() {
    var bench = MachineBench(
      ConnectionOptions(pauseAfterConnect: .milliseconds(50), perRequest: true))
    bench.machine.connect()
    bench.connected()
    bench.pass(2000)
    #expect(bench.take() == [.dial, .event(.connected), .hangUp])
  }

  @Test func theQueueIsBounded() {
    var bench = MachineBench.connected(ConnectionOptions(mostWaiting: 2))
    for token in 1...4 { bench.submit(token, read) }
    #expect(bench.take() == [.sent(id: 1, unit: 1, read), .failed(4, .notSent(.queueFull))])
  }

  @Test func closingTellsEveryone() {
    var bench = MachineBench.connected()
    bench.submit(1, write)
    bench.submit(2, write)
    _ = bench.take()
    bench.machine.close()
    #expect(
      bench.take() == [
        .hangUp, .failed(1, .wire(.closedLocally)), .failed(2, .notSent(.cancelled)),
        .event(.closed(nil, unit: nil, reconnecting: false)),
      ])
    bench.machine.close()
    #expect(bench.take() == [])
  }

  @Test func closingWhileConnectingGivesUp() {
    var bench = MachineBench()
    bench.machine.connect()
    bench.machine.close()
    #expect(bench.take() == [.dial, .hangUp, .event(.closed(nil, unit: nil, reconnecting: false))])
    bench.connected()
    #expect(bench.take() == [])
  }

  @Test func whoLeavesHearsNothing() {
    var bench = MachineBench.connected()
    bench.submit(1, read)
    bench.submit(2, read)
    bench.submit(3, read)
    _ = bench.take()
    bench.machine.abandon { $0 < 3 }
    #expect(bench.take() == [])
    bench.answer(id: 1, readAnswer)
    #expect(bench.take() == [.sent(id: 2, unit: 1, read)])
    bench.answer(id: 2, readAnswer)
    #expect(bench.take() == [.answered(3, .readHoldingRegisters([42]))])
  }

  @Test func serialFramingsMatchByOrder() {
    var bench = MachineBench(hasTransactionIds: false)
    bench.machine.connect()
    bench.connected()
    bench.submit(1, read)
    bench.answer(id: 0, readAnswer)
    #expect(
      bench.take() == [
        .dial, .event(.connected), .sent(id: 0, unit: 1, read), .answered(1, .readHoldingRegisters([42])),
      ])
  }

  /// A line has no transaction ids; the late answer of one unit must not fail the request to the next.
  @Test func serialFramingsDiscardOtherUnitsAnswers() {
    var bench = MachineBench(hasTransactionIds: false)
    bench.machine.connect()
    bench.connected()
    bench.submit(1, read, unit: 7)
    _ = bench.take()
    bench.answer(id: 0, unit: 3, readAnswer)
    #expect(bench.take() == [])
    #expect(bench.machine.strayAnswers == 1)
    bench.answer(id: 0, unit: 7, readAnswer)
    #expect(bench.take() == [.answered(1, .readHoldingRegisters([42]))])
  }

  /// A thousand answered requests in a second set the timer once or twice, not a thousand times.
  @Test func timeoutsCostNoTimerEach() {
    var bench = MachineBench.connected()
    for count in 1...1000 {
      bench.submit(count, read)
      bench.pass(1)
      bench.answer(id: UInt16(count), readAnswer)
      _ = bench.take()
    }
    #expect(bench.wakeCount <= 3)
  }

  /// Whatever happens in whatever order: every token comes back exactly once, no more than one request is in
  /// flight, nothing is sent without a connection, and a token's answer is the one that was sent for it.
  @Test func anyOrderOfEvents() {
    withSeeds(300) { random, seed in
      var bench = MachineBench(
        ConnectionOptions(
          pauseAfterConnect: .milliseconds(random.int(0...1) * 20),
          pauseBetweenRequests: .milliseconds(random.int(0...1) * 10), perRequest: random.bool(),
          mostWaiting: random.int(1...20)))
      var world = MachineWorld()
      for _ in 0..<200 {
        world.step(&bench, &random)
        world.check(bench.take(), seed)
      }
      bench.machine.close()
      world.check(bench.take(), seed)
      #expect(world.outstanding.isEmpty, seed)
      #expect(world.inFlight == nil, seed)
    }
  }
}

/// The other side of the machine, acting at random, and what must hold.
private struct MachineWorld {
  var outstanding: Set<Int> = []
  var inFlight: (id: UInt16, unit: UInt8, address: UInt16)?
  private var isDialling = false
  private var isUp = false
  private var lastToken = 0

  mutating func step(_ bench: inout MachineBench, _ random: inout SeededRandom) {
    switch random.int(0...11) {
    case 0: bench.machine.connect()
    case 1...4:
      lastToken += 1
      outstanding.insert(lastToken)
      let address = UInt16(lastToken)
      let request: ModbusRequest =
        random.bool()
        ? .readHoldingRegisters(address: address, count: 1)
        : .writeMultipleRegisters(address: address, values: [1])
      bench.submit(lastToken, request, unit: UInt8(random.int(1...3)), timeout: random.int(10...200))
    case 5, 6, 7: answer(&bench, &random)
    case 8: bench.pass(Int64(random.int(0...150)))
    case 9 where isDialling:
      isDialling = false
      isUp = random.bool()
      if isUp { bench.connected() } else { bench.machine.connectFailed(.connectionRefused) }
    case 10 where random.int(0...5) == 0:
      isDialling = false
      bench.broken(.connectionReset)
    case 11 where random.int(0...10) == 0: bench.machine.close()
    default: bench.pass(1)
    }
  }

  private func answer(_ bench: inout MachineBench, _ random: inout SeededRandom) {
    guard let flight = inFlight else { return bench.answer(id: random.word(), readAnswer) }
    let address: [UInt8] = [UInt8(flight.address >> 8), UInt8(flight.address & 0xFF)]
    switch random.int(0...5) {
    case 0: bench.answer(id: flight.id &+ 1, unit: flight.unit, readAnswer)
    case 1: bench.answer(id: flight.id, unit: flight.unit, random.bytes(random.int(0...5)))
    case 2: bench.answer(id: flight.id, unit: flight.unit, [0x83, 6])
    case 3: bench.answer(id: flight.id, unit: flight.unit, [16] + address + [0, 1])
    default: bench.answer(id: flight.id, unit: flight.unit, [3, 2] + address)
    }
  }

  mutating func check(_ seen: [MachineBench.Seen], _ seed: Comment) {
    for item in seen {
      switch item {
      case .dial:
        #expect(!isUp && !isDialling, seed)
        isDialling = true
      case .hangUp: (isUp, isDialling, inFlight) = (false, false, nil)
      case .sent(let id, let unit, let request):
        #expect(isUp && inFlight == nil, seed)
        let address: UInt16? =
          switch request {
          case .readHoldingRegisters(let address, _), .writeMultipleRegisters(let address, _): address
          default: nil
          }
        inFlight = (id, unit, address ?? 0)
      case .answered(let token, let response):
        #expect(outstanding.remove(token) != nil, seed)
        switch response {
        case .readHoldingRegisters(let block): #expect(block.first == UInt16(token), seed)
        case .writeMultipleRegisters(let address, _): #expect(address == UInt16(token), seed)
        default: Issue.record("\(response) \(seed)")
        }
        inFlight = nil
      case .failed(let token, let failure):
        #expect(outstanding.remove(token) != nil, seed)
        if case .refused = failure { inFlight = nil }
      case .event(.failed), .event(.connected), .event(.closed): break
      }
    }
  }
}
