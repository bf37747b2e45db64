import Control
import Fleet
import Terminal

/// Everything the dashboard knows. A value: ``update(_:_:)`` changes it, ``render(_:size:)`` shows it, and
/// nothing else decides what is on the screen.
public struct Model: Sendable {
  let settings: Settings
  public internal(set) var capabilities: Capabilities
  /// The glyphs that frames are drawn with.
  public var glyphs: GlyphSet { settings.glyphs }

  // The world.
  public internal(set) var size = Size(80, 24)
  var now: WallTime
  /// The newest snapshot, and the one that is shown: an older one while frozen.
  var latest: FleetSnapshot?
  var frozen: FleetSnapshot?
  /// When the newest snapshot came.
  var receivedAt: WallTime
  var endedBecause: String?

  // What is looked at.
  var index = FleetIndex()
  var list = ListPosition()
  /// The device under the cursor; stays while the list moves around it.
  var selected: DeviceID?
  /// Until the operator has touched anything, the cursor stays on the worst device.
  var isUntouched = true
  var marked: Set<DeviceID> = []
  var focus: Pane = .fleet
  /// What the lower half shows when only one pane fits below the fleet.
  var tab: Pane = .reality
  var isZoomed = false
  /// Row of the cursor in Git vs Reality.
  var registers = ListPosition()
  var timeline: TimelineState
  var events = EventsState()
  var filterField: FilterEntry?
  var overlay: Overlay?
  var toast: Toast?
  var themeName: String
  /// The commit that is being made.
  var adopting: UInt64?

  // What was learned besides snapshots.
  var tracks = StatusTracks()
  var lanes = LaneCache()
  var series = SeriesCache()
  var provenance = ProvenanceCache()

  private var tokens: UInt64 = 0
  /// Commands decided so far in this update.
  var outbox: [Command] = []

  public init(_ settings: Settings, now: WallTime) {
    self.settings = settings
    self.now = now
    capabilities = settings.capabilities
    receivedAt = now
    themeName =
      settings.themes.contains { $0.name == settings.themeName }
      ? settings.themeName : settings.themes[0].name
    timeline = TimelineState(widest: settings.span)
    index.setSort(settings.sort)
    index.setGrouping(settings.grouping)
    index.setFilter(Filter(settings.filter))
  }

  /// The snapshot on the screen.
  var shown: FleetSnapshot? { frozen ?? latest }
  var time: TimeText { TimeText(now: now, utcOffset: settings.utcOffset) }

  /// The device that the detail panes are about.
  var device: DeviceSnapshot? { selected.flatMap(index.device) }
  /// The register under the cursor of Git vs Reality.
  var register: RegisterView? {
    guard let registers = device?.view.registers, !registers.isEmpty else { return nil }
    return registers[min(max(self.registers.cursor, 0), registers.count - 1)]
  }

  /// What keys that act on devices act on: the marked ones, else the one under the cursor.
  var targets: [DeviceID] {
    if !marked.isEmpty { return marked.sorted() }
    if index.rows.indices.contains(list.cursor), case .group = index.rows[list.cursor] { return [] }
    return selected.map { [$0] } ?? []
  }

  mutating func emit(_ command: Command) { outbox.append(command) }

  mutating func token() -> UInt64 {
    tokens &+= 1
    return tokens
  }

  mutating func say(_ text: String, _ severity: FleetEvent.Severity = .notice) {
    toast = Toast(text: text, severity: severity, until: now + .seconds(severity >= .warning ? 10 : 5))
  }
}

/// A line shown for a while in place of the key hints.
struct Toast: Hashable, Sendable {
  var text: String
  var severity: FleetEvent.Severity
  var until: WallTime
}

/// Something being typed after `/`.
struct FilterEntry: Hashable, Sendable {
  enum Target: Hashable, Sendable {
    case fleet, events
  }
  var target: Target
  var field: TextField
  /// What holds again after `Esc`.
  var before: String
}

/// The events pane: a cursor that stays on its event while new ones arrive above it.
struct EventsState: Hashable, Sendable {
  var filter = ""
  /// `nil`: on the newest, following.
  var cursor: UInt64?
  var top = 0
}

/// What stands over the panes and takes the keys.
enum Overlay: Sendable {
  case help(HelpView)
  case sync(SyncDialog)
  case confirm(ConfirmDialog)
  case shelve(ShelveForm)
  case reason(ReasonForm)
  case palette(Palette)
  case themes(ThemePicker)
  /// A text to scroll: differences, or the problems of the source.
  case reader(Reader)
}
