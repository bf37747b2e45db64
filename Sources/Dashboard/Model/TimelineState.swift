import Control
import Fleet

/// Which piece of time the timeline and the sparkline show.
struct TimelineState: Hashable, Sendable {
  /// Index into ``spans``.
  private(set) var zoom: Int
  /// As far out as the zoom goes by itself.
  private let widest: Int
  /// Until the operator zooms, the span is the shortest that shows all there is, so that the first minute of readings
  /// does not stand squeezed at the right edge.
  private(set) var followsData = true
  /// The beginning of what is known, as far as ``follow(from:now:)`` was told.
  private var begins: WallTime?
  /// The right end; `nil`: now, moving along.
  var end: WallTime?
  /// The time that is read out.
  var cursor: WallTime?

  static let spans: [(span: TimeSpan, name: String)] = [
    (.seconds(60), "1 min"), (.seconds(120), "2 min"), (.seconds(300), "5 min"), (.seconds(600), "10 min"),
    (.seconds(900), "15 min"), (.seconds(1800), "30 min"), (.seconds(3600), "1 h"),
    (.seconds(6 * 3600), "6 h"), (.seconds(86_400), "24 h"), (.seconds(7 * 86_400), "7 d"),
    (.seconds(30 * 86_400), "30 d"),
  ]

  init(widest span: TimeSpan = .seconds(900)) {
    widest = Self.zoom(atLeast: span)
    zoom = widest
  }

  /// The operator's choice.
  mutating func setZoom(_ next: Int) {
    zoom = min(max(next, 0), Self.spans.count - 1)
    followsData = false
  }

  /// Back to now, as wide as there is something to show.
  mutating func reset() {
    (end, cursor, followsData, zoom) = (nil, nil, true, widest)
    if let begins, let last { follow(from: begins, now: last) }
  }

  private var last: WallTime?

  /// Something is known from `time` on. The span grows with it and never shrinks by itself, except once, from the
  /// span at the start to the first that fits.
  mutating func follow(from time: WallTime, now: WallTime) {
    let earliest = min(begins ?? time, time)
    begins = earliest
    last = now
    guard followsData, end == nil, cursor == nil else { return }
    zoom = min(Self.zoom(atLeast: now - earliest), widest)
  }

  /// As it is typed: `15min`.
  static func word(_ name: String) -> String { name.filter { $0 != " " } }

  /// The narrowest span that covers `span`.
  static func zoom(atLeast span: TimeSpan) -> Int {
    spans.firstIndex { $0.span >= span } ?? spans.count - 1
  }

  var span: TimeSpan { Self.spans[min(max(zoom, 0), Self.spans.count - 1)].span }
  var spanName: String { Self.spans[min(max(zoom, 0), Self.spans.count - 1)].name }

  /// Milliseconds between two moves of a live picture, at least: of the short spans a thirtieth, which the eye hardly
  /// sees. What moves is sent again, cell by cell.
  private var leastPace: Int64 { span <= .seconds(300) ? max(span.milliseconds / 30, 2500) : 2500 }

  /// The grid of columns: its right end stands on a whole step, so that a column keeps its meaning (and the
  /// screen its cells) until a whole step has passed; while it is live and nothing is read out, on several.
  func window(columns: Int, now: WallTime) -> TimeWindow {
    let columns = max(columns, 1)
    let step = max((span.milliseconds + Int64(columns) - 1) / Int64(columns), 1)
    let isMoving = end == nil && cursor == nil
    let hop = isMoving ? min(max((leastPace + step - 1) / step, 1), Int64(columns)) : 1
    let pace = step.multipliedClamped(hop)
    let last = (end ?? now).milliseconds
    let floor = last >= 0 ? last / pace : (last - pace + 1) / pace
    let right =
      WallTime(milliseconds: floor.multipliedClamped(pace)) + TimeSpan.milliseconds(Int(clamping: pace))
    return TimeWindow(right: right, step: step, columns: columns, pace: pace)
  }
}

/// Columns of equal time.
struct TimeWindow: Hashable, Sendable {
  /// The end of the last column.
  var right: WallTime
  /// Milliseconds a column.
  var step: Int64
  var columns: Int
  /// Milliseconds from one move to the next; a whole number of steps.
  var pace: Int64

  init(right: WallTime, step: Int64, columns: Int, pace: Int64? = nil) {
    self.right = right
    self.step = step
    self.columns = columns
    self.pace = pace ?? step
  }

  var left: WallTime { start(of: 0) }

  func start(of column: Int) -> WallTime {
    WallTime(
      milliseconds: right.milliseconds.subtractingClamped(step.multipliedClamped(Int64(columns - column))))
  }

  /// The column of a time; `nil` outside.
  func column(of time: WallTime) -> Int? {
    guard time >= left, time < right else { return nil }
    return min(Int((time.milliseconds - left.milliseconds) / step), columns - 1)
  }
}

extension Int64 {
  func multipliedClamped(_ other: Int64) -> Int64 {
    let (product, overflow) = multipliedReportingOverflow(by: other)
    return overflow ? ((self < 0) == (other < 0) ? .max : .min) : product
  }

  func subtractingClamped(_ other: Int64) -> Int64 {
    let (difference, overflow) = subtractingReportingOverflow(other)
    return overflow ? (other < 0 ? .max : .min) : difference
  }
}

/// The past of the lanes on the screen, as the engine told it. One request is under way at a time.
struct LaneCache: Sendable {
  struct Key: Hashable, Sendable {
    var devices: [DeviceID]
    var zoom: Int
    var end: WallTime?
  }
  struct Past: Sendable {
    var history: DeviceHistory
    var from: WallTime
    var to: WallTime
    var zoom: Int
  }
  private(set) var past: [DeviceID: Past] = [:]
  var inFlight: (token: UInt64, query: HistoryQuery, key: Key)?
  /// The last request that was answered or failed; the same is not asked again.
  var answered: Key?

  mutating func take(_ histories: [DeviceHistory], query: HistoryQuery, zoom: Int) {
    // Lanes long out of sight are forgotten.
    if past.count > 500 { past = [:] }
    for history in histories {
      past[history.device] = Past(history: history, from: query.from, to: query.to, zoom: zoom)
    }
  }

  mutating func reset() {
    past = [:]
    answered = nil
  }
}

/// The samples behind the sparkline: of one register, from the engine's past and from each snapshot since.
struct SeriesCache: Sendable {
  struct Key: Hashable, Sendable {
    var device: DeviceID
    var register: String
    var zoom: Int
    var end: WallTime?
  }
  private(set) var samples: [DeviceHistory.Sample] = []
  private(set) var subject: (device: DeviceID, register: String)?
  var inFlight: (token: UInt64, key: Key)?
  var answered: Key?
  private static let limit = 8000

  mutating func follow(_ device: DeviceSnapshot, _ register: RegisterView) {
    if subject?.device != device.id || subject?.register != register.spec.name {
      subject = (device.id, register.spec.name)
      samples = []
      answered = nil
    }
    guard let at = register.lastRead, let value = register.actual?.number, value.isFinite else { return }
    if let last = samples.last, last.at >= at { return }
    if samples.count >= Self.limit { samples.removeFirst(Self.limit / 4) }
    samples.append(.init(at: at, value: value))
  }

  /// The past replaces what overlaps with it, as it may be finer or coarser.
  mutating func take(_ history: DeviceHistory) {
    guard let last = history.samples.last else { return }
    samples = history.samples + samples.filter { $0.at > last.at }
  }
}

/// Who wanted what, by device, for one source revision.
struct ProvenanceCache: Sendable {
  private var known: [DeviceID: [String: Provenance]] = [:]
  private var revision = ""
  var inFlight: DeviceID?

  mutating func use(revision: String) {
    guard revision != self.revision else { return }
    self.revision = revision
    known = [:]
    // An answer still under way is about the revision before.
    inFlight = nil
  }

  mutating func take(_ device: DeviceID, _ answer: [String: Provenance]) {
    if inFlight == device { inFlight = nil }
    if known.count > 2000 { known = [:] }
    known[device] = answer
  }

  func knows(_ device: DeviceID) -> Bool { known[device] != nil }
  func of(_ device: DeviceID, register: String) -> Provenance? { known[device]?[register] }
}
