import Terminal

/// The columns of the register table, as wide as there is room.
struct RealityColumns {
  private var desired = ValueColumn()
  private var actual = ValueColumn()
  private var delta = ValueColumn()
  private var widths = Widths()

  /// With the least that each column needs; 0: the column is not there.
  private struct Widths {
    var name = 8
    var desired = 7
    var actual = 6
    var unit = 0
    var delta = 5
    var word = 0
    var age = 0

    /// With the sign before the name and the gaps.
    var sum: Int { name + desired + actual + delta + 10 }
  }

  /// From here on, that of a screen of 80 columns, the state in words is always there.
  private static let roomy = 76

  init(width: Int, _ lines: [RealityLine]) {
    var (name, unit, word) = (0, 0, 0)
    for line in lines {
      desired.include(line.desired)
      actual.include(line.actual)
      delta.include(line.delta)
      name = max(name, DisplayWidth.of(line.name))
      unit = max(unit, min(DisplayWidth.of(line.unit), 6))
      word = max(word, DisplayWidth.of(line.word))
    }
    var columns = Widths()
    var room = ColumnRoom(width - columns.sum)
    if width >= Self.roomy { columns.word = room.place(word, gap: 2) }
    room.widen(&columns.delta, to: min(max(delta.numbers, delta.texts), 12))
    room.widen(&columns.actual, to: min(actual.numbers, 24))
    room.widen(&columns.desired, to: min(desired.numbers, 24))
    room.widen(&columns.name, to: min(name, 16))
    room.widen(&columns.delta, to: min(delta.numbers, 24))
    columns.unit = room.place(unit, gap: 1)
    room.widen(&columns.actual, to: min(actual.texts, 12))
    room.widen(&columns.desired, to: min(desired.texts, 12))
    if width < Self.roomy { columns.word = room.place(word, gap: 2) }
    room.widen(&columns.name, to: min(name, 32))
    room.widen(&columns.actual, to: min(actual.texts, 14))
    room.widen(&columns.desired, to: min(desired.texts, 14))
    columns.age = room.place(5, gap: 2)
    room.widen(&columns.actual, to: min(actual.texts, 24))
    room.widen(&columns.desired, to: min(desired.texts, 24))
    widths = columns
  }

  private func places() -> (desired: Int, actual: Int, unit: Int, delta: Int, word: Int, age: Int) {
    let d = 4 + widths.name + 1
    let a = d + widths.desired + 2
    let u = a + widths.actual + 1
    let e = u + (widths.unit > 0 ? widths.unit + 1 : 0) + 1
    let w = e + widths.delta + 2
    return (d, a, u, e, w, w + (widths.word > 0 ? widths.word + 2 : 0))
  }

  func drawHeader(_ row: Rect, into frame: inout Frame) {
    let x = places()
    let style = Style(.dim)
    func put(_ text: String, _ at: Int, _ width: Int, _ align: Alignment = .trailing) {
      frame.put(text, at: Point(row.x + at, row.y), style: style, width: width, align: align)
    }
    put("REGISTER", 4, widths.name, .leading)
    put("GIT", x.desired, widths.desired)
    put("PLC", x.actual, widths.actual)
    put("DELTA", x.delta, widths.delta)
    if widths.word > 0 { put("STATE", x.word, widths.word, .leading) }
    if widths.age > 0 { put("READ", x.age, widths.age) }
  }

  func draw(_ line: RealityLine, _ row: Rect, into frame: inout Frame) {
    let x = places()
    let glyphs = frame.glyphs
    let isWell = line.role == .good || line.role == .info
    let off = line.role == .drifted || line.role == .contested || line.role == .correcting
    frame.put(
      line.role == .info ? glyphs.bullet : glyphs.state(line.role), at: Point(row.x + 2, row.y),
      style: Style(isWell ? .dim : line.role))
    func put(_ text: String, _ at: Int, _ width: Int, _ style: Style, _ align: Alignment = .leading) {
      frame.put(text, at: Point(row.x + at, row.y), style: style, width: width, align: align)
    }
    put(line.name, 4, widths.name, Style(.text, on: nil, off ? .bold : []))
    put(
      desired.fitted(line.desired, to: widths.desired, glyphs), x.desired, widths.desired, Style(.desired),
      .trailing)
    let value: Role = !line.isLive ? .dim : off ? .drifted : .actual
    put(
      actual.fitted(line.actual, to: widths.actual, glyphs), x.actual, widths.actual,
      Style(value, on: nil, off ? .bold : []), .trailing)
    if widths.unit > 0 { put(line.unit, x.unit, widths.unit, Style(line.isLive ? .unit : .dim)) }
    if line.isLive {
      put(
        delta.fitted(line.delta, to: widths.delta, glyphs), x.delta, widths.delta,
        Style(off ? .drifted : .dim), .trailing)
    } else if widths.word == 0 {
      put(line.word, x.delta, max(row.width - x.delta, 0), Style(line.role))
    }
    if widths.word > 0 { put(line.word, x.word, widths.word, Style(isWell ? .dim : line.role)) }
    if widths.age > 0 {
      put(line.age.text, x.age, widths.age, Style(line.age.isLate ? .age : .dim), .trailing)
    }
  }
}
