import Control
import Fleet
import Terminal

/// The texts of one line of the fleet list.
struct FleetLine {
  let device: DeviceSnapshot
  let isMarked: Bool
  var register = ""
  var unit = ""
  var desired = ""
  var actual = ""
  var delta = ""
  var age: String
  var isLate: Bool
  var word: String
  var role: Role
  var isLive: Bool
  var isDrifted = false

  init(_ device: DeviceSnapshot, _ model: Model) {
    let view = device.view
    self.device = device
    isMarked = model.marked.contains(device.id)
    role = view.role
    word = view.word
    isLive = view.isLive
    (age, isLate) = AgeText.of(view.lastRead, interval: device.spec.pollInterval, model.time)
    guard let register = Headline.register(of: view) else { return }
    let format = ValueFormat(register.spec)
    self.register = register.spec.name
    unit = register.spec.unit
    desired = register.spec.desired.map(format.text) ?? ""
    actual = register.actual.map(format.text) ?? String(Character(model.glyphs.noValue))
    isDrifted = register.inSync == false
    if isLive, let want = register.spec.desired, let is_ = register.actual {
      delta = format.delta(from: want, to: is_) ?? (isDrifted ? "differs" : "")
    }
  }
}

/// Ages that stay still while all is well.
enum AgeText {
  /// `<5s` while readings come as they should: the text changes only when they do not.
  static func of(_ read: WallTime?, interval: TimeSpan, _ time: TimeText) -> (text: String, isLate: Bool) {
    guard let read else { return ("never", true) }
    let age = time.now - read
    if age <= interval + .seconds(2) { return ("<\(TimeText.short(max(interval, .seconds(1))))", false) }
    return (time.age(read), true)
  }
}

/// Which columns fit in a width, the most important first, and where they stand.
struct FleetColumns {
  enum Column: CaseIterable {
    case name, register, desired, actual, unit, delta, state, age, drifts, spark
  }

  private var places: [(column: Column, x: Int, width: Int)] = []
  private var desired = DecimalColumn()
  private var actual = DecimalColumn()
  private var delta = DecimalColumn()
  private let hasState: Bool
  static let sparkWidth = 8

  init(width: Int, lines: [FleetLine]) {
    var unitWidth = 0
    var nameWidth = 8
    var registerWidth = 8
    var wordWidth = 7
    for line in lines {
      desired.include(TextFit.truncate(line.desired, to: 12))
      actual.include(TextFit.truncate(line.actual, to: 12))
      delta.include(line.delta)
      unitWidth = max(unitWidth, min(DisplayWidth.of(line.unit), 6))
      nameWidth = max(nameWidth, min(DisplayWidth.of(line.device.id.name), 40))
      registerWidth = max(registerWidth, min(DisplayWidth.of(line.register), 20))
      wordWidth = max(wordWidth, DisplayWidth.of(line.word))
    }
    let numbers = (max(desired.width, 7), max(actual.width, 6), max(delta.width, 6))
    var widths: [Column: Int] = [.name: min(nameWidth, 14)]
    var room = width - 5 - (widths[.name] ?? 0)
    func add(_ column: Column, _ columns: Int) -> Bool {
      guard columns > 0, room >= columns + 2 else { return false }
      widths[column] = columns
      room -= columns + 2
      return true
    }
    _ = add(.actual, numbers.1)
    let deltaColumns = max(numbers.2, wordWidth)
    hasState = width >= 4 + 14 + numbers.0 + numbers.1 + numbers.2 + wordWidth + 5 + 12
    _ = add(.delta, hasState ? numbers.2 : deltaColumns)
    _ = add(.age, 5)
    _ = add(.desired, numbers.0)
    if hasState { _ = add(.state, wordWidth) }
    _ = add(.drifts, 6)
    _ = add(.unit, unitWidth)
    _ = add(.spark, Self.sparkWidth)
    if width >= 90 { _ = add(.register, registerWidth) }
    // What is left over goes to names first, then to the picture.
    let moreName = min(max(nameWidth - (widths[.name] ?? 0), 0), max(room, 0))
    widths[.name, default: 0] += moreName
    room -= moreName
    var x = 4
    for column in Column.allCases {
      guard let columns = widths[column] else { continue }
      places.append((column, x, columns))
      x += columns + (column == .actual && widths[.unit] != nil ? 1 : 2)
    }
  }

  func drawHeader(_ row: Rect, _ model: Model, into frame: inout Frame) {
    for place in places {
      let (text, align): (String, Alignment) =
        switch place.column {
        case .name: ("DEVICE", .leading)
        case .register: ("REGISTER", .leading)
        case .desired: ("DESIRED", .trailing)
        case .actual: ("ACTUAL", .trailing)
        case .unit: ("", .leading)
        case .delta: ("DELTA", hasState ? .trailing : .leading)
        case .state: ("STATE", .leading)
        case .age: ("AGE", .trailing)
        case .drifts: ("DRIFTS", .trailing)
        case .spark: ("TREND", .leading)
        }
      frame.put(text, at: Point(row.x + place.x, row.y), style: Style(.dim), width: place.width, align: align)
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
      let (text, style, align) = cell(place.column, line)
      if place.column == .spark {
        FleetSpark.draw(line, at: at, width: width, into: &frame)
      } else {
        frame.put(text, at: at, style: style, width: width, align: align)
      }
    }
  }

  private func cell(_ column: Column, _ line: FleetLine) -> (String, Style, Alignment) {
    let isWell = line.role == .good
    let isAcknowledged = line.device.acknowledgedBy != nil
    let value: Role = !line.isLive ? .dim : line.isDrifted ? .drifted : .actual
    switch column {
    case .name:
      let loud = line.device.view.status.isAbnormal && !isAcknowledged
      return (
        line.device.id.name, Style(isWell ? .text : loud ? line.role : .text, on: nil, loud ? .bold : []),
        .leading
      )
    case .register: return (line.register, Style(.dim), .leading)
    case .desired: return (desired.place(TextFit.truncate(line.desired, to: 12)), Style(.desired), .trailing)
    case .actual: return (actual.place(TextFit.truncate(line.actual, to: 12)), Style(value), .trailing)
    case .unit: return (line.unit, Style(line.isLive ? .unit : .dim), .leading)
    case .delta:
      if hasState {
        return (
          line.delta.isEmpty ? "" : delta.place(line.delta), Style(line.isDrifted ? .drifted : .dim),
          .trailing
        )
      }
      if line.isLive, !line.delta.isEmpty, line.role == .drifted || line.role == .good {
        return (delta.place(line.delta), Style(line.isDrifted ? .drifted : .dim), .leading)
      }
      return (line.word, Style(line.role), .leading)
    case .state:
      return (line.word, Style(isWell ? .dim : line.role), .leading)
    case .age: return (line.age, Style(line.isLate ? .age : .dim), .trailing)
    case .drifts:
      let drifts = line.device.view.driftEvents
      return (drifts == 0 ? "" : drifts > 99_999 ? ">99999" : "\(drifts)", Style(.dim), .trailing)
    case .spark: return ("", Style(.sparkline), .leading)
    }
  }
}

/// The last readings in a few cells.
///
/// Readings are put together on a grid that stands still in time, so that the picture moves on by a cell only
/// when a cell's time is over; and heights are measured against the tolerance, so that noise within it is
/// flat.
enum FleetSpark {
  static func draw(_ line: FleetLine, at: Point, width: Int, into frame: inout Frame) {
    let trend = line.device.trend
    guard width > 0, trend.contains(where: { $0.isFinite }) else { return }
    let perCell = max((trend.count + width - 1) / width, 1)
    let interval = max(line.device.spec.pollInterval.milliseconds, 1)
    let newest = (line.device.view.lastRead?.bounded.milliseconds ?? 0) / interval
    var sums = [(Double, Int)](repeating: (0, 0), count: width)
    let lastCell = newest / Int64(perCell)
    for (index, value) in trend.enumerated() where value.isFinite {
      let number = newest - Int64(trend.count - 1 - index)
      let cell = width - 1 - Int(clamping: lastCell - number / Int64(perCell))
      guard sums.indices.contains(cell) else { continue }
      sums[cell].0 += Double(value)
      sums[cell].1 += 1
    }
    let samples: [Double?] = sums.map { $0.1 == 0 ? nil : $0.0 / Double($0.1) }
    let text = Sparkline(samples, range: range(line, samples.compactMap { $0 })).line(
      width: width, glyphs: frame.glyphs)
    let role: Role = line.isLive && line.isDrifted ? .drifted : .dim
    frame.put(text, at: at, style: Style(role), width: width)
  }

  private static func range(_ line: FleetLine, _ values: [Double]) -> ClosedRange<Double>? {
    let spec = line.device.spec.registers.first { $0.type != .string }
    guard let low = values.min(), let high = values.max() else { return nil }
    let middle = spec?.desired?.number ?? (low + high) / 2
    let deviation = max((high - middle).magnitude, (low - middle).magnitude)
    var reach = max((spec?.tolerance ?? 0) * 2, middle.magnitude * 0.02, 1e-6)
    // Whole doublings, so that the scale changes rarely.
    while reach < deviation, reach < 1e300 { reach *= 2 }
    return middle - reach < middle + reach ? middle - reach...middle + reach : nil
  }
}
