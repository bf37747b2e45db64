import CoreMetrics
import Testing

@testable import Observability

@Suite struct MetricRegistryTests {
  private func text(_ registry: MetricRegistry) -> String {
    var exposition = Exposition(.text)
    registry.write(to: &exposition)
    return String(decoding: exposition.finish(), as: UTF8.self)
  }

  private func empty(limit: Int = 100) -> MetricRegistry { MetricRegistry(limit: limit, catalog: []) }

  @Test func sameNameAndLabelsAreOneSeries() {
    let registry = empty()
    Counter(label: "c_total", dimensions: [("b", "2"), ("a", "1")], factory: registry).increment(by: 2)
    Counter(label: "c_total", dimensions: [("a", "1"), ("b", "2")], factory: registry).increment(by: 3)
    FloatingPointCounter(label: "c_total", dimensions: [], factory: registry).increment(by: 0.5)
    #expect(
      text(registry)
        == "# HELP c_total Not in the catalogue.\n# TYPE c_total counter\nc_total 0.5\nc_total{a=\"1\",b=\"2\"} 5\n"
    )
  }

  @Test func countersOnlyGrow() {
    let registry = empty()
    let counter = FloatingPointCounter(label: "c_total", factory: registry)
    for amount in [1, -5, .nan, .infinity, 2] { counter.increment(by: amount) }
    #expect(text(registry).hasSuffix("c_total 3\n"))
  }

  @Test func gaugesGoBothWays() {
    let registry = empty()
    let meter = Meter(label: "m", factory: registry)
    meter.set(5)
    meter.increment(by: 2)
    meter.decrement(by: 10)
    Gauge(label: "g", factory: registry).record(7)
    #expect(text(registry).contains("# TYPE g gauge\ng 7\n"))
    #expect(text(registry).hasSuffix("# TYPE m gauge\nm -3\n"))
  }

  @Test func histogramsCountWhatIsAtMostTheBound() {
    let registry = MetricRegistry(
      catalog: [MetricDescription("h_seconds", .histogram, "h", buckets: [0.1, 1])])
    let timer = CoreMetrics.Timer(label: "h_seconds", factory: registry)
    for nanoseconds: Int64 in [0, 100_000_000, 125_000_000, 1_000_000_000, 2_000_000_000] {
      timer.recordNanoseconds(nanoseconds)
    }
    #expect(
      text(registry) == """
        # HELP h_seconds h
        # TYPE h_seconds histogram
        h_seconds_bucket{le="0.1"} 2
        h_seconds_bucket{le="1.0"} 4
        h_seconds_bucket{le="+Inf"} 5
        h_seconds_sum 3.225
        h_seconds_count 5

        """)
  }

  @Test func aDestroyedInstrumentTakesItsSeriesWithIt() {
    let registry = empty()
    let one = Counter(label: "c_total", dimensions: [("plc_name", "one")], factory: registry)
    let two = Counter(label: "c_total", dimensions: [("plc_name", "two")], factory: registry)
    one.increment()
    two.increment()
    one.destroy()
    #expect(!text(registry).contains("one") && text(registry).contains("two"))
    // Made again it starts afresh.
    Counter(label: "c_total", dimensions: [("plc_name", "one")], factory: registry).increment(by: 0)
    #expect(text(registry).contains("c_total{plc_name=\"one\"} 0\n"))
  }

  @Test func seriesAreBoundedAndTheRestCounted() {
    let registry = empty(limit: 10)
    for number in 0..<50 {
      Counter(label: "c_total", dimensions: [("n", "\(number)")], factory: registry).increment()
    }
    #expect(text(registry).split(separator: "\n").count == 12)
    #expect(registry.refusedSeries == 40)
  }

  @Test func namesOfAnotherKindOrOfTheSnapshotsAreIgnored() {
    let registry = empty()
    Counter(label: "x_total", factory: registry).increment()
    Gauge(label: "x_total", factory: registry).record(5)
    Counter(label: "drift_events_total", dimensions: [("plc_name", "a")], factory: registry).increment()
    #expect(text(registry).hasSuffix("x_total 1\n") && !text(registry).contains("drift"))
  }

  @Test func namesAndLabelsAreMadeValid() {
    let registry = empty()
    let long = String(repeating: "ü", count: 1000)
    Counter(label: "9 bad.name-ü", dimensions: [("a:b c", "q\"\\\n"), ("l", long)], factory: registry)
      .increment()
    let last = text(registry).split(separator: "\n").last.map(String.init) ?? ""
    #expect(last.hasPrefix(#"_9_bad_name___{a_b_c="q\"\\\n",l="üüü"#))
    #expect(last.utf8.count < 330)
  }

  @Test func manyThreadsLoseNothing() async {
    let registry = empty()
    await withTaskGroup(of: Void.self) { group in
      for _ in 0..<8 {
        group.addTask {
          for number in 0..<500 {
            Counter(label: "c_total", dimensions: [("n", "\(number % 5)")], factory: registry).increment()
            CoreMetrics.Timer(label: "t_seconds", factory: registry).recordNanoseconds(1)
          }
        }
      }
    }
    #expect(text(registry).contains("c_total{n=\"0\"} 800\n"))
    #expect(text(registry).contains("t_seconds_count 4000\n"))
  }
}
