import Terminal

/// Where everything stands on a screen of a given size.
struct Layout: Hashable, Sendable {
  enum Shape: Hashable, Sendable {
    /// Below 60×16: one line says so.
    case tooSmall
    /// One pane, no boxes.
    case compact
    /// The fleet above, one other pane below.
    case stacked
    /// All panes.
    case columns
  }
  var shape: Shape
  var header = Rect(x: 0, y: 0, width: 0, height: 0)
  var banner = Rect(x: 0, y: 0, width: 0, height: 0)
  var hints = Rect(x: 0, y: 0, width: 0, height: 0)
  /// Visible panes with their outer rectangles.
  var panes: [Pane: Rect] = [:]

  static let minimum = Size(60, 16)

  /// - Parameters:
  ///   - devices: lines that the fleet list has; a small fleet leaves its room to the others.
  init(_ size: Size, focus: Pane, tab: Pane, isZoomed: Bool, banners: Int, devices: Int) {
    let screen = Rect(size)
    guard size.width >= Self.minimum.width, size.height >= Self.minimum.height else {
      shape = .tooSmall
      return
    }
    shape =
      size.width >= 100 && size.height >= 30
      ? .columns : size.width >= 80 && size.height >= 24 ? .stacked : .compact
    let cut = screen.cutTop(shape == .compact ? 1 : 2)
    header = cut.piece
    let lines = min(banners, shape == .compact ? 1 : shape == .stacked ? 2 : 4)
    let below = cut.rest.cutTop(lines)
    banner = below.piece
    let bottom = below.rest.cutBottom(1)
    hints = bottom.piece
    let body = bottom.rest
    if isZoomed || shape == .compact {
      panes = [focus: body]
    } else if shape == .stacked {
      let rows = body.rows(weights: [10, 11])
      panes = [.fleet: rows[0], tab: rows[1]]
    } else {
      panes = Self.columns(body, devices)
    }
  }

  /// Enough for a device with a few registers, and what happened to it.
  private static let detailHeight = 20

  /// Fleet and timeline left; Git vs Reality and sparkline right; events across the bottom, as they need the
  /// width. Each side is divided by what it has to show.
  private static func columns(_ body: Rect, _ devices: Int) -> [Pane: Rect] {
    let top = min(max(devices + 3, detailHeight), body.height * 52 / 100)
    let events = min(max((body.height - top) * 44 / 100, 5), 14)
    let (bottom, upper) = body.cutBottom(events)
    // The list needs the larger share where it could just not show another column.
    let leftWidth = body.width * (body.width < 120 ? 54 : body.width < 160 ? 52 : 56) / 100
    let (left, right) = upper.cutLeft(leftWidth)
    let (fleet, timeline) = left.cutTop(listHeight(left.height, most: top, devices))
    let (reality, sparkline) = right.cutTop(top)
    return [.fleet: fleet, .reality: reality, .timeline: timeline, .sparkline: sparkline, .events: bottom]
  }

  /// A list that leaves room gives it to the timeline, as far as that has lanes for it: one a device, apart if there
  /// is room for that too.
  private static func listHeight(_ height: Int, most: Int, _ devices: Int) -> Int {
    let list = devices + 3
    let (close, apart) = (devices + 4, 2 * devices + 3)
    let timeline = height - list >= apart ? apart : close
    return min(max(height - timeline, list, 8), most)
  }
}

extension Model {
  /// The layout for a size; compact screens have room for one pane only, the one with the focus.
  func layout(_ size: Size) -> Layout {
    Layout(
      size, focus: focus, tab: tab, isZoomed: isZoomed, banners: banners.count,
      devices: index.devices.count + (index.grouping == .none ? 0 : index.groups.count))
  }

  var layout: Layout { layout(size) }

  /// The rectangle inside a pane's frame.
  func inside(_ pane: Pane, _ layout: Layout) -> Rect? {
    guard let outer = layout.panes[pane] else { return nil }
    return layout.shape == .compact ? outer.cutTop(1).rest : outer.inner
  }
}
