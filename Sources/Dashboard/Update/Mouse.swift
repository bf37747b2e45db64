import Terminal

/// Clicks choose, the wheel scrolls.
extension Model {
  mutating func mouse(_ event: MouseEvent) {
    guard overlay == nil, filterField == nil else {
      if event.action == .wheelUp { press(.up) }
      if event.action == .wheelDown { press(.down) }
      return
    }
    let layout = self.layout
    guard let pane = layout.panes.first(where: { $0.value.contains(event.at) })?.key else { return }
    switch event.action {
    case .wheelUp, .wheelDown:
      focus = pane
      for _ in 0..<3 { move(event.action == .wheelUp ? .up : .down) }
    case .press where event.button == .left:
      focus = pane
      guard let inside = inside(pane, layout), inside.contains(event.at) else { return }
      click(pane, row: event.at.y - inside.y, inside)
    default: break
    }
  }

  private mutating func click(_ pane: Pane, row: Int, _ inside: Rect) {
    switch pane {
    case .fleet:
      let target = list.top + row - FleetPane.headerHeight
      if row >= FleetPane.headerHeight, index.rows.indices.contains(target) { select(row: target) }
    case .timeline:
      let lanes = TimelinePane.lanes(self, inside)
      let lane = row / TimelinePane.pitch(inside, self)
      if lanes.indices.contains(lane) { selected = index.devices[lanes[lane]].id }
    case .reality:
      let target = registers.top + row - RealityPane.headerHeight
      if row >= RealityPane.headerHeight, target < (device?.view.registers.count ?? 0) {
        registers.cursor = target
      }
    case .events:
      let window = eventsWindow(layout)
      guard let target = window.event(atRow: row) else { return }
      events.top = window.top
      events.cursor = target == 0 ? nil : window.events[target].sequence
    case .sparkline: break
    }
  }
}
