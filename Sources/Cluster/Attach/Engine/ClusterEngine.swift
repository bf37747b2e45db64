import Control
import Fleet
import Foundation
import Kubernetes

/// The engine of an attached screen: shows what clusters and their operators tell, and never talks to a PLC.
///
/// It goes on for ever: what fails is told, with the permission that is missing or since when nothing comes, and tried
/// again; what was known stays on the screen and grows old there.
public final class ClusterEngine: FleetEngine {
  public let capabilities: Capabilities
  private let desk: AttachedDesk
  private let requesters: [String: SyncRequester]
  private let tasks: [Task<Void, Never>]

  /// After two of these without news the same is told again, so that a screen knows that the engine lives, and what has
  /// grown old is shown so.
  private static let heartbeat = Duration.seconds(2)

  /// Starts at once; `stop()` ends it.
  ///
  /// - Parameters:
  ///   - allowSync: whether syncs may be asked of the operators, through the annotation.
  ///   - environment: for credential plugins.
  public convenience init(
    sites: [Site], allowSync: Bool = false, userAgent: String, environment: [String: String]
  ) {
    self.init(
      sites: sites, allowSync: allowSync,
      options: AttachOptions(userAgent: userAgent, environment: environment))
  }

  init(sites: [Site], allowSync: Bool, options: AttachOptions) {
    capabilities = Self.capabilities(allowSync: allowSync, clusters: sites.contains { $0.access != nil })
    let now = AttachedDesk.now()
    let several = sites.count > 1
    let desk = AttachedDesk(
      sites.map { site in
        SiteBook(
          name: site.name, prefix: several ? site.name : nil, hasCluster: site.access != nil,
          isProxied: site.isProxied, at: now)
      })
    self.desk = desk
    var requesters: [String: SyncRequester] = [:]
    if allowSync {
      for site in sites {
        requesters[site.name] = site.access.map { SyncRequester($0, options: options) }
      }
    }
    self.requesters = requesters
    let following = sites.map { site in
      Task.detached { await SiteRunner(site: site, desk: desk, options: options).run() }
    }
    tasks = following + [Task.detached { await Self.publish(desk) }]
  }

  private static func capabilities(allowSync: Bool, clusters: Bool) -> Capabilities {
    let who = clusters ? "the cluster's operator" : "the controlling process"
    var missing: [Capabilities.Ability: String] = [
      .hold: "attached, read-only: \(who) controls; use `fabctl hold`",
      .shelve: "attached, read-only: use `fabctl shelve`",
      .suspend: "attached, read-only: use `fabctl suspend`",
      .adopt: "attached: a commit needs the repository; use `fabctl adopt --git`",
      .refresh: "attached: \(who) polls at its own pace",
    ]
    if !allowSync {
      missing[.sync] =
        clusters
        ? "attached, read-only: start with --allow-sync to ask the operator for a sync"
        : "attached, read-only: only \(who) writes"
    }
    return Capabilities(mode: .attached, missing: missing)
  }

  private static func publish(_ desk: AttachedDesk) async {
    let clock = Task {
      while !Task.isCancelled {
        try? await Task.sleep(for: heartbeat)
        desk.beat()
      }
    }
    defer { clock.cancel() }
    for await _ in desk.changes {
      guard !Task.isCancelled else { return }
      await desk.publish()
    }
  }

  public func stop() {
    for task in tasks { task.cancel() }
    desk.stop()
  }

  deinit { stop() }

  // MARK: FleetEngine

  public func snapshots() -> AsyncStream<FleetSnapshot> { desk.subscribe(lean: false) }

  public func leanSnapshots() -> AsyncStream<FleetSnapshot> { desk.subscribe(lean: true) }

  public func submit(_ command: FleetCommand) async -> CommandOutcome {
    guard case .sync(let scope, let by) = command else { return .refused([refusal(of: command)]) }
    if let reason = capabilities.refusal(of: .sync) { return .refused(["sync: \(reason)"]) }
    let known = desk.ask { book in
      scope.devices.compactMap { id in book.place(of: id).map { (id, $0.site.name, $0.id) } }
    }
    guard !known.isEmpty else { return .refused(["sync: no such device"]) }
    let held = desk.ask { book in
      book.sites.first { site in known.contains { $0.1 == site.name } }?.standingHold
    }
    if let held { return .refused(["sync: \(Refusal.held(held).explanation); `fabctl release` ends it"]) }
    let request = SyncAnnotation(
      request: SyncRequester.token(), force: scope.force, registers: scope.registers, by: by)
    let (receipts, give) = AsyncStream.makeStream(of: Receipt.self)
    desk.change { book, now in
      let receipt = book.syncs.begin(known.map(\.0), by: by, at: now.wall)
      for (shown, site, own) in known {
        let view = book.sites.first { $0.name == site }?.device(own)?.view ?? DeviceView()
        book.syncs.asked(receipt, shown, token: request.request, view: view, at: now.wall)
      }
      give.yield(receipt)
    }
    give.finish()
    for await receipt in receipts {
      Task.detached { [self] in await ask(known, request, receipt) }
      return .accepted(receipt)
    }
    return .refused(["sync: the engine has stopped"])
  }

  /// A few at a time: the API server has others to serve.
  private func ask(_ devices: [(DeviceID, String, DeviceID)], _ request: SyncAnnotation, _ receipt: Receipt)
    async
  {
    await withTaskGroup(of: Void.self) { group in
      for (index, (shown, site, own)) in devices.enumerated() {
        if index >= 8 { await group.next() }
        group.addTask { [self] in
          guard let requester = requesters[site] else {
            return desk.change { book, _ in book.syncs.failed(receipt, shown, "\(site) is no cluster") }
          }
          do throws(ClientError) {
            try await requester.ask(own, request)
          } catch {
            desk.change { book, _ in book.syncs.failed(receipt, shown, "\(error)") }
          }
        }
      }
    }
  }

  private func refusal(of command: FleetCommand) -> String {
    let (word, ability): (String, Capabilities.Ability) =
      switch command {
      case .sync: ("sync", .sync)
      case .hold, .release: ("hold", .hold)
      case .shelve, .unshelve: ("shelve", .shelve)
      case .suspend, .resume: ("suspend", .suspend)
      case .refresh, .retryContested, .acknowledge: ("this", .refresh)
      }
    return "\(word): \(capabilities.refusal(of: ability) ?? "attached, read-only")"
  }

  public func plan(_ scope: SyncScope) async -> SyncPlan {
    desk.ask { book in
      SyncPlan(
        steps: scope.devices.flatMap { id -> [SyncPlan.Step] in
          guard let (site, own) = book.place(of: id), let device = site.device(own) else { return [] }
          return AttachedPlan.steps(device, scope)
        })
    }
  }

  public func adopt(
    _ device: DeviceID, registers: [String], reason: String, by operatorName: String
  ) async -> AdoptOutcome {
    .refused("adopt: \(capabilities.refusal(of: .adopt) ?? "attached")")
  }

  // MARK: The past and the reasons

  public func history(_ query: HistoryQuery) async throws -> [DeviceHistory] {
    let places = desk.ask { book in
      query.devices.compactMap { id in
        book.place(of: id).map { place in
          (
            id: id, own: place.id, site: place.site.name, feed: place.site.feed(of: place.id),
            seen: place.site.history(place.id, query)
          )
        }
      }
    }
    return await withTaskGroup(of: (Int, DeviceHistory?).self) { group in
      var found: [DeviceHistory?] = Array(repeating: nil, count: places.count)
      for (index, place) in places.enumerated() {
        if index >= 8, let (at, history) = await group.next() { found[at] = history }
        let connection = place.feed.flatMap { desk.connection($0, of: place.site) }
        group.addTask {
          let kept = await connection?.history(place.own, query)
          var joined = HistoryMerge.merge(
            older: kept.map { [$0] } ?? [], newer: place.seen.map { [$0] } ?? []
          )
          .first
          joined = joined ?? kept
          joined?.device = place.id
          return (index, joined)
        }
      }
      for await (at, history) in group { found[at] = history }
      return found.compactMap(\.self)
    }
  }

  public func provenance(of device: DeviceID) async -> [String: Provenance] {
    let place = desk.ask { book in
      book.place(of: device).map { place in
        (
          own: place.id, site: place.site.name, feed: place.site.feed(of: place.id),
          reading: place.site.reading(place.id), spec: place.site.device(place.id)?.spec
        )
      }
    }
    guard let place else { return [:] }
    if let feed = place.feed, let connection = desk.connection(feed, of: place.site),
      let known = await connection.provenance(place.own), !known.isEmpty
    {
      return known
    }
    guard let spec = place.spec, let source = place.reading?.source else { return [:] }
    let hash = source.revision.split(separator: ":").last.map(String.init) ?? source.revision
    let origin = Provenance(
      commit: hash, author: source.author,
      time: source.time ?? place.reading?.createdAt ?? WallTime(milliseconds: 0), subject: "",
      location: SourceLocation(file: "IndustrialPLC \(place.own)", line: 0))
    return Dictionary(
      spec.registers.filter { $0.desired != nil }.map { ($0.name, origin) }, uniquingKeysWith: { a, _ in a })
  }
}

/// What a sync would write, as far as can be told from here.
public enum AttachedPlan {
  public static func steps(_ device: DeviceSnapshot, _ scope: SyncScope) -> [SyncPlan.Step] {
    device.view.registers.compactMap { register in
      let spec = register.spec
      guard let desired = spec.desired, register.inSync != true,
        scope.registers.isEmpty || scope.registers.contains(spec.name)
      else { return nil }
      // An operator's sync overrides autoCorrect always, and the windows when forced.
      let reasons = register.refusals.filter { $0.gate != 5 && !(scope.force && $0.gate == 6) && $0.gate > 2 }
      return SyncPlan.Step(
        device: device.id, register: spec, before: register.actual, after: desired, refusals: reasons)
    }
  }
}
