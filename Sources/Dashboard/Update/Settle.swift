import Control
import Fleet
import Terminal

/// After each message: cursors back inside their lists, and what is needed to show but not known is asked
/// for.
extension Model {
  mutating func settle() {
    let layout = self.layout
    settleList(layout)
    settleRegisters(layout)
    if isZoomed == false, layout.shape == .stacked, focus != .fleet { tab = focus }
    askForProvenance()
    followData()
    askForSeries(layout)
    askForLanes(layout)
  }

  private mutating func settleList(_ layout: Layout) {
    let height = inside(.fleet, layout).map(FleetPane.rowCount) ?? 10
    if isUntouched { select(row: 0) }
    if let selected, let row = index.row(of: selected) {
      list.cursor = row
    } else if case .device? = index.rows.indices.contains(list.cursor) ? index.rows[list.cursor] : nil {
      selected = index.device(atRow: list.cursor)?.id
    }
    list.settle(count: index.rows.count, height: height)
    if selected == nil || index.row(of: selected ?? DeviceID(name: "")) == nil {
      select(row: list.cursor)
    }
  }

  /// Puts the cursor on a row; on a group, the detail panes stay with nothing.
  mutating func select(row: Int) {
    list.cursor = min(max(row, 0), max(index.rows.count - 1, 0))
    let before = selected
    selected = index.device(atRow: list.cursor)?.id
    if selected != before { registers = ListPosition(cursor: worstRegister) }
  }

  /// Where the cursor of Git vs Reality begins: on what is wrong.
  private var worstRegister: Int {
    device.map { Headline.index(of: $0.view) } ?? 0
  }

  private mutating func settleRegisters(_ layout: Layout) {
    let count = device?.view.registers.count ?? 0
    let height = inside(.reality, layout).map { RealityPane.rowCount($0, registers: count) } ?? 8
    registers.settle(count: count, height: height)
    if let device, let register { series.follow(device, register) }
  }

  private mutating func askForProvenance() {
    // A later question replaces an earlier one that has not been answered.
    guard let device, provenance.inFlight != device.id, !provenance.knows(device.id), latest != nil else {
      return
    }
    provenance.inFlight = device.id
    emit(.loadProvenance(device.id))
  }

  /// The timeline is as wide as what there is to show. First it is asked for as much as may be shown.
  private mutating func followData() {
    guard timeline.followsData, let since = tracks.since else { return }
    let isTold = series.answered != nil || lanes.answered != nil
    guard series.inFlight == nil, lanes.inFlight == nil, isTold || capabilities.refusal(of: .history) != nil
    else { return }
    let past = lanes.past.values.compactMap { $0.history.states.first { $0.status != nil }?.at }
    let earliest = [since, series.samples.first?.at, past.min()].compactMap { $0 }.min() ?? since
    timeline.follow(from: earliest, now: now)
  }

  private mutating func askForSeries(_ layout: Layout) {
    guard series.inFlight == nil, capabilities.refusal(of: .history) == nil, let device, let register,
      register.spec.type != .string
    else { return }
    let key = SeriesCache.Key(
      device: device.id, register: register.spec.name, zoom: timeline.zoom, end: timeline.end)
    guard series.answered != key else { return }
    let columns = max((inside(.sparkline, layout)?.width ?? 40) * 2, 80)
    let window = timeline.window(columns: columns, now: now)
    let token = token()
    series.inFlight = (token, key)
    emit(
      .loadHistory(
        token: token,
        HistoryQuery(
          devices: [device.id], register: register.spec.name, from: window.left, to: window.right,
          maxPoints: columns)))
  }

  private mutating func askForLanes(_ layout: Layout) {
    guard lanes.inFlight == nil, capabilities.refusal(of: .history) == nil,
      let inside = inside(.timeline, layout)
    else { return }
    let devices = TimelinePane.lanes(self, inside).map { index.devices[$0].id }.sorted()
    guard !devices.isEmpty else { return }
    let key = LaneCache.Key(devices: devices, zoom: timeline.zoom, end: timeline.end)
    guard lanes.answered != key else { return }
    let window = timeline.window(columns: TimelinePane.columns(inside, self), now: now)
    // Only what is not there yet; a changed zoom or scroll needs all of them again.
    let sameSpan = lanes.answered?.zoom == key.zoom && lanes.answered?.end == key.end
    let missing = sameSpan ? devices.filter { lanes.past[$0] == nil } : devices
    guard !missing.isEmpty else {
      lanes.answered = key
      return
    }
    let end = timeline.end == nil ? now : window.right
    let query = HistoryQuery(devices: missing, from: window.left, to: end, maxPoints: 1)
    let token = token()
    lanes.inFlight = (token, query, key)
    emit(.loadHistory(token: token, query))
  }
}
