import Control
import Foundation
import Testing

@testable import Simulation

@Suite struct SimulatorPartsTests {
  @Test func eventsComeInTheOrderOfTimeAndArrival() {
    var random = SplitMix64(seed: 5)
    var heap = EventHeap<Int>()
    var expected: [(Int64, Int)] = []
    for number in 0..<2000 {
      let at = Int64(random.next(below: 100))
      heap.push(number, at: at)
      expected.append((at, number))
    }
    expected.sort { $0.0 == $1.0 ? $0.1 < $1.1 : $0.0 < $1.0 }
    for (at, number) in expected {
      let event = heap.pop()
      #expect(event?.at == at && event?.event == number)
    }
    #expect(heap.pop() == nil)
  }

  /// The oracle's own codec and the one it checks must mean the same words.
  @Test func theOracleReadsRegistersAsTheCodecDoes() throws {
    var random = SplitMix64(seed: 6)
    for index in 0..<2000 {
      let register = SimulatedRegister(index % 4, &random)
      let desired = register.drawDesired(&random, leaky: false)
      let spec = register.spec(desired: desired, autoCorrect: nil)
      let words = register.words(desired, over: [0, 0])
      let value = try #require(RegisterCodec.decode(words, as: spec))
      #expect(abs((value.number ?? .nan) - register.number(ArraySlice(words))) < 1e-4)
      #expect(register.isInSync(ArraySlice(words), desired: desired))
      guard register.kind != .input else { continue }
      #expect(RegisterCodec.isInSync(words, as: spec) == true)
      #expect(try RegisterCodec.encode(try #require(spec.desired), as: spec) == words)
    }
  }

  /// The oracle's own rule of summer time against the time zone database.
  @Test func theOracleKnowsSummerTime() throws {
    let zone = try #require(TimeZone(identifier: "Europe/Berlin"))
    let first: Int64 = 1_577_836_800
    for hour in Int64(0)..<(18 * 8766) {
      let second = first + hour * 3600
      let offset = zone.secondsFromGMT(for: Date(timeIntervalSince1970: Double(second)))
      guard Int(BerlinTime.offset(at: second)) != offset || hour % 1000 == 0 else { continue }
      #expect(Int(BerlinTime.offset(at: second)) == offset, "\(second)")
      #expect(Int(BerlinTime.rules.offset(at: second)) == offset, "\(second)")
    }
    // 02:30 of the day that skips it, and of the day that has it twice.
    let (begins, ends) = BerlinTime.changes(of: 2026)
    #expect(begins == 1_774_746_000 && ends == 1_792_890_000)
    #expect(BerlinTime.instant(ofLocal: begins + 3600 + 1800) == begins)
    #expect(BerlinTime.instant(ofLocal: ends + 3600 + 1800) == ends - 1800)
  }

  /// Seed 7376 once: 41.399994 is 0.500006 from 41.9, which one right decoder calls within 0.5 and another one not.
  @Test func theVeryEndOfAToleranceIsOnNeitherSide() {
    var random = SplitMix64(seed: 1)
    var register = SimulatedRegister(0, &random)
    register.kind = .float
    register.tolerance = 0.5
    #expect(register.isOnTheEdge([16933, 39320], desired: 41.9))
    #expect(!register.isOnTheEdge([16933, 39320], desired: 41.8))
    register.tolerance = 0
    #expect(!register.isOnTheEdge([16933, 39320], desired: 41.9))
  }

  @Test func swarmsDiffer() {
    var kinds: Set<Int> = []
    for seed in UInt64(0)..<50 {
      var random = SplitMix64(seed: seed)
      let swarm = Swarm(&random)
      kinds.insert(swarm.incidents.count)
      #expect(swarm.incidents.allSatisfy { $0.weight > 0 })
    }
    #expect(kinds.count > 5)
  }
}
