import Control
import Fleet
import Kubernetes
import Manifest

/// Everything an attached screen knows, and what it makes of it. Pure: time is an argument.
struct FleetBook: Sendable {
  private(set) var sites: [SiteBook]
  var events = EventBook()
  var syncs = SyncBook()
  private let startedAt: Moment
  private var sequence: UInt64 = 0
  private var devices: [DeviceSnapshot] = []
  private var totals = FleetSnapshot.Totals([])
  private var revision: SourceStatus

  /// How long events wait at the beginning for what all parts tell of the past.
  static let settleWithin = TimeSpan.seconds(3)

  init(_ sites: [SiteBook], at now: Moment) {
    // Devices are sorted by id, and an id begins with its site's prefix.
    self.sites = sites.sorted { "\($0.prefix ?? "")/" < "\($1.prefix ?? "")/" }
    startedAt = now
    revision = SourceStatus(origin: Self.origin(self.sites.map(\.name)))
  }

  private static func origin(_ names: [String]) -> String {
    names.count <= 3 ? names.joined(separator: ", ") : "\(names.count) clusters: \(names[0]), …"
  }

  // MARK: What comes in

  mutating func change<Failure>(
    _ site: String, _ body: (inout SiteBook) throws(Failure) -> Void
  ) throws(Failure) {
    guard let index = sites.firstIndex(where: { $0.name == site }) else { return }
    try body(&sites[index])
  }

  mutating func upsert(_ object: DynamicObject, of site: String, at now: Moment) {
    guard let index = sites.firstIndex(where: { $0.name == site }) else { return }
    sites[index].hear(at: now)
    let reading = sites[index].upsert(object, at: now)
    guard let handled = reading.handledSync else { return }
    syncs.handled(handled, sites[index].prefixed(reading.device.spec.id), reading.device.view)
  }

  mutating func add(_ event: FleetEvent, from origin: EventBook.Origin, of site: String) {
    guard let index = sites.firstIndex(where: { $0.name == site }) else { return }
    var prefixed = event
    prefixed.device = event.device.map(sites[index].prefixed)
    if events.add(prefixed, from: origin) { sites[index].mark(event) }
  }

  mutating func take(
    _ line: FleetLine, from feed: String, of site: String, at now: Moment
  ) throws(FleetLineError) {
    if case .event(let event) = line { add(event, from: .stream, of: site) }
    try change(site) { site throws(FleetLineError) in try site.take(line, from: feed, at: now) }
  }

  // MARK: What goes out

  /// Lean: what was only read again is in the snapshot's `rereads`.
  mutating func snapshot(at now: Moment) -> FleetSnapshot {
    var changed = false
    for index in sites.indices where sites[index].refresh(at: now) { changed = true }
    if changed {
      var all: [DeviceSnapshot] = []
      for index in sites.indices { all += sites[index].devices() }
      devices = all
      totals = FleetSnapshot.Totals(all)
      revision = newestSource
    }
    syncs.expire(at: now.wall)
    if !events.isSettled, hasHeardAll || now.instant - startedAt.instant >= Self.settleWithin {
      events.settle()
    }
    sequence += 1
    var source = revision
    source.state = sourceState(now)
    var gates = FleetGates(mode: .attached, leadershipUntil: nil)
    let headers = sites.flatMap { $0.feeds.values.filter(\.contact.isLive).compactMap(\.header) }
    gates.hold = sites.lazy.compactMap(\.standingHold).first
    gates.leader = headers.lazy.map(\.leader).first { !$0.isEmpty } ?? ""
    gates.journalProblem = headers.lazy.compactMap(\.journalProblem).first
    gates.trustProblem = headers.lazy.compactMap(\.trustProblem).first
    var snapshot = FleetSnapshot(
      sequence: sequence, at: now.wall, mode: .attached, source: source, gates: gates,
      health: health(headers, now), devices: devices, events: events.events, operations: syncs.operations,
      totals: totals)
    let rereads = sites.flatMap { $0.rereads() }
    if rereads.count == devices.count, rereads.contains(where: { $0.times > 0 }) {
      snapshot.rereads = rereads
    }
    return snapshot
  }

  /// Every part has told what it knows of the past, or that it cannot.
  private var hasHeardAll: Bool {
    sites.allSatisfy { site in
      guard site.hasCluster else { return site.feeds.values.allSatisfy(\.hasSynced) && !site.feeds.isEmpty }
      let isListed = site.hasListed || site.resources.isOver
      let feedsAreDone = site.feeds.values.allSatisfy { $0.hasSynced || $0.contact.isOver }
      return isListed && (site.eventContact.isLive || site.eventContact.isOver) && feedsAreDone
        && (site.discovery != nil || !site.feeds.isEmpty)
    }
  }

  private var newestSource: SourceStatus {
    var found = SourceStatus(origin: revision.origin)
    for site in sites {
      for header in site.feeds.values.compactMap(\.header) where !site.hasCluster { found = header.source }
      for source in site.readings.compactMap(\.source) where found.revision.isEmpty || isNewer(source, found)
      {
        found.revision = source.revision
        found.author = source.author
        found.time = source.time
      }
    }
    return found
  }

  private func isNewer(_ source: PLCStatusContext.Source, _ found: SourceStatus) -> Bool {
    (source.time?.milliseconds ?? .min, source.revision) > (found.time?.milliseconds ?? .min, found.revision)
  }

  private func health(_ headers: [FleetHeader], _ now: Moment) -> EngineHealth {
    EngineHealth(
      pollLag: headers.map(\.health.pollLag).max() ?? .zero,
      pollsPerSecond: headers.reduce(0) { $0 + $1.health.pollsPerSecond },
      connections: headers.reduce(0) { $0 + $1.health.connections }, problems: problems(at: now))
  }

  // MARK: Asked

  /// The site of a device, and the device's id there.
  func place(of id: DeviceID) -> (site: SiteBook, id: DeviceID)? {
    for site in sites {
      if let own = site.own(id), site.device(own) != nil { return (site, own) }
    }
    return nil
  }
}
