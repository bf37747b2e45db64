import Control
import Fleet
import Terminal

/// The last readings in a few cells.
///
/// Readings are put together on a grid that stands still in time, so that the picture moves on by a cell only
/// when a cell's time is over. Where Git desires a value the scale stands still: twice the tolerance a level, the
/// target on the third of four, so that noise is a flat line and a drift a step.
enum FleetSpark {
  static func draw(_ line: FleetLine, at: Point, width: Int, into frame: inout Frame) {
    guard width > 0, line.device.trend.contains(where: { $0.isFinite }) else { return }
    let perCell = frame.glyphs.sparkMark == .braille ? 2 : 1
    let samples = slots(line.device, width * perCell, perCell: perCell)
    let spec = line.device.spec.registers.first { $0.type != .string }
    let known = samples.compactMap { $0 }
    guard let low = known.min(), let high = known.max() else { return }
    let range = range(low...high, spec)
    func isOff(_ cell: Int) -> Bool {
      guard let desired = spec?.desired?.number, line.isLive, line.device.view.status != .shelved else {
        return false
      }
      return samples[cell * perCell..<(cell + 1) * perCell].contains { sample in
        sample.map { ($0 - desired).magnitude > (spec?.tolerance ?? 0) * 1.000_001 } ?? false
      }
    }
    let marks = marks(samples, range, width, glyphs: frame.glyphs)
    for (cell, mark) in marks.enumerated() where mark != " " {
      frame.put(mark, at: Point(at.x + cell, at.y), style: Style(isOff(cell) ? .drifted : .dim))
    }
  }

  /// Means of the readings in each slot of the grid; the newest is held to the end of its cell.
  private static func slots(_ device: DeviceSnapshot, _ count: Int, perCell: Int) -> [Double?] {
    let trend = device.trend
    // As many as it will be, so that the picture grows from the right and is not squeezed as it does.
    let perSlot = Int64(max((DeviceSnapshot.trendCapacity + count - 1) / count, 1))
    let interval = max(device.spec.pollInterval.milliseconds, 1)
    let newest = (device.view.lastRead?.bounded.milliseconds ?? 0) / interval
    // On to the end of the cell, so that a picture of two slots a cell moves by whole cells.
    let last = (newest / perSlot / Int64(perCell) + 1) * Int64(perCell) - 1
    var sums = [(Double, Int)](repeating: (0, 0), count: count)
    for (index, value) in trend.enumerated() where value.isFinite {
      let number = newest - Int64(trend.count - 1 - index)
      let slot = count - 1 - Int(clamping: last - number / perSlot)
      guard sums.indices.contains(slot) else { continue }
      sums[slot].0 += Double(value)
      sums[slot].1 += 1
    }
    var values = sums.map { $0.1 == 0 ? nil : $0.0 / Double($0.1) }
    if let newest = values.indices.last(where: { values[$0] != nil }), newest >= count - perCell {
      for slot in values.indices[(newest + 1)...] { values[slot] = values[newest] }
    }
    return values
  }

  private static func marks(
    _ samples: [Double?], _ range: ClosedRange<Double>?, _ width: Int, glyphs: GlyphSet
  ) -> [Unicode.Scalar] {
    guard glyphs.sparkMark == .braille else {
      return Array(Sparkline(samples, range: range).line(width: width, glyphs: glyphs).unicodeScalars)
    }
    let levels = Sparkline(samples, range: range).levels(4)
    var canvas = BrailleCanvas(columns: width, rows: 1)
    for (x, level) in levels.enumerated() { if let level { canvas.set(x: x, y: 3 - level) } }
    return (0..<width).map { canvas.glyph(column: $0, row: 0) ?? " " }
  }

  private static func range(_ values: ClosedRange<Double>, _ spec: RegisterSpec?) -> ClosedRange<Double>? {
    let (low, high) = (values.lowerBound, values.upperBound)
    if let desired = spec?.desired?.number, desired.isFinite {
      let step = max((spec?.tolerance ?? 0) * 2, desired.magnitude * 0.02, 1e-6)
      return step.isFinite && desired - 2 * step < desired + step ? desired - 2 * step...desired + step : nil
    }
    let middle = (low + high) / 2
    let deviation = max((high - middle).magnitude, (low - middle).magnitude)
    var reach = max(middle.magnitude * 0.02, 1e-6)
    // Whole doublings, so that the scale changes rarely.
    while reach < deviation, reach < 1e300 { reach *= 2 }
    return middle - reach < middle + reach ? middle - reach...middle + reach : nil
  }
}
