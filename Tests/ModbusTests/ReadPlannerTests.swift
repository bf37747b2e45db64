import Modbus
import Testing

@Suite struct ReadPlannerTests {
  private func groups(_ planner: ReadPlanner, _ items: [ReadItem]) -> [[Int]] {
    planner.plan(items).map { [Int($0.address), Int($0.count)] + $0.items }
  }

  private func holding(_ runs: [(UInt16, UInt16)]) -> [ReadItem] {
    runs.map { ReadItem(table: .holding, address: $0.0, count: $0.1) }
  }

  @Test func neighboursJoinAcrossGapsThatAreSmallEnough() {
    let items = holding([(100, 1), (102, 2), (120, 1), (137, 1), (155, 1)])
    #expect(groups(ReadPlanner(maxGap: 16), items) == [[100, 38, 0, 1, 2, 3], [155, 1, 4]])
    #expect(groups(ReadPlanner(maxGap: 0), items).count == 5)
  }

  @Test func theOrderOfItemsDoesNotMatter() {
    let items = holding([(5, 1), (1, 2), (3, 2)])
    #expect(groups(ReadPlanner(), items) == [[1, 5, 1, 2, 0]])
  }

  @Test func tablesNeverMix() {
    let items = [
      ReadItem(table: .holding, address: 1), ReadItem(table: .input, address: 2),
      ReadItem(table: .coil, address: 3), ReadItem(table: .discrete, address: 4),
    ]
    let plan = ReadPlanner().plan(items)
    #expect(plan.count == 4)
    #expect(Set(plan.map(\.request.function)).count == 4)
  }

  @Test func limitsHoldAndValuesStayWhole() {
    let items = holding([(0, 4), (4, 4), (8, 4)])
    #expect(groups(ReadPlanner(maxRegistersPerRequest: 10), items) == [[0, 8, 0, 1], [8, 4, 2]])
    #expect(groups(ReadPlanner(maxRegistersPerRequest: 2), items) == [[0, 4, 0], [4, 4, 1], [8, 4, 2]])
  }

  @Test func overlappingItemsShareARequest() {
    let items = holding([(10, 2), (10, 1), (11, 1)])
    #expect(groups(ReadPlanner(), items) == [[10, 2, 1, 0, 2]])
  }

  @Test func aRefusedGroupIsSplitAtItsGapsFirst() {
    let items = holding([(0, 1), (1, 1), (5, 1)])
    var planner = ReadPlanner()
    let parts = planner.refused(planner.plan(items)[0], of: items)
    #expect(parts.map(\.items) == [[0, 1], [2]])
    #expect(groups(planner, items) == [[0, 2, 0, 1], [5, 1, 2]])
  }

  @Test func aRefusedRunWithoutGapsIsSplitIntoItems() {
    let items = holding([(7, 1), (0, 2), (2, 1)])
    var planner = ReadPlanner()
    _ = planner.refused(planner.plan(items)[0], of: items)
    let run = planner.plan(items)[0]
    #expect(run.items == [1, 2])
    #expect(planner.refused(run, of: items).map(\.items) == [[1], [2]])
    #expect(planner.plan(items).map(\.items) == [[1], [2], [0]])
    for group in planner.plan(items) { #expect(planner.refused(group, of: items).isEmpty) }
  }

  @Test func splitsAreRememberedWhenItemsChange() {
    var planner = ReadPlanner()
    let before = holding([(0, 1), (5, 1)])
    _ = planner.refused(planner.plan(before)[0], of: before)
    #expect(groups(planner, holding([(5, 1), (0, 1), (6, 1)])) == [[0, 1, 1], [5, 2, 0, 2]])
  }

  @Test func theEndOfTheAddressSpace() {
    #expect(groups(ReadPlanner(), holding([(65534, 2), (65530, 1)])) == [[65530, 6, 1, 0]])
    #expect(groups(ReadPlanner(), holding([(65535, 9)])) == [[65535, 1, 0]])
  }

  /// Every item is in exactly one request, whole; no request breaks a limit, spans a wide gap or a split; and
  /// refusing at random always ends in single items.
  @Test func everyPlanIsSound() {
    withSeeds(300) { random, seed in
      let items = (0..<random.int(0...60)).map { _ in
        ReadItem(
          table: ModbusTable.allCases.randomElement(using: &random) ?? .holding,
          address: UInt16(random.int(0...400)), count: UInt16(random.int(1...4)))
      }
      var planner = ReadPlanner(maxRegistersPerRequest: random.int(4...125), maxGap: random.int(0...20))
      for _ in 0..<20 {
        let plan = planner.plan(items)
        #expect(plan.flatMap(\.items).sorted() == Array(items.indices), seed)
        for group in plan {
          let limit = planner.maxRegistersPerRequest * (group.table.isBits ? 16 : 1)
          #expect(Int(group.count) <= min(limit, group.table.readLimit), seed)
          for index in group.items {
            let offset = group.offset(of: items[index])
            #expect(group.table == items[index].table, seed)
            #expect(offset >= 0 && offset + Int(items[index].count) <= Int(group.count), seed)
          }
        }
        guard let victim = plan.randomElement(using: &random) else { break }
        let parts = planner.refused(victim, of: items)
        if !parts.isEmpty { #expect(parts.flatMap(\.items).sorted() == victim.items.sorted(), seed) }
      }
    }
  }
}
