import Control
import Fleet
import Foundation
import GRDB
import Testing

@testable import Journal

@Suite struct HistoryTests {
  private let start: Int64 = 1_800_000_000_000  // a full minute

  private func series(_ bench: Bench, _ device: DeviceID = plc, _ register: String = "r") -> Series {
    bench.shared.state.withLock { $0.series(SeriesName(device: device, register: register)) }
  }

  /// Polls every `period` seconds for `seconds`, with a turn of the writer after every twelve.
  private func poll(_ bench: Bench, _ seconds: Int, period: Int = 1, _ value: (Int) -> Double) {
    let series = series(bench)
    for second in stride(from: 0, to: seconds, by: period) {
      let sample = Sample(series: series, at: bench.clock.now.wall, value: value(second))
      bench.shared.state.withLock { $0.inbox.add([sample]) }
      if second / period % 12 == 11 {
        bench.turn(after: .seconds(period))
      } else {
        bench.clock.pass(.seconds(period))
      }
    }
    for _ in 0..<70 { bench.turn(after: .milliseconds(1)) }
  }

  private func history(
    _ scratch: Scratch, from: Int64, to: Int64, points: Int = 100_000, register: String? = nil
  ) async throws -> DeviceHistory {
    let query = HistoryQuery(
      devices: [plc], register: register, from: WallTime(milliseconds: from), to: WallTime(milliseconds: to),
      maxPoints: points)
    return try #require(try await JournalReader(scratch.location).history(query).first)
  }

  @Test func rawSamplesComeBackExactly() async throws {
    let scratch = try Scratch()
    let bench = Bench(scratch)
    poll(bench, 100) { second in second < 40 ? 70.5 : Double(second) }
    bench.close()
    let history = try await history(scratch, from: start, to: start + 100_000)
    #expect(history.register == "r")
    #expect(history.samples.map(\.at.milliseconds) == (0..<100).map { start + Int64($0) * 1000 })
    #expect(history.samples.map(\.mean) == (0..<100).map { $0 < 40 ? 70.5 : Double($0) })
    #expect(try scratch.number("SELECT count(*) FROM raw") < 70)
  }

  @Test func aGapInReadingStaysAGap() async throws {
    let scratch = try Scratch()
    let bench = Bench(scratch)
    poll(bench, 20) { _ in 5 }
    bench.turn(after: .seconds(8))
    poll(bench, 20) { _ in 5 }
    bench.close()
    let times = try await history(scratch, from: start, to: start + 60_000).samples.map(\.at.milliseconds)
    #expect(times.count == 40)
    let gaps = zip(times, times.dropFirst()).map { $1 - $0 }.filter { $0 > 1000 }
    #expect(gaps.count == 1 && gaps[0] >= 9000)
  }

  @Test func oldSamplesBecomeMinutes() async throws {
    let scratch = try Scratch()
    let bench = Bench(scratch)
    poll(bench, 3 * 3600, period: 5) { second in second / 60 % 2 == 0 ? 10 : Double(second % 60) }
    bench.close()
    let oldest = try scratch.number("SELECT min(minute) FROM raw")
    let newest = try scratch.number("SELECT max(minute) FROM raw")
    #expect(newest - oldest >= 59 && newest - oldest <= 62)
    let early = try await history(scratch, from: start, to: start + 600_000)
    #expect(early.samples.count == 10)
    #expect(early.samples[0] == .init(at: WallTime(milliseconds: start), value: 10))
    #expect(
      early.samples[1]
        == .init(at: WallTime(milliseconds: start + 60_000), minimum: 0, mean: 27.5, maximum: 55))
    // Both kinds joined, no hole between and nothing twice.
    let all = try await history(scratch, from: start, to: start + 3 * 3_600_000)
    let times = all.samples.map(\.at.milliseconds)
    #expect(times == times.sorted() && Set(times).count == times.count)
    #expect(zip(times, times.dropFirst()).allSatisfy { $1 - $0 <= 60_000 })
  }

  @Test func steadyMinutesShareARow() async throws {
    let scratch = try Scratch()
    let bench = Bench(scratch)
    poll(bench, 4 * 3600, period: 10) { _ in 42 }
    bench.close()
    #expect(try scratch.number("SELECT count(*) FROM minutes") <= 2)
    let early = try await history(scratch, from: start + 600_000, to: start + 1_200_000)
    #expect(early.samples.map(\.mean) == [Double](repeating: 42, count: 10))
    #expect(early.samples.first?.at.milliseconds == start + 600_000)
  }

  @Test func downsamplingGoesOnAfterARestart() async throws {
    let scratch = try Scratch()
    let clock = HandClock()
    for _ in 0..<4 {
      let bench = Bench(scratch, clock: clock)
      poll(bench, 1800, period: 5) { Double($0 % 60) }
      bench.close()
    }
    let all = try await history(scratch, from: start, to: clock.now.wall.milliseconds)
    let times = all.samples.map(\.at.milliseconds)
    #expect(Set(times).count == times.count)
    // A minute stands at its beginning, the raw sample after it up to a poll later.
    #expect(zip(times, times.dropFirst()).map { $1 - $0 }.max() ?? .max <= 65_100)
    #expect(try scratch.number("SELECT sum(count) FROM minutes") + 24 > 4 * 1800 / 5 - 40)
  }

  @Test func fewPointsKeepTheExtremes() async throws {
    let scratch = try Scratch()
    let bench = Bench(scratch)
    poll(bench, 1000) { $0 == 500 ? 999 : $0 == 501 ? -999 : 1 }
    bench.close()
    let history = try await history(scratch, from: start, to: start + 1_000_000, points: 50)
    #expect(history.samples.count <= 50 && history.samples.count >= 49)
    #expect(history.samples.map(\.maximum).max() == 999)
    #expect(history.samples.map(\.minimum).min() == -999)
    for sample in history.samples {
      #expect(sample.minimum <= sample.mean && sample.mean <= sample.maximum)
    }
  }

  @Test func whatIsOldGoesAndTheAuditStays() async throws {
    let scratch = try Scratch()
    let clock = HandClock()
    let first = Bench(scratch, clock: clock)
    first.record(intent: intent(1))
    first.shared.state.withLock {
      $0.inbox.add(
        EventEntry(
          event: FleetEvent(
            sequence: 1, at: clock.now.wall, severity: .info, device: plc, reason: "R", message: "old"),
          mark: nil))
    }
    poll(first, 600) { Double($0) }
    first.close()
    clock.pass(.seconds(40 * 86_400))
    let second = Bench(scratch, clock: clock)
    poll(second, 300) { Double($0) }
    second.close()
    #expect(try scratch.number("SELECT count(*) FROM events") == 0)
    #expect(try scratch.number("SELECT count(*) FROM minutes WHERE minute < \(start / 60_000 + 20)") == 0)
    #expect(try scratch.number("SELECT min(minute) FROM raw") > Int(start / 60_000) + 1000)
    #expect(try await JournalReader(scratch.location).audit(AuditQuery(kinds: [.intent])).count == 1)
  }

  @Test func aClockThatLeapsAheadDeletesNothing() throws {
    let scratch = try Scratch()
    let bench = Bench(scratch)
    poll(bench, 600) { Double($0) }
    let before = try scratch.number("SELECT count(*) FROM raw")
    bench.clock.step(.seconds(10 * 365 * 86_400))
    for _ in 0..<100 { bench.turn(after: .seconds(1)) }
    #expect(try scratch.number("SELECT count(*) FROM raw WHERE minute < \(start / 60_000 + 20)") >= before)
    bench.clock.step(.seconds(-10 * 365 * 86_400))
    poll(bench, 60) { Double($0) }
    #expect(try scratch.number("SELECT count(*) FROM raw") > before)
    bench.close()
  }

  @Test func aClockSetBackAnHourLosesNothing() async throws {
    let scratch = try Scratch()
    let bench = Bench(scratch)
    poll(bench, 1200, period: 5) { Double($0) }
    bench.clock.step(.seconds(-3600))
    poll(bench, 1200, period: 5) { Double($0) }
    bench.close()
    #expect(try scratch.number("SELECT sum(count) FROM raw") == 480)
    let early = try await history(scratch, from: start - 3_600_000, to: start)
    #expect(!early.samples.isEmpty)
  }

  @Test func aFileThatIsTooLargeGivesUpItsOldestSamplesAndSaysSo() throws {
    let scratch = try Scratch()
    var options = JournalOptions()
    options.maxBytes = 400_000
    let bench = Bench(scratch, options: options)
    bench.record(intent: intent(1))
    let many = (0..<200).map { series(bench, DeviceID(name: "d\($0)")) }
    for second in 0..<300 {
      let at = bench.clock.now.wall
      bench.shared.state.withLock { state in
        state.inbox.add(many.map { Sample(series: $0, at: at, value: Double(second)) })
      }
      bench.turn(after: .seconds(1))
    }
    for _ in 0..<100 { bench.turn(after: .seconds(20)) }
    #expect(bench.health.notices.contains { $0.contains("the oldest raw samples were given up") })
    #expect(bench.health.problem == nil)
    bench.close()
    let size = try scratch.number("PRAGMA page_count") * scratch.number("PRAGMA page_size")
    #expect(size < 900_000)
    #expect(try scratch.number("SELECT count(*) FROM audit WHERE kind = 'intent'") == 1)
  }

  /// A day of turns: what waits in memory is written, and what is written is made minutes of.
  @Test func aDayLeavesNothingInMemoryAndAnHourOfRawSamples() throws {
    let scratch = try Scratch()
    let bench = Bench(scratch)
    let series = ["a", "b"].map { name in
      bench.shared.state.withLock { $0.series(SeriesName(device: plc, register: name)) }
    }
    for minute in 0..<1440 {
      let now = bench.clock.now.wall
      bench.shared.state.withLock { state in
        for (index, one) in series.enumerated() {
          state.inbox.add([Sample(series: one, at: now, value: Double(minute % 7 * (index + 1)))])
        }
        state.inbox.add(StateEntry(device: plc, at: now, status: minute % 2 == 0 ? .drifted : .inSync))
        state.inbox.counters[plc] = DeviceCounters(driftEvents: UInt64(minute))
      }
      if minute % 60 == 0 { bench.record(intent(UInt64(minute + 1), at: now.milliseconds)) }
      bench.turn(after: .seconds(60))
    }
    #expect(bench.worker.backlog.runs.count + bench.worker.backlog.events.count < 10)
    #expect(bench.worker.backlog.audits.isEmpty && bench.worker.backlog.states.count < 3)
    #expect(bench.shared.state.withLock(\.names).count == 2)
    #expect(bench.health.droppedSamples == 0 && bench.health.notices.isEmpty)
    for _ in 0..<200 { bench.turn(after: .seconds(1)) }
    #expect(try scratch.number("SELECT count(*) FROM raw") <= 2 * 64)
    #expect(try scratch.number("SELECT count(*) FROM minutes") >= 2 * 1300)
    #expect(try scratch.number("SELECT count(*) FROM audit WHERE kind = 'intent'") == 24)
    bench.close()
  }

  @Test func statesHoldUntilTheProcessThatSawThemEnded() async throws {
    let scratch = try Scratch()
    let clock = HandClock()
    func add(_ bench: Bench, _ status: DeviceStatus) {
      let entry = StateEntry(device: plc, at: clock.now.wall, status: status)
      bench.shared.state.withLock { $0.inbox.add(entry) }
    }
    let killed = Bench(scratch, clock: clock)
    killed.turn()
    add(killed, .inSync)
    killed.turn(after: .seconds(60))
    add(killed, .drifted)
    killed.turn(after: .seconds(60))
    // Killed here: last sign of life at +120 s.
    clock.pass(.seconds(600))
    let next = Bench(scratch, clock: clock)
    next.turn()
    add(next, .inSync)
    next.turn(after: .seconds(60))

    let whole = try await history(scratch, from: start - 1000, to: start + 1_000_000).states
    #expect(
      whole == [
        .init(at: WallTime(milliseconds: start - 1000), status: nil),
        .init(at: WallTime(milliseconds: start), status: .inSync),
        .init(at: WallTime(milliseconds: start + 60_000), status: .drifted),
        .init(at: WallTime(milliseconds: start + 120_001), status: nil),
        .init(at: WallTime(milliseconds: start + 720_000), status: .inSync),
      ])
    let middle = try await history(scratch, from: start + 90_000, to: start + 100_000).states
    #expect(middle == [.init(at: WallTime(milliseconds: start + 90_000), status: .drifted)])
    let away = try await history(scratch, from: start + 300_000, to: start + 400_000).states
    #expect(away == [.init(at: WallTime(milliseconds: start + 300_000), status: nil)])
    next.close()
  }

  @Test func marksAreOfTheDeviceItsRegisterAndTheFleetsCommits() async throws {
    let scratch = try Scratch()
    let bench = Bench(scratch)
    func add(_ device: DeviceID?, _ register: String?, _ reason: String) {
      let event = FleetEvent(
        sequence: 0, at: bench.clock.now.wall, severity: .info, device: device, register: register,
        reason: reason,
        message: reason)
      bench.shared.state.withLock { $0.inbox.add(EventEntry(event: event, mark: .init(reason: reason))) }
    }
    add(plc, "r", "DriftDetected")
    add(plc, "other", "DriftDetected")
    add(DeviceID(name: "x"), "r", "DriftDetected")
    add(nil, nil, "RevisionApplied")
    add(plc, nil, "ConnectionLost")
    add(plc, nil, "Shelved")
    add(plc, "r", "DriftCorrected")
    poll(bench, 5) { _ in 1 }
    bench.close()
    let marks = try await history(scratch, from: start, to: start + 60_000, register: "r").marks
    #expect(marks.map(\.kind) == [.drift, .commit, .failure, .correction])
    #expect(marks.last?.text == "DriftCorrected")
  }

  @Test func nothingKnownIsAnEmptyHistory() async throws {
    let scratch = try Scratch()
    let bench = Bench(scratch)
    bench.turn()
    bench.close()
    for (from, to) in [(0, 0), (Int64.min, Int64.max), (100, 0)] as [(Int64, Int64)] {
      let history = try await history(scratch, from: from, to: to)
      #expect(history.samples.isEmpty && history.marks.isEmpty)
      #expect(history.states == [.init(at: WallTime(milliseconds: from), status: nil)])
    }
  }

  // MARK: Runs

  @Test func runsJoinOnlyWhatIsTheSame() {
    var runs = SampleRuns(span: .seconds(10))
    let one = Series(index: 3)
    func sample(_ at: Int64, _ value: Double) -> Sample {
      Sample(series: one, at: WallTime(milliseconds: at), value: value)
    }
    #expect(runs.absorb([sample(0, 1), sample(1000, 1), sample(2000, 1)]).isEmpty)
    #expect(
      runs.absorb([sample(3000, 2)]) == [SampleRun(series: one, first: 0, last: 2000, count: 3, value: 1)])
    // Not a number: not kept, and no reason to end a run.
    #expect(runs.absorb([sample(4000, .nan), sample(4500, .infinity)]).isEmpty)
    // The clock went back.
    #expect(runs.absorb([sample(2500, 2)]).map(\.count) == [1])
    // Too long, another minute.
    #expect(runs.absorb([sample(13_000, 2)]).map(\.last) == [2500])
    #expect(runs.end(startedBy: 12_999, now: 13_000).isEmpty)
    #expect(runs.end(startedBy: 13_000, now: 13_000).map(\.first) == [13_000])
    #expect(runs.absorb([sample(59_000, 2), sample(60_000, 2)]).map(\.minute) == [0])
    #expect(runs.end(startedBy: .max, now: .max).map(\.minute) == [1])
    #expect(runs.end(startedBy: .max, now: .max).isEmpty)
  }

  @Test func divisionRoundsDown() {
    #expect(floorDivide(-1, 60) == -1 && floorDivide(-60, 60) == -1 && floorDivide(-61, 60) == -2)
    #expect(floorDivide(59, 60) == 0 && floorDivide(.min, 60_000) < 0)
  }
}
