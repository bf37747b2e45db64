import Control
import Fleet
import Kubernetes

/// Everything known of one site: a cluster with its operators, or one operator alone. Pure: what comes in is given,
/// what is to be shown is asked.
struct SiteBook: Sendable {
  /// What the API server told of one device.
  private struct Stored: Sendable {
    var reading: PLCReading
    /// When its last update was heard of, and how old it was then.
    var heardAt: Instant
    var ageWhenHeard: TimeSpan
  }

  let name: String
  /// Put before the namespaces when several sites are shown; nil for a single one.
  let prefix: String?
  /// False for an operator alone, without an API server.
  let hasCluster: Bool
  /// Streams come through the API server.
  let isProxied: Bool
  var resources: Contact
  var eventContact: Contact
  /// All writes of this site are held, as the API server has it; an operator's stream tells it, too.
  var hold: Hold?
  /// How the search for operators goes, when that is not the feeds' own matter.
  var discovery: Contact.State?
  private(set) var feeds: [String: FeedBook] = [:]
  private var stored: [DeviceID: Stored] = [:]
  private var unconfirmed: Set<DeviceID> = []
  private(set) var hasListed = false
  /// The operator's message is shown under its own id, with the prefix. What was read since is in ``cells``.
  private var shown: [DeviceID: DeviceSnapshot] = [:]
  private var cells = ShownCells()
  private var dirty: Set<DeviceID> = []
  private var stale: Set<DeviceID> = []
  /// Ids of what is shown, sorted, and the cell of each; nil: to be sorted anew.
  private var order: [DeviceID]?
  private var orderedCells: [Int] = []
  private var lastScan: Instant?

  /// Status is renewed at least once a minute while an operator lives; twice that without news is too long.
  static let statusPatience = TimeSpan.seconds(120)

  init(name: String, prefix: String?, hasCluster: Bool, isProxied: Bool = false, at now: Moment) {
    self.name = name
    self.prefix = prefix
    self.hasCluster = hasCluster
    self.isProxied = isProxied
    resources = Contact(since: now)
    eventContact = Contact(since: now)
  }

  /// The API server no longer accepts who we say we are, or there is nobody to be.
  private(set) var isLoggedOut = false

  /// A list or watch has failed and has not been made good.
  private var isTroubled = false

  /// A list or watch of the resources has failed.
  mutating func lose(_ error: ClientError, at now: Moment) {
    isTroubled = true
    resources.fail(error, at: now)
    isLoggedOut = error.reason == .unauthorized
    if case .credentials = error { isLoggedOut = true }
  }

  mutating func hear(at now: Moment) {
    resources.heard(at: now)
    isTroubled = false
    isLoggedOut = false
  }

  /// The API server was asked whether it is there at all. That it is makes a failed list no better.
  mutating func probed(_ error: ClientError?, at now: Moment) {
    guard let error else {
      if !isTroubled { resources.heard(at: now) }
      return
    }
    resources.fail(error, at: now)
  }

  // MARK: From the API server

  /// A list begins from nothing: what it does not tell is gone when it is complete.
  mutating func beginList() { unconfirmed = Set(stored.keys) }

  /// Returns the device's sync request that was last acted on.
  @discardableResult
  mutating func upsert(_ object: DynamicObject, at now: Moment) -> PLCReading {
    let reading = PLCReading(object, at: now.wall)
    let id = reading.device.spec.id
    unconfirmed.remove(id)
    var age = TimeSpan.zero
    let before = stored[id]
    if let before, before.reading.lastUpdate == reading.lastUpdate {
      // Something else changed: the status is as old as before.
      age = before.ageWhenHeard + (now.instant - before.heardAt)
    } else if before == nil, let update = reading.lastUpdate {
      age = max(now.wall - update, .zero)
    }
    stored[id] = Stored(reading: reading, heardAt: now.instant, ageWhenHeard: age)
    dirty.insert(id)
    return reading
  }

  mutating func delete(_ id: DeviceID) {
    stored[id] = nil
    unconfirmed.remove(id)
    dirty.insert(id)
  }

  mutating func endList() {
    hasListed = true
    for id in unconfirmed { stored[id] = nil }
    // Devices that only a stream told are hidden from here on.
    dirty.formUnion(unconfirmed)
    for feed in feeds.values { dirty.formUnion(feed.ids) }
    unconfirmed = []
  }

  // MARK: From operators

  mutating func beginFeed(_ feed: String, at now: Moment) {
    feeds[feed, default: FeedBook(at: now)].begin(at: now)
  }

  mutating func take(
    _ line: FleetLine, from feed: String, at now: Moment
  ) throws(FleetLineError) {
    // What comes through the API server's proxy tells that the API server is there.
    if isProxied, resources.isLive { resources.heard(at: now) }
    if case .reads(let readings) = line { return try take(readings, from: feed, at: now) }
    dirty.formUnion(feeds[feed, default: FeedBook(at: now)].take(line, at: now))
  }

  /// A device that is shown as this feed told it, and was only read again, goes on as the same object.
  private mutating func take(
    _ readings: [NumberedReading], from feed: String, at now: Moment
  ) throws(FleetLineError) {
    // Out of the dictionary while it changes: each change there would look it up.
    var book = feeds.removeValue(forKey: feed) ?? FeedBook(at: now)
    defer { feeds[feed] = book }
    let changed = try book.take(readings, at: now) { cell, reading in
      reading.words.isEmpty && cells.read(again: reading.at, in: cell, from: feed)
    }
    dirty.formUnion(changed)
  }

  mutating func turn(feed: String, _ state: Contact.State, at now: Moment) {
    feeds[feed, default: FeedBook(at: now)].contact.turn(state, at: now)
  }

  /// The operator is no longer announced: what it told is as good as its status.
  mutating func drop(feed: String) {
    guard let gone = feeds.removeValue(forKey: feed) else { return }
    dirty.formUnion(gone.ids)
  }

  // MARK: Shown

  /// Brings what is shown up to date; returns whether anything changed.
  mutating func refresh(at now: Moment) -> Bool {
    if lastScan.map({ now.instant - $0 >= .seconds(1) }) ?? true {
      lastScan = now.instant
      scanForAge(now)
    }
    guard !dirty.isEmpty else { return false }
    for id in dirty { refresh(id, at: now) }
    dirty.removeAll(keepingCapacity: true)
    return true
  }

  /// What has grown too old, or is young again, must be shown so.
  private mutating func scanForAge(_ now: Moment) {
    for id in stored.keys where isOverdue(id, now) != stale.contains(id) { dirty.insert(id) }
    guard !hasCluster || !hasListed else { return }
    for feed in feeds.values where !feed.contact.isLive {
      for live in feed.devices where feed.isFresh(live, at: now) == stale.contains(live.id) {
        dirty.insert(live.id)
      }
    }
  }

  private mutating func refresh(_ id: DeviceID, at now: Moment) {
    guard var best = best(id, now) else {
      if shown.removeValue(forKey: id) != nil { order = nil }
      cells.free(id)
      for feed in feeds.keys { feeds[feed]?.keep(id, in: nil) }
      stale.remove(id)
      return
    }
    if best.isOverdue {
      stale.insert(id)
      Self.markStale(&best.device.view)
    } else {
      stale.remove(id)
    }
    let cell = cells.number(of: id)
    // Only what is shown as a feed tells it can go on with the feed's readings.
    let source = best.isOverdue ? nil : best.feed
    if let source { feeds[source]?.keep(id, in: cell) }
    let trend = cells.show(best.device, in: cell, from: source, at: now)
    // The first state seen began before it was seen.
    let states = cells.ring(cell)?.states ?? []
    let since = states.count > 1 ? states.last?.at : nil
    if let prefix {
      best.device.spec.id.namespace = "\(prefix)/\(id.namespace)"
      best.device.spec.labels.append(.init(key: "cluster", value: name))
    }
    let snapshot = DeviceSnapshot(
      spec: best.device.spec, view: best.device.view, sources: best.device.sources, trend: trend,
      since: since, acknowledgedBy: best.device.acknowledgedBy)
    if shown.updateValue(snapshot, forKey: id) == nil { order = nil }
  }

  private struct Best {
    var device: ReportedDevice
    /// `nil`: the API server.
    var feed: String?
    var isOverdue: Bool
  }

  /// The newer of what the API server and the streams tell.
  private func best(_ id: DeviceID, _ now: Moment) -> Best? {
    let status = stored[id]
    if hasCluster, hasListed, status == nil { return nil }
    let live = feeds.compactMap { name, feed in feed.live(id).map { (name, feed.isFresh($0, at: now), $0) } }
      .max { ($0.2.lastRead?.milliseconds ?? 0) < ($1.2.lastRead?.milliseconds ?? 0) }
    if let (name, isFresh, told) = live, isNewer(told, than: status, fresh: isFresh) {
      return Best(device: told.device, feed: name, isOverdue: !isFresh)
    }
    return status.map { Best(device: $0.reading.device, isOverdue: isOverdue(id, now)) }
  }

  /// Whole seconds in the status: a live reading of the same second is the newer one.
  private func isNewer(_ live: FeedBook.LiveDevice, than status: Stored?, fresh: Bool) -> Bool {
    guard let status else { return true }
    if status.reading.device.view.status == .invalid { return false }
    guard let update = status.reading.lastUpdate else { return live.lastRead != nil || fresh }
    guard let read = live.lastRead else { return false }
    return read >= update
  }

  private func age(_ stored: Stored, _ now: Moment) -> TimeSpan {
    stored.ageWhenHeard + (now.instant - stored.heardAt)
  }

  private func isOverdue(_ id: DeviceID, _ now: Moment) -> Bool {
    guard let stored = stored[id], stored.reading.lastUpdate != nil else { return false }
    if let (feed, live) = feeds.values.lazy.compactMap({ feed in feed.live(id).map { (feed, $0) } }).first,
      isNewer(live, than: stored, fresh: true)
    {
      return !feed.isFresh(live, at: now)
    }
    return age(stored, now) > stored.reading.device.spec.pollInterval * 3 + Self.statusPatience
  }

  /// What is too old to be believed is shown as that, whatever it said; an unreachable device stays unreachable.
  private static func markStale(_ view: inout DeviceView) {
    view.stale = true
    guard view.status != .unreachable, view.status != .invalid, view.status != .pending else { return }
    view.status = .stale
    view.message = "no news of it; it was: \(view.message)"
  }

  // MARK: History

  mutating func mark(_ event: FleetEvent) {
    guard let id = event.device else { return }
    let kind: DeviceHistory.Mark.Kind? =
      switch event.reason {
      case "DriftDetected": .drift
      case "DriftCorrected": .correction
      case "ConnectionFailed", "ConnectionLost": .failure
      default: nil
      }
    if let kind { cells.mark(id, kind, at: event.at, event.message) }
  }

  /// What was seen since attaching; `id` without the prefix.
  func history(_ id: DeviceID, _ query: HistoryQuery) -> DeviceHistory? {
    guard let ring = cells.ring(of: id), let spec = shown[id]?.spec else { return nil }
    let index =
      query.register.flatMap { name in spec.registers.firstIndex { $0.name == name } }
      ?? spec.registers.firstIndex { $0.type != .string } ?? 0
    return DeviceHistory(
      device: id, register: spec.registers.indices.contains(index) ? spec.registers[index].name : "",
      samples: ring.samples(register: index, from: query.from, to: query.to, maxPoints: query.maxPoints),
      states: ring.states(from: query.from, to: query.to), marks: ring.marks(from: query.from, to: query.to))
  }

  // MARK: Asked

  /// Sorted by id; what was read since is in ``rereads()``.
  mutating func devices() -> [DeviceSnapshot] {
    let ids = order ?? shown.keys.sorted()
    if order == nil {
      order = ids
      orderedCells = ids.map { cells.number(of: $0) }
    }
    return ids.compactMap { shown[$0] }
  }

  /// Of the devices, in their order.
  func rereads() -> [Reread] { orderedCells.map { cells.reread($0) } }

  /// The hold that stands, as a live stream or the API server tells.
  var standingHold: Hold? {
    feeds.values.lazy.filter(\.contact.isLive).compactMap { $0.header?.hold }.first ?? hold
  }

  /// `id` without the prefix.
  func device(_ id: DeviceID) -> DeviceSnapshot? {
    shown[id].map { $0.read(again: cells.reread(of: id)) }
  }
  func reading(_ id: DeviceID) -> PLCReading? { stored[id]?.reading }
  var readings: some Sequence<PLCReading> { stored.values.lazy.map(\.reading) }

  /// The feed that tells a device now.
  func feed(of id: DeviceID) -> String? {
    feeds.filter { $0.value.contact.isLive && $0.value.knows(id) }.keys.min()
  }

  /// The id without this site's prefix; nil for a device of another site.
  func own(_ id: DeviceID) -> DeviceID? {
    guard let prefix else { return id }
    guard id.namespace.hasPrefix(prefix + "/") else { return nil }
    return DeviceID(namespace: String(id.namespace.dropFirst(prefix.count + 1)), name: id.name)
  }

  func prefixed(_ id: DeviceID) -> DeviceID {
    prefix.map { DeviceID(namespace: "\($0)/\(id.namespace)", name: id.name) } ?? id
  }
}
