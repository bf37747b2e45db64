import Control
import Fleet
import Terminal

/// The selected register over the timeline's piece of time, with target, tolerance band and gaps.
enum SparklinePane {
  private static let labelWidth = 9

  /// Where the curve is: right of the scale, above the axis and the figures.
  static func plot(_ inside: Rect) -> Rect {
    Rect(
      x: inside.x + labelWidth + 1, y: inside.y, width: max(inside.width - labelWidth - 2, 1),
      height: max(inside.height - 2, 1))
  }

  static func draw(_ model: Model, _ rect: Rect, _ layout: Layout, into frame: inout Frame) {
    let name = model.register.map { "\(model.device?.id.name ?? "")  \($0.spec.name)" } ?? ""
    let inside = frame.pane(.sparkline, rect, note: name, model, layout)
    guard inside.height >= 3, inside.width > labelWidth + 8 else { return }
    guard let device = model.device, let register = model.register else {
      frame.put(" No register under the cursor", at: inside.origin, style: Style(.dim), width: inside.width)
      return
    }
    guard register.spec.type != .string else {
      frame.put(" Text has no curve", at: inside.origin, style: Style(.dim), width: inside.width)
      return
    }
    let plot = plot(inside)
    let mark = frame.glyphs.sparkMark
    let slots = Sparkline.capacity(columns: plot.width, mark: mark)
    let window = model.timeline.window(columns: plot.width, now: model.now)
    let fine = TimeWindow(
      right: window.right, step: max(window.step * Int64(plot.width) / Int64(slots), 1), columns: slots)
    let series = Series(model.series.samples, fine, until: model.now, patience: device.spec.pollInterval * 3)
    let target = register.spec.desired?.number
    let range = ScaleRange.of(series.extent, target: target, tolerance: register.spec.tolerance)
    let tolerance = register.spec.tolerance
    let line = Sparkline(series.values, target: target, tolerance: tolerance, range: range)
    let past = (window.column(of: model.now) ?? plot.width - 1) + 1
    drawGaps(series.values, plot, past: past, perColumn: slots / max(plot.width, 1), into: &frame)
    line.draw(into: &frame, plot, mark: mark) { value in
      target.map { (value - $0).magnitude > tolerance } ?? false
    }
    drawScale(range, target, ValueFormat(register.spec), plot, x: inside.x, into: &frame)
    TimeAxis.draw(window, model, Rect(x: plot.x, y: plot.maxY, width: plot.width, height: 1), into: &frame)
    drawCursor(model, window, plot, into: &frame)
    drawFigures(
      model, device, register, series, fine,
      Rect(x: inside.x, y: plot.maxY + 1, width: inside.width, height: 1), into: &frame)
  }

  /// Of the columns that are past.
  private static func drawGaps(
    _ values: [Double?], _ plot: Rect, past: Int, perColumn: Int, into frame: inout Frame
  ) {
    guard let first = values.firstIndex(where: { $0 != nil }) else {
      frame.put(
        "no readings in this time", at: Point(plot.x + 1, plot.y + plot.height / 2), style: Style(.dim))
      return
    }
    for column in 0..<min(past, plot.width) {
      let slots = column * perColumn..<min((column + 1) * perColumn, values.count)
      guard let last = slots.last, last > first, slots.allSatisfy({ values[$0] == nil }) else { continue }
      frame.put(frame.glyphs.bullet, at: Point(plot.x + column, plot.maxY - 1), style: Style(.sparkGap))
    }
  }

  private static func drawScale(
    _ range: ClosedRange<Double>, _ target: Double?, _ format: ValueFormat, _ plot: Rect, x: Int,
    into frame: inout Frame
  ) {
    func put(_ value: Double, _ row: Int, _ role: Role) {
      frame.put(
        format.text(value), at: Point(x, plot.y + row), style: Style(role), width: labelWidth,
        align: .trailing)
    }
    put(range.upperBound, 0, .axis)
    if plot.height > 1 { put(range.lowerBound, plot.height - 1, .axis) }
    guard let target, target.isFinite, plot.height > 2 else { return }
    let row = Sparkline.row(
      of: target, in: range, height: plot.height, mark: frame.glyphs.sparkMark, glyphs: frame.glyphs)
    put(target, row, .desired)
  }

  private static func drawCursor(_ model: Model, _ window: TimeWindow, _ plot: Rect, into frame: inout Frame)
  {
    guard let cursor = model.timeline.cursor, let column = window.column(of: cursor) else { return }
    frame.restyle(Rect(x: plot.x + column, y: plot.y, width: 1, height: plot.height)) { $0.on(.selection) }
    frame.put(frame.glyphs.arrowUp, at: Point(plot.x + column, plot.maxY), style: Style(.cursor))
  }

  private static func drawFigures(
    _ model: Model, _ device: DeviceSnapshot, _ register: RegisterView, _ series: Series, _ fine: TimeWindow,
    _ row: Rect,
    into frame: inout Frame
  ) {
    let format = ValueFormat(register.spec)
    var figures: [(label: String, text: String, role: Role)] = []
    if let cursor = model.timeline.cursor, let slot = fine.column(of: cursor) {
      let text = series.values[slot].map(format.text) ?? "not read"
      figures.append(("at \(model.time.moment(cursor))", text, .title))
    } else if let actual = register.actual {
      let role: Role = !device.view.isLive ? .dim : register.inSync == false ? .drifted : .actual
      let unit = register.spec.unit.isEmpty ? "" : " \(register.spec.unit)"
      figures.append((device.view.isLive ? "now" : "last", format.text(actual) + unit, role))
    }
    if let desired = register.spec.desired {
      let tolerance = ValueFormat.fixed(
        register.spec.tolerance, ValueFormat.places(of: register.spec.tolerance))
      let band = register.spec.tolerance > 0 ? " \(frame.glyphs.plusMinus.text)\(tolerance)" : ""
      figures.append(("target", format.text(desired) + band, .desired))
    }
    if let extent = series.extent {
      figures.append(("min", format.text(extent.lowerBound), .text))
      figures.append(("max", format.text(extent.upperBound), .text))
    }
    var x = row.x + 1
    for figure in figures {
      let label = DisplayWidth.of(figure.label) + 1
      let width = label + DisplayWidth.of(figure.text)
      guard x + width <= row.maxX else { return }
      frame.put(figure.label, at: Point(x, row.y), style: Style(.dim))
      frame.put(figure.text, at: Point(x + label, row.y), style: Style(figure.role))
      x += width + 3
    }
  }
}

/// Samples put into the slots of a window.
struct Series {
  /// One a slot; `nil`: nothing was read for longer than the patience.
  private(set) var values: [Double?]
  /// Least and greatest in the window.
  private(set) var extent: ClosedRange<Double>?

  init(_ samples: [DeviceHistory.Sample], _ window: TimeWindow, until now: WallTime, patience: TimeSpan) {
    values = Array(repeating: nil, count: window.columns)
    var low = Double.infinity
    var high = -Double.infinity
    var next = samples.partitioningIndex { $0.at >= window.left }
    var held: DeviceHistory.Sample? = next > 0 ? samples[next - 1] : nil
    for slot in 0..<window.columns {
      let start = window.start(of: slot)
      let end = start + .milliseconds(Int(clamping: window.step))
      guard start <= now else { break }
      var furthest: Double?
      while next < samples.count, samples[next].at < end {
        let sample = samples[next]
        low = min(low, sample.minimum)
        high = max(high, sample.maximum)
        // A slot shows its last reading; extremes are in the figures.
        furthest = sample.mean
        held = sample
        next += 1
      }
      if let furthest {
        values[slot] = furthest
      } else if let held, start - held.at <= patience {
        values[slot] = held.mean
      }
    }
    if low <= high, low.isFinite, high.isFinite { extent = low...high }
  }
}

extension Array {
  /// The first index whose element satisfies a predicate that, once true, stays true.
  func partitioningIndex(where isAfter: (Element) -> Bool) -> Int {
    var low = 0
    var high = count
    while low < high {
      let middle = (low + high) / 2
      if isAfter(self[middle]) { high = middle } else { low = middle + 1 }
    }
    return low
  }
}

/// A scale that changes rarely: bounds on round numbers around what is shown.
enum ScaleRange {
  static func of(_ extent: ClosedRange<Double>?, target: Double?, tolerance: Double) -> ClosedRange<Double> {
    var low = extent?.lowerBound ?? target ?? 0
    var high = extent?.upperBound ?? target ?? 1
    if let target, target.isFinite {
      low = min(low, target - tolerance)
      high = max(high, target + tolerance)
    }
    guard low.isFinite, high.isFinite, (high - low).isFinite, low.magnitude < 1e300, high.magnitude < 1e300
    else {
      return 0...1
    }
    let span = max(high - low, max(low.magnitude, high.magnitude) * 0.01, 1e-6)
    let step = roundStep(span / 4)
    let bottom = ((low - span * 0.05) / step).rounded(.down) * step
    let top = ((high + span * 0.05) / step).rounded(.up) * step
    return bottom < top && (top - bottom).isFinite ? bottom...top : low - 1...low + 1
  }

  /// 1, 2 or 5 times a power of ten, not less than `number`.
  private static func roundStep(_ number: Double) -> Double {
    var power = 1.0
    while power < number, power < 1e300 { power *= 10 }
    while power / 10 >= number, power > 1e-9 { power /= 10 }
    for factor in [0.2, 0.5] where power * factor >= number { return power * factor }
    return power
  }
}
