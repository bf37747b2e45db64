import CoreMetrics
import Synchronization

/// The instruments of this process, as a back end of swift-metrics.
///
/// Counters become counters; meters and non-aggregating recorders gauges; timers (in seconds) and aggregating
/// recorders histograms. A destroyed instrument takes its series with it. There is room for a bounded number of
/// series; instruments beyond it do nothing and are counted.
public final class MetricRegistry: Sendable {
  private struct Family {
    var description: MetricDescription
    var series: [Labels: Instrument] = [:]
  }

  private struct State {
    var families: [String: Family] = [:]
    var count = 0
    var refused: UInt64 = 0
  }

  enum Instrument {
    case counter(CounterInstrument)
    case gauge(GaugeInstrument)
    case histogram(HistogramInstrument)
  }

  /// Bounds for histograms that the catalogue does not know.
  static let defaultBuckets = MetricCatalog.latency

  private let limit: Int
  private let reserved: Set<String>
  private let state: Mutex<State>

  /// - Parameter limit: most series of all families together.
  public init(
    limit: Int = 50_000, catalog: [MetricDescription] = MetricCatalog.instruments,
    reserved: [MetricDescription] = MetricCatalog.fromSnapshots
  ) {
    self.limit = limit
    self.reserved = Set(reserved.map(\.name))
    var families: [String: Family] = [:]
    for description in catalog { families[description.name] = Family(description: description) }
    state = Mutex(State(families: families))
  }

  /// Series that found no room.
  public var refusedSeries: UInt64 { state.withLock(\.refused) }

  /// Writes every family, sorted by name, each with its series sorted by labels.
  public func write(to exposition: inout Exposition) {
    let families = state.withLock { Array($0.families.values) }
    for family in families.sorted(by: { $0.description.name < $1.description.name }) {
      exposition.begin(family.description)
      let bounds = HistogramInstrument.rendered(family.description.buckets)
      let series = family.series.sorted { $0.key.rendered.lexicographicallyPrecedes($1.key.rendered) }
      for (labels, instrument) in series {
        switch instrument {
        case .counter(let counter): exposition.sample(labels.rendered, counter.value)
        case .gauge(let gauge): exposition.sample(labels.rendered, gauge.value)
        case .histogram(let histogram):
          exposition.histogram(labels.rendered, histogram.state, bounds: bounds)
        }
      }
    }
  }

  /// The instrument of a name and labels, made when there is none; `nil`: no room, or the name means another kind.
  private func instrument(
    _ label: String, _ dimensions: [(String, String)], _ kind: MetricDescription.Kind, buckets: [Double] = []
  ) -> Instrument? {
    let name = MetricName.clean(label)
    guard !reserved.contains(name) else { return nil }
    let labels = Labels(dimensions)
    return state.withLock { state in
      var family =
        state.families[name]
        ?? Family(description: MetricDescription(name, kind, "Not in the catalogue.", buckets: buckets))
      guard family.description.kind == kind else { return nil }
      if let known = family.series[labels] { return known }
      guard state.count < limit else {
        state.refused &+= 1
        return nil
      }
      let made: Instrument
      switch kind {
      case .counter: made = .counter(CounterInstrument(name, labels))
      case .gauge: made = .gauge(GaugeInstrument(name, labels))
      case .histogram:
        made = .histogram(HistogramInstrument(name, labels, bounds: family.description.buckets))
      }
      family.series[labels] = made
      state.families[name] = family
      state.count += 1
      return made
    }
  }

  private func remove(_ name: String, _ labels: Labels) {
    state.withLock { state in
      guard state.families[name]?.series.removeValue(forKey: labels) != nil else { return }
      state.count -= 1
    }
  }
}

extension MetricRegistry: MetricsFactory {
  public func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
    if case .counter(let counter) = instrument(label, dimensions, .counter) {
      counter
    } else {
      NoInstrument()
    }
  }

  public func makeFloatingPointCounter(
    label: String, dimensions: [(String, String)]
  ) -> any FloatingPointCounterHandler {
    if case .counter(let counter) = instrument(label, dimensions, .counter) {
      counter
    } else {
      NoInstrument()
    }
  }

  public func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
    if case .gauge(let gauge) = instrument(label, dimensions, .gauge) { gauge } else { NoInstrument() }
  }

  public func makeRecorder(label: String, dimensions: [(String, String)], aggregate: Bool)
    -> any RecorderHandler
  {
    if aggregate {
      let made = instrument(label, dimensions, .histogram, buckets: Self.defaultBuckets)
      return if case .histogram(let histogram) = made { histogram } else { NoInstrument() }
    }
    return if case .gauge(let gauge) = instrument(label, dimensions, .gauge) { gauge } else { NoInstrument() }
  }

  public func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
    let made = instrument(label, dimensions, .histogram, buckets: Self.defaultBuckets)
    return if case .histogram(let histogram) = made { histogram } else { NoInstrument() }
  }

  public func destroyCounter(_ handler: any CounterHandler) { destroy(handler) }
  public func destroyFloatingPointCounter(_ handler: any FloatingPointCounterHandler) { destroy(handler) }
  public func destroyMeter(_ handler: any MeterHandler) { destroy(handler) }
  public func destroyRecorder(_ handler: any RecorderHandler) { destroy(handler) }
  public func destroyTimer(_ handler: any TimerHandler) { destroy(handler) }

  private func destroy(_ handler: AnyObject) {
    switch handler {
    case let counter as CounterInstrument: remove(counter.name, counter.labels)
    case let gauge as GaugeInstrument: remove(gauge.name, gauge.labels)
    case let histogram as HistogramInstrument: remove(histogram.name, histogram.labels)
    default: break
    }
  }
}
