import Control
import Fleet
import Testing

@Suite struct RereadingTests {
  private let later = noon + .seconds(1)

  /// Two registers: one that is read at each poll, one whose device refused it at the last.
  private func line(_ change: (inout DeviceView) -> Void = { _ in }) -> DeviceSnapshot {
    device(
      "line-1",
      registers: [
        register("setpoint", desired: .real(72.5), actual: .real(72.5), inSync: true),
        register("flow", actual: .real(3)) { $0.lastRead = noon + .seconds(-60) },
      ], change)
  }

  private func again(_ view: inout DeviceView) {
    view.lastRead = later
    view.registers[0].lastRead = later
  }

  @Test func whatIsOnlyReadAgainIsATime() throws {
    let reading = try #require(Rereading(from: line(), to: line { again(&$0) }))
    #expect(reading == Rereading(at: later))
    var view = line().view
    let fits = view.apply(reading)
    #expect(fits)
    #expect(view == line { again(&$0) }.view)
    #expect(view.registers[1].lastRead == noon + .seconds(-60), "what was not read is not younger")
  }

  @Test func otherWordsAreToldAndDecoded() throws {
    let words: [UInt16] = [0x4080, 0]
    let next = line { view in
      again(&view)
      view.registers[0].rawWords = words
      view.registers[0].actual = .real(4)
    }
    let reading = try #require(Rereading(from: line(), to: next))
    #expect(reading.words == [.init(register: 0, words: words)])
    var view = line().view
    let fits = view.apply(reading)
    #expect(fits)
    #expect(view == next.view)
  }

  @Test func whateverElseChangesIsNoRereading() {
    let changes: [(inout DeviceView) -> Void] = [
      { $0.phase = .failed }, { $0.status = .drifted }, { $0.driftEvents += 1 }, { $0.corrections += 1 },
      { $0.lastTransition = noon }, { $0.lastError = "timeout" }, { $0.failures = 1 }, { $0.retryAt = noon },
      { $0.stale = true }, { $0.suspendedBy = "ben" }, { $0.uncertain = true }, { $0.message = "other" },
      { $0.shelf = Shelf(by: "a", since: noon, until: noon + .seconds(9), reason: "r") },
      { $0.registers[0].inSync = false }, { $0.registers[0].exception = 2 },
      { $0.registers[0].driftAfter = noon }, { $0.registers[0].driftSeen = noon },
      { $0.registers[0].lastCorrection = noon }, { $0.registers[0].driftEvents += 1 },
      { $0.registers[0].corrections += 1 }, { $0.registers[0].refusals = [.autoCorrectOff] },
      { $0.registers[0].lastOutcome = .verified }, { $0.registers[0].contested = true },
      { $0.registers[0].budgetLeft -= 1 }, { $0.registers[0].spec.tolerance = 1 },
      { $0.registers[0].wear = WriteWear(written: 1, endurance: 2, perDay: 3) },
      { $0.registers[0].shelf = Shelf(by: "a", since: noon, until: noon + .seconds(9), reason: "r") },
      // A register that was not read, one that is read again after a while, and a value that the words do not hold.
      { $0.registers[0].lastRead = noon }, { $0.registers[1].lastRead = noon + .seconds(1) },
      { $0.registers[0].rawWords = [1, 2] }, { $0.registers.removeLast() }, { $0.lastRead = nil },
    ]
    for (index, change) in changes.enumerated() {
      let next = line { view in
        again(&view)
        change(&view)
      }
      #expect(Rereading(from: line(), to: next) == nil, "change \(index)")
    }
    #expect(Rereading(from: line { $0.lastRead = nil }, to: line()) == nil, "the first reading is none again")
  }

  @Test func specificationSourcesAndAcknowledgementCount() {
    let old = line()
    func next(
      _ spec: DeviceSpec? = nil, sources: [Fleet.SourceLocation?]? = nil, by: String? = nil
    ) -> DeviceSnapshot {
      DeviceSnapshot(
        spec: spec ?? old.spec, view: line { again(&$0) }.view, sources: sources ?? old.sources,
        acknowledgedBy: by)
    }
    #expect(Rereading(from: old, to: next()) != nil)
    var spec = old.spec
    spec.pollInterval = .seconds(7)
    #expect(Rereading(from: old, to: next(spec)) == nil)
    #expect(Rereading(from: old, to: next(sources: [Fleet.SourceLocation(file: "b.yaml", line: 1)])) == nil)
    #expect(Rereading(from: old, to: next(by: "anna")) == nil)
  }

  @Test func aReadingThatDoesNotFitChangesNothing() {
    let readings = [
      Rereading(at: later, words: [.init(register: 2, words: [1, 2])]),
      Rereading(at: later, words: [.init(register: -1, words: [1, 2])]),
      Rereading(at: later, words: [.init(register: 0, words: [1])]),
      Rereading(at: later, words: [.init(register: 0, words: [1, 2]), .init(register: 1, words: [])]),
    ]
    for reading in readings {
      var view = line().view
      let fits = view.apply(reading)
      #expect(!fits && view == line().view)
    }
    var never = line { $0.lastRead = nil }.view
    let fits = never.apply(Rereading(at: later))
    #expect(!fits)
  }
}
