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
  /// The operator's message is shown under its own id, with the prefix.
  private var shown: [DeviceID: DeviceSnapshot] = [:]
  private var rings: [DeviceID: HistoryRing] = [:]
  private var dirty: Set<DeviceID> = []
  private var stale: Set<DeviceID> = []
  /// Ids of what is shown, sorted; nil: to be sorted anew.
  private var order: [DeviceID]?
  private var lastScan: Instant?

  static let historyCapacity = 600
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
    for feed in feeds.values { dirty.formUnion(feed.devices.keys) }
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
    dirty.formUnion(try feeds[feed, default: FeedBook(at: now)].take(line, at: now))
  }

  mutating func turn(feed: String, _ state: Contact.State, at now: Moment) {
    feeds[feed, default: FeedBook(at: now)].contact.turn(state, at: now)
  }

  /// The operator is no longer announced: what it told is as good as its status.
  mutating func drop(feed: String) {
    guard let gone = feeds.removeValue(forKey: feed) else { return }
    dirty.formUnion(gone.devices.keys)
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
      for (id, live) in feed.devices where feed.isFresh(live, at: now) == stale.contains(id) {
        dirty.insert(id)
      }
    }
  }

  private mutating func refresh(_ id: DeviceID, at now: Moment) {
    guard var best = best(id, now) else {
      if shown.removeValue(forKey: id) != nil { order = nil }
      rings[id] = nil
      stale.remove(id)
      return
    }
    if best.isOverdue {
      stale.insert(id)
      Self.markStale(&best.device.view)
    } else {
      stale.remove(id)
    }
    let trend = record(best.device, at: now)
    // The first state seen began before it was seen.
    let states = rings[best.device.spec.id]?.states ?? []
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
    var isOverdue: Bool
  }

  /// The newer of what the API server and the streams tell.
  private func best(_ id: DeviceID, _ now: Moment) -> Best? {
    let status = stored[id]
    if hasCluster, hasListed, status == nil { return nil }
    let live = feeds.values.compactMap { feed in feed.devices[id].map { (feed, $0) } }
      .max { ($0.1.device.view.lastRead?.milliseconds ?? 0) < ($1.1.device.view.lastRead?.milliseconds ?? 0) }
    if let (feed, told) = live, isNewer(told.device, than: status, fresh: feed.isFresh(told, at: now)) {
      return Best(device: told.device, isOverdue: !feed.isFresh(told, at: now))
    }
    return status.map {
      Best(device: $0.reading.device, isOverdue: isOverdue(id, now))
    }
  }

  /// Whole seconds in the status: a live reading of the same second is the newer one.
  private func isNewer(_ live: ReportedDevice, than status: Stored?, fresh: Bool) -> Bool {
    guard let status else { return true }
    if status.reading.device.view.status == .invalid { return false }
    guard let update = status.reading.lastUpdate else { return live.view.lastRead != nil || fresh }
    guard let read = live.view.lastRead else { return false }
    return read >= update
  }

  private func age(_ stored: Stored, _ now: Moment) -> TimeSpan {
    stored.ageWhenHeard + (now.instant - stored.heardAt)
  }

  private func isOverdue(_ id: DeviceID, _ now: Moment) -> Bool {
    guard let stored = stored[id], stored.reading.lastUpdate != nil else { return false }
    if let live = feeds.values.lazy.compactMap({ feed in feed.devices[id].map { (feed, $0) } }).first,
      isNewer(live.1.device, than: stored, fresh: true)
    {
      return !live.0.isFresh(live.1, at: now)
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

  private mutating func record(_ device: ReportedDevice, at now: Moment) -> [Float] {
    let empty = HistoryRing(capacity: Self.historyCapacity, width: device.spec.registers.count)
    return Self.record(device, at: now, in: &rings[device.spec.id, default: empty])
  }

  /// In place: a ring taken out and put back would be copied at each poll.
  private static func record(_ device: ReportedDevice, at now: Moment, in ring: inout HistoryRing) -> [Float]
  {
    let width = max(1, device.spec.registers.count)
    if ring.width != width { ring.reset(width: width) }
    if let read = device.view.lastRead, ring.newest.map({ read > $0 }) ?? true {
      ring.append(at: read) { index in
        guard device.view.registers.indices.contains(index) else { return .nan }
        let register = device.view.registers[index]
        return register.exception == nil ? register.actual?.number ?? .nan : .nan
      }
    }
    _ = ring.record(status: device.view.status, at: now.wall)
    let plotted = device.spec.registers.firstIndex { $0.type != .string } ?? 0
    return ring.trend(register: plotted, points: DeviceSnapshot.trendCapacity)
  }

  mutating func mark(_ event: FleetEvent) {
    guard let id = event.device, rings[id] != nil else { return }
    let kind: DeviceHistory.Mark.Kind? =
      switch event.reason {
      case "DriftDetected": .drift
      case "DriftCorrected": .correction
      case "ConnectionFailed", "ConnectionLost": .failure
      default: nil
      }
    if let kind { rings[id]?.mark(kind, at: event.at, event.message) }
  }

  /// What was seen since attaching; `id` without the prefix.
  func history(_ id: DeviceID, _ query: HistoryQuery) -> DeviceHistory? {
    guard let ring = rings[id], let spec = shown[id]?.spec else { return nil }
    let index =
      query.register.flatMap { name in spec.registers.firstIndex { $0.name == name } }
      ?? spec.registers.firstIndex { $0.type != .string } ?? 0
    return DeviceHistory(
      device: id, register: spec.registers.indices.contains(index) ? spec.registers[index].name : "",
      samples: ring.samples(register: index, from: query.from, to: query.to, maxPoints: query.maxPoints),
      states: ring.states(from: query.from, to: query.to), marks: ring.marks(from: query.from, to: query.to))
  }

  // MARK: Asked

  /// Sorted by id.
  mutating func devices() -> [DeviceSnapshot] {
    let ids = order ?? shown.keys.sorted()
    order = ids
    return ids.compactMap { shown[$0] }
  }

  /// The hold that stands, as a live stream or the API server tells.
  var standingHold: Hold? {
    feeds.values.lazy.filter(\.contact.isLive).compactMap { $0.header?.hold }.first ?? hold
  }

  /// `id` without the prefix.
  func device(_ id: DeviceID) -> DeviceSnapshot? { shown[id] }
  func reading(_ id: DeviceID) -> PLCReading? { stored[id]?.reading }
  var readings: some Sequence<PLCReading> { stored.values.lazy.map(\.reading) }

  /// The feed that tells a device now.
  func feed(of id: DeviceID) -> String? {
    feeds.filter { $0.value.contact.isLive && $0.value.devices[id] != nil }.keys.min()
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
