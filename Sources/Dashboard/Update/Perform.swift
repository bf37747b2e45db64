import Control
import Fleet
import Terminal

/// What each action does.
extension Model {
  mutating func perform(_ action: KeyAction) {
    switch action {
    case .hold: hold()
    case .saveScreen: emit(.saveScreen)
    case .redraw: emit(.redraw)
    case .suspendProcess: emit(.suspendProcess)
    case .quit: emit(.quit)
    default:
      if overlay != nil {
        performInOverlay(action)
      } else if filterField != nil {
        performInFilter(action)
      } else {
        performInPanes(action)
      }
    }
  }

  private mutating func performInPanes(_ action: KeyAction) {
    switch action {
    case .down, .up, .pageDown, .pageUp, .top, .bottom: move(action)
    case .nextPane: focus = focus.moved(by: 1)
    case .previousPane: focus = focus.moved(by: -1)
    case .pane1: focus = .fleet
    case .pane2: focus = .reality
    case .pane3: focus = .timeline
    case .pane4: focus = .sparkline
    case .pane5: focus = .events
    case .zoom: zoom()
    case .back: back()
    case .sync: openSync(targets, title: nil)
    case .syncShown: openSync(index.order.map { index.devices[Int($0)].id }.sorted(), title: "all shown")
    case .acknowledge: overlay = .reason(ReasonForm(purpose: .acknowledge(targets)))
    case .shelve: openShelve()
    case .suspend: openSuspend()
    case .adopt: openAdopt()
    case .refresh: submit(.refresh(targets), saying: "reading now")
    case .copy: copyLine()
    case .toggleMark: toggleMark()
    case .filter: openFilter()
    case .cycleSort: setSort(index.sort.next)
    case .cycleGrouping: cycleGrouping()
    case .diff: overlay = .reader(diffReader())
    case .problems:
      // Whole: what the top of the screen cuts off is read here.
      let lines = problems.flatMap { line -> [String] in
        let indent = line.prefix { $0 == " " }
        let width = max(20, size.width - 8 - indent.count)
        return TextFit.wrap(String(line.dropFirst(indent.count)), to: width).map { indent + $0 }
      }
      overlay = .reader(Reader(title: "Problems", lines: lines.map { .plain($0) }))
    case .palette: overlay = .palette(Palette())
    case .help: overlay = .help(HelpView(contexts: contexts))
    case .themes: overlay = .themes(ThemePicker(before: themeName))
    case .freeze: toggleFreeze()
    case .zoomIn: timeline.setZoom(timeline.zoom - 1)
    case .zoomOut: timeline.setZoom(timeline.zoom + 1)
    case .timelineBack: moveTimeCursor(-1)
    case .timelineForth: moveTimeCursor(1)
    case .timelinePageBack: scrollTime(-1)
    case .timelinePageForth: scrollTime(1)
    case .timelineReset: timeline.reset()
    default: break
    }
  }

  private mutating func performInFilter(_ action: KeyAction) {
    switch action {
    case .press: filterField = nil
    case .cancel:
      if let entry = filterField { setFilter(entry.before, entry.target) }
      filterField = nil
    case .down, .up: move(action)
    default: break
    }
  }

  mutating func setSort(_ order: SortOrder) {
    index.setSort(order)
    say("sorted \(order.title)", .info)
  }

  private mutating func cycleGrouping() {
    let words = groupings
    let index = words.firstIndex(of: index.grouping.word) ?? -1
    let next = Grouping(word: words[(index + 1) % words.count])
    self.index.setGrouping(next)
    say(next == .none ? "not grouped" : "grouped by \(next.title)", .info)
  }

  private mutating func openFilter() {
    let target: FilterEntry.Target = focus == .events ? .events : .fleet
    let before = target == .events ? events.filter : index.filter.text
    filterField = FilterEntry(target: target, field: TextField(before), before: before)
  }

  /// A group is folded, a pane is zoomed; zoomed again is the whole screen again.
  private mutating func zoom() {
    if focus == .fleet, index.rows.indices.contains(list.cursor),
      case .group(let group) = index.rows[list.cursor]
    {
      index.toggle(group: group)
      return
    }
    isZoomed.toggle()
  }

  /// One step back at a time: the latest thing that was narrowed is widened.
  private mutating func back() {
    if isZoomed {
      isZoomed = false
    } else if timeline.cursor != nil || timeline.end != nil {
      timeline.cursor = nil
      timeline.end = nil
    } else if events.cursor != nil {
      events.cursor = nil
    } else if !marked.isEmpty {
      setMarked([])
    } else if focus == .events, !events.filter.isEmpty {
      setFilter("", .events)
    } else if !index.filter.isEmpty {
      setFilter("", .fleet)
    } else {
      focus = .fleet
    }
  }

  mutating func setMarked(_ next: Set<DeviceID>) {
    marked = next
    index.setMarked(next)
  }

  /// On a group: all of its devices, or none of them.
  private mutating func toggleMark() {
    guard index.rows.indices.contains(list.cursor) else { return }
    var next = marked
    switch index.rows[list.cursor] {
    case .device(let device):
      next.formSymmetricDifference([index.devices[device].id])
      setMarked(next)
      select(row: min((selected.flatMap(index.row) ?? list.cursor) + 1, index.rows.count - 1))
    case .group(let group):
      let name = index.groups[group].name
      let members = index.order.map { index.devices[Int($0)] }.filter { index.grouping.name(of: $0) == name }
        .map(\.id)
      if members.allSatisfy(next.contains) { next.subtract(members) } else { next.formUnion(members) }
      setMarked(next)
    }
  }

  private mutating func toggleFreeze() {
    if frozen == nil {
      frozen = latest
    } else {
      frozen = nil
      if let latest { index.show(latest) }
    }
  }

  mutating func submit(_ command: FleetCommand, saying text: String) {
    emit(.submit(token: token(), command))
    say(text, .info)
  }

  /// Holding is immediate; releasing lets writes happen again, so it is confirmed.
  private mutating func hold() {
    guard let latest else { return }
    if latest.gates.hold == nil {
      submit(.hold(reason: "", by: settings.operatorName), saying: "holding all writes")
      // Held first, asked why afterwards; what the operator is in the middle of is not disturbed.
      if overlay == nil, filterField == nil { overlay = .reason(ReasonForm(purpose: .hold)) }
    } else if case .confirm(let dialog) = overlay, dialog.purpose == .release {
      return
    } else {
      filterField = nil
      overlay = .confirm(releaseDialog())
    }
  }
}
