import Control
import Fleet
import Terminal

/// Who controls what, from which revision, and how many are well.
enum HeaderPane {
  static func draw(_ model: Model, _ layout: Layout, into frame: inout Frame) {
    frame.fill(layout.header, style: Style(.header))
    if layout.header.height > 1 {
      drawIdentity(model, layout.header.row(0), into: &frame)
      drawTotals(model, layout.header.row(1), into: &frame)
    } else {
      drawTotals(model, layout.header.row(0), saysMode: true, into: &frame)
    }
    for (index, banner) in model.banners.prefix(layout.banner.height).enumerated() {
      let row = layout.banner.row(index)
      let hidden = model.banners.count - layout.banner.height
      let more = index == layout.banner.height - 1 && hidden > 0 ? "  (\(hidden) more: !)" : ""
      frame.fill(row, style: Style(banner.role))
      frame.put(
        " \(frame.glyphs.state(banner.role).text) \(banner.text)\(more)", at: row.origin,
        style: Style(banner.role, on: nil, .bold),
        width: row.width)
    }
  }

  private static func drawIdentity(_ model: Model, _ row: Rect, into frame: inout Frame) {
    let base = Style(.header)
    let strong = Style(.headerStrong)
    var spans = [Span(" FabGitOps ", strong)]
    spans += modeSpans(model, frame.glyphs)
    let clock = model.time.clock(model.now)
    if let source = model.shown?.source {
      spans.append(Span("  \(source.origin)", base))
      if !source.revision.isEmpty { spans.append(Span("  \(shortened(source.revision))", strong)) }
      if !source.author.isEmpty {
        let age = source.time.map { ", \(model.time.age($0)) ago" } ?? ""
        spans.append(Span("  \(source.author)\(age)", base))
      }
      if !source.subject.isEmpty { spans.append(Span("  \(source.subject)", base)) }
    }
    frame.put(spans, at: row.origin, width: max(row.width - clock.count - 3, 0), fill: base)
    frame.put("  \(clock) ", at: Point(row.maxX - clock.count - 3, row.y), style: strong)
  }

  private static func modeSpans(_ model: Model, _ glyphs: GlyphSet) -> [Span] {
    guard let snapshot = model.shown else { return [Span("connecting", Style(.pending, on: .header))] }
    switch snapshot.mode {
    case .control: return [Span("control", Style(.header))]
    case .observe:
      return [Span("\(glyphs.state(.observing).text) OBSERVE", Style(.observing, on: .header, .bold))]
    case .attached:
      return [Span("\(glyphs.state(.observing).text) ATTACHED", Style(.observing, on: .header, .bold))]
    }
  }

  /// `main@sha1:0123456789…` with seven digits.
  static func shortened(_ revision: String) -> String {
    guard let colon = revision.lastIndex(of: ":") else { return revision }
    let hash = revision[revision.index(after: colon)...]
    guard hash.count > 8, hash.allSatisfy(\.isHexDigit) else { return revision }
    let name = revision[..<colon]
    let branch = name.lastIndex(of: "@").map { name[..<$0] } ?? name
    return "\(branch)@\(hash.prefix(RevisionText.digits))"
  }

  /// How many are in each state, worst first, in sync last; states with none left out.
  static func counts(_ snapshot: FleetSnapshot) -> [(status: DeviceStatus, count: Int)] {
    DeviceStatus.allCases.sorted { $0.rank > $1.rank }.map { ($0, snapshot.totals[$0]) }.filter { $0.1 > 0 }
  }

  /// - Parameter saysMode: nothing else does; control, which is usual, is left unsaid.
  private static func drawTotals(_ model: Model, _ row: Rect, saysMode: Bool = false, into frame: inout Frame)
  {
    let base = Style(.header)
    if saysMode, let mode = model.shown?.mode, mode != .control {
      let spans = [Span(" ", base)] + modeSpans(model, frame.glyphs) + [Span(" ", base)]
      let (left, right) = row.cutLeft(width(spans))
      frame.put(spans, at: left.origin, width: left.width, fill: base)
      return drawTotals(model, right, into: &frame)
    }
    guard let snapshot = model.shown else {
      frame.put(" waiting for the engine", at: row.origin, style: base)
      return
    }
    if snapshot.totals.devices == 0 { return _ = frame.put(" no devices", at: row.origin, style: base) }
    let counts = counts(snapshot)
    var spans = totals(counts, gap: "   ", frame.glyphs) { _ in true }
    if width(spans) > row.width { spans = totals(counts, gap: "  ", frame.glyphs) { _ in true } }
    if width(spans) > row.width { spans = totals(counts, gap: "  ", frame.glyphs) { $0.isAbnormal } }
    if width(spans) > row.width { spans = totals(counts, gap: "  ", frame.glyphs) { _ in false } }
    let left = width(spans)
    frame.put(spans, at: row.origin, width: row.width, fill: base)
    // The longest that fits beside the totals, which come first.
    for right in health(snapshot) where left + DisplayWidth.of(right) + 4 <= row.width {
      frame.put(right, at: Point(row.maxX - DisplayWidth.of(right) - 1, row.y), style: base)
      return
    }
  }

  private static func width(_ spans: [Span]) -> Int { spans.reduce(0) { $0 + DisplayWidth.of($1.text) } }

  private static func totals(
    _ counts: [(status: DeviceStatus, count: Int)], gap: String, _ glyphs: GlyphSet,
    hasWord: (DeviceStatus) -> Bool
  ) -> [Span] {
    var spans = [Span(" ", Style(.header))]
    for (index, (status, count)) in counts.enumerated() {
      let style = Style(
        status == .inSync ? .header : status.role, on: .header, status.isAbnormal ? .bold : [])
      let word = hasWord(status) ? " \(status.word)" : ""
      if index > 0 { spans.append(Span(gap, Style(.header))) }
      spans.append(Span("\(glyphs.state(status.role).text) \(ValueFormat.grouped(count))\(word)", style))
    }
    return spans
  }

  /// Rounded, so that the line stays still while the engine is.
  private static func health(_ snapshot: FleetSnapshot) -> [String] {
    let health = snapshot.health
    let devices = "\(ValueFormat.grouped(snapshot.totals.devices)) PLCs"
    let rate = health.pollsPerSecond
    // No operator tells how it polls: nothing is better than zeros.
    if snapshot.mode == .attached, rate == 0, health.connections == 0 { return [devices] }
    let polls = "\(ValueFormat.fixed(rate, rate >= 10 ? 0 : 1)) polls/s"
    let lag = health.pollLag.milliseconds
    let lagText = "lag \(lag < 10 ? "<10 ms" : lag < 100 ? "<100 ms" : health.pollLag.brief)"
    return [
      "\(devices)  \(health.connections) connected  \(polls)  \(lagText)", "\(devices)  \(polls)  \(lagText)",
      "\(devices)  \(lagText)", devices,
    ]
  }
}
