import Control
import Fleet
import Terminal

/// Which columns fit in a width, the most important first, and where they stand.
struct FleetColumns {
  private enum Slot: Hashable {
    case column(FleetColumn)
    case unit
  }
  private struct Place {
    var slot: Slot
    var x: Int
    var width: Int
  }

  private var places: [Place] = []
  private var desired = ValueColumn()
  private var actual = ValueColumn()
  private var delta = ValueColumn()
  /// Without a column for the state, its word stands where a delta would.
  private var hasState = false
  /// What each column would like, and what the columns of values need for their numbers.
  private var natural: [Slot: Int] = [:]
  private static let nameMinimum = 14
  /// A narrow list has shorter names rather than no desired values.
  private static let nameLeast = 10
  /// Wider names of registers come after the trend and the count of drifts.
  private static let registerWidth = 16
  static let sparkWidth = 8

  /// - Parameter wanted: the operator's own choice, in its order; `nil` chooses by width.
  init(width: Int, lines: [FleetLine], wanted: [FleetColumn]? = nil) {
    measure(lines)
    if let wanted {
      layOut(chosen(wanted, width), width)
    } else {
      layOut(automatic(width), width)
    }
  }

  private mutating func measure(_ lines: [FleetLine]) {
    func widest(_ atLeast: Int, _ atMost: Int, _ text: (FleetLine) -> String) -> Int {
      lines.reduce(atLeast) { max($0, min(DisplayWidth.of(text($1)), atMost)) }
    }
    for line in lines {
      desired.include(line.desired)
      actual.include(line.actual)
      delta.include(line.delta)
    }
    natural = [
      .column(.name): widest(8, 40) { $0.device.id.name }, .column(.register): widest(8, 20) { $0.register },
      .column(.desired): Self.width(desired, 7), .column(.actual): Self.width(actual, 6),
      .unit: widest(0, 6) { $0.unit }, .column(.delta): max(Self.width(delta, 6), delta.texts),
      .column(.state): widest(7, 20) { $0.word }, .column(.since): 5, .column(.age): 4, .column(.drifts): 6,
      .column(.corrections): 6, .column(.trend): Self.sparkWidth,
      .column(.address): widest(7, 21) { $0.address }, .column(.phase): widest(5, 13) { $0.phase },
      .column(.tags): widest(4, 24) { $0.tags },
    ]
  }

  /// For the numbers of a column; texts are longer where there is room.
  private static func width(_ column: ValueColumn, _ atLeast: Int) -> Int {
    max(min(column.numbers, 14), atLeast)
  }

  /// The columns that fit, most important first.
  private mutating func automatic(_ width: Int) -> [Slot: Int] {
    let name = natural[.column(.name)] ?? 0
    func cost(_ slots: [Slot]) -> Int { slots.reduce(0) { $0 + (natural[$1] ?? 0) + 2 } }
    let roomy: [Slot] = [
      .column(.actual), .column(.delta), .column(.age), .column(.desired), .column(.state), .unit,
    ]
    hasState = width - 5 - min(name, Self.nameMinimum) >= cost(roomy)
    var taken: [Slot: Int] = [:]
    var room = ColumnRoom(width - 5)
    if hasState {
      taken[.column(.name)] = min(name, Self.nameMinimum)
      room.take(min(name, Self.nameMinimum))
      for slot in roomy { taken[slot] = room.place(natural[slot] ?? 0, gap: 2) }
    } else {
      taken = narrow(&room)
    }
    taken[.column(.since)] = room.place(natural[.column(.since)] ?? 0, gap: 2)
    for column in [FleetColumn.actual, .desired] {
      let texts = column == .actual ? actual.texts : desired.texts
      room.widen(&taken[.column(column), default: 0], to: min(texts, 12))
    }
    for column in [FleetColumn.drifts, .trend] {
      taken[.column(column)] = room.place(natural[.column(column)] ?? 0, gap: 2)
    }
    if width >= 90 {
      // A few letters of it would be worth less to the reader than the same room for the device's name.
      let register = natural[.column(.register)] ?? 0
      let shown = min(register, Self.registerWidth, room.left - 2)
      if shown >= min(register, 12) { taken[.column(.register)] = room.place(shown, gap: 2) }
    }
    return taken.filter { $0.value > 0 }
  }

  /// Without a column for the state: what Git says, what is and the difference are there before all else, in the
  /// least that they need.
  private func narrow(_ room: inout ColumnRoom) -> [Slot: Int] {
    func wanted(_ column: FleetColumn) -> Int { natural[.column(column)] ?? 0 }
    var name = min(wanted(.name), Self.nameLeast)
    var (actual, delta, desired) = (6, 6, 7)
    room.take(name + actual + delta + desired + 6)
    room.widen(&actual, to: wanted(.actual))
    room.widen(&desired, to: wanted(.desired))
    room.widen(&delta, to: wanted(.delta))
    let age = room.place(wanted(.age), gap: 2)
    room.widen(&delta, to: wanted(.state))
    room.widen(&name, to: min(wanted(.name), Self.nameMinimum))
    return [
      .column(.name): name, .column(.actual): actual, .column(.desired): desired, .column(.delta): delta,
      .column(.age): age, .unit: room.place(natural[.unit] ?? 0, gap: 2),
    ]
  }

  /// The operator's columns, the last ones left out where there is no room.
  private mutating func chosen(_ wanted: [FleetColumn], _ width: Int) -> [Slot: Int] {
    hasState = wanted.contains(.state)
    for (column, texts) in [(FleetColumn.desired, desired.texts), (.actual, actual.texts)] {
      natural[.column(column)] = max(natural[.column(column)] ?? 0, min(texts, 12))
    }
    if !hasState {
      natural[.column(.delta)] = max(natural[.column(.delta)] ?? 0, natural[.column(.state)] ?? 0)
    }
    order = wanted.contains(.name) ? wanted : [.name] + wanted
    var taken: [Slot: Int] = [.column(.name): min(natural[.column(.name)] ?? 0, Self.nameMinimum)]
    var room = width - 5 - (taken[.column(.name)] ?? 0)
    for column in order where column != .name {
      let columns = natural[.column(column)] ?? 0
      guard room >= columns + 2 else { break }
      taken[.column(column)] = columns
      room -= columns + 2
      if column == .actual, let unit = natural[.unit], unit > 0, room >= unit + 1 {
        taken[.unit] = unit
        room -= unit + 1
      }
    }
    return taken
  }

  private var order: [FleetColumn] = [
    .name, .register, .desired, .actual, .delta, .state, .since, .age, .drifts, .trend,
  ]

  private mutating func layOut(_ taken: [Slot: Int], _ width: Int) {
    var taken = taken
    var room = ColumnRoom(width - taken.values.reduce(0) { $0 + $1 + 2 } - 3)
    // What is left over goes to the names, of devices first.
    for column in [FleetColumn.name, .register] {
      guard var columns = taken[.column(column)] else { continue }
      room.widen(&columns, to: natural[.column(column)] ?? 0)
      taken[.column(column)] = columns
    }
    var x = 4
    for column in order {
      guard let columns = taken[.column(column)] else { continue }
      places.append(Place(slot: .column(column), x: x, width: columns))
      x += columns + 2
      if column == .actual, let unit = taken[.unit] {
        places.append(Place(slot: .unit, x: x - 1, width: unit))
        x += unit + 1
      }
    }
  }

  func drawHeader(_ row: Rect, _ model: Model, into frame: inout Frame) {
    for place in places {
      guard case .column(let column) = place.slot else { continue }
      let align: Alignment =
        switch column {
        case .desired, .actual, .since, .age, .drifts, .corrections: .trailing
        case .delta: hasState ? .trailing : .leading
        case .name, .register, .state, .trend, .address, .phase, .tags: .leading
        }
      frame.put(
        column.title, at: Point(row.x + place.x, row.y), style: Style(.dim), width: place.width, align: align)
    }
  }

  func draw(_ line: FleetLine, _ row: Rect, into frame: inout Frame) {
    let isWell = line.role == .good
    if line.isMarked { frame.put(frame.glyphs.marked, at: Point(row.x + 1, row.y), style: Style(.marked)) }
    frame.put(
      frame.glyphs.state(line.role), at: Point(row.x + 2, row.y), style: Style(isWell ? .dim : line.role))
    for place in places {
      let at = Point(row.x + place.x, row.y)
      let width = min(place.width, max(row.width - place.x, 0))
      guard case .column(let column) = place.slot else {
        frame.put(line.unit, at: at, style: Style(line.isLive ? .unit : .dim), width: width)
        continue
      }
      if column == .trend {
        FleetSpark.draw(line, at: at, width: width, into: &frame)
      } else {
        let (text, style, align) = cell(column, line, place.width, frame.glyphs)
        frame.put(text, at: at, style: style, width: width, align: align)
      }
    }
  }

  private func cell(_ column: FleetColumn, _ line: FleetLine, _ width: Int, _ glyphs: GlyphSet) -> (
    String, Style, Alignment
  ) {
    let isWell = line.role == .good
    switch column {
    case .name:
      let loud = line.device.view.status.isAbnormal && line.device.acknowledgedBy == nil
      let style = Style(isWell || !loud ? .text : line.role, on: nil, loud ? .bold : [])
      return (line.device.id.name, style, .leading)
    case .register: return (line.register, Style(.dim), .leading)
    case .desired: return (desired.fitted(line.desired, to: width, glyphs), Style(.desired), .trailing)
    case .actual:
      let role: Role = !line.isLive ? .dim : line.isDrifted ? .drifted : .actual
      return (actual.fitted(line.actual, to: width, glyphs), Style(role), .trailing)
    case .delta: return deltaCell(line, width, glyphs)
    case .state: return (line.word, Style(isWell ? .dim : line.role), .leading)
    case .since: return (line.since, Style(isWell ? .dim : .text), .trailing)
    case .age: return (line.age, Style(line.isLate ? .age : .dim), .trailing)
    case .drifts: return (Self.count(line.device.view.driftEvents), Style(.dim), .trailing)
    case .corrections: return (Self.count(line.device.view.corrections), Style(.dim), .trailing)
    case .address: return (line.address, Style(.dim), .leading)
    case .phase: return (line.phase, Style(.dim), .leading)
    case .tags: return (line.tags, Style(.dim), .leading)
    case .trend: return ("", Style(.sparkline), .leading)
    }
  }

  private func deltaCell(_ line: FleetLine, _ width: Int, _ glyphs: GlyphSet) -> (String, Style, Alignment) {
    let style = Style(line.isDrifted ? .drifted : .dim)
    let difference = line.delta.isEmpty ? "" : delta.fitted(line.delta, to: width, glyphs)
    if hasState { return (difference, style, .trailing) }
    if line.isLive, !difference.isEmpty, line.role == .drifted || line.role == .good {
      return (difference, style, .leading)
    }
    return (line.word, Style(line.role), .leading)
  }

  private static func count(_ number: UInt64) -> String {
    number == 0 ? "" : number > 99_999 ? ">99999" : "\(number)"
  }
}
