import Testing

@testable import Modbus

@Suite struct FairQueueTests {
  @Test func oneUnitIsAPlainQueue() {
    var queue = FairQueue<Int>()
    for value in 1...5 { queue.append(value, unitId: 1) }
    #expect(drain(&queue) == [1, 2, 3, 4, 5])
    #expect(queue.isEmpty)
  }

  @Test func removingKeepsTheTurns() {
    var queue = FairQueue<Int>()
    for value in [10, 11, 12] { queue.append(value, unitId: 1) }
    for value in [20, 21] { queue.append(value, unitId: 2) }
    queue.append(30, unitId: 3)
    #expect(queue.removeAll { $0 == 11 || $0 >= 21 } == [11, 21, 30])
    #expect(queue.count == 3)
    queue.append(31, unitId: 3)
    #expect(drain(&queue) == [10, 20, 31, 12])
  }

  /// Between two requests of a unit, no other unit gets more than one turn.
  @Test func nobodyGetsTwoTurns() {
    withSeeds(100) { random, seed in
      var queue = FairQueue<UInt8>()
      for _ in 0..<100 {
        let unit = UInt8(random.int(0...5))
        queue.append(unit, unitId: unit)
      }
      let order = drain(&queue)
      #expect(order.count == 100, seed)
      for unit in Set(order) {
        let turns = order.indices.filter { order[$0] == unit }
        for (turn, next) in zip(turns, turns.dropFirst()) {
          let between = order[(turn + 1)..<next]
          #expect(Set(between).count == between.count, seed)
        }
      }
    }
  }

  private func drain<Element>(_ queue: inout FairQueue<Element>) -> [Element] {
    var all: [Element] = []
    while let element = queue.popFirst() { all.append(element) }
    return all
  }
}
