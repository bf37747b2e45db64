import Control
import Fleet
import Kubernetes

/// Follows one site for as long as the task lives: resources, events, the hold, operators' streams.
struct SiteRunner: Sendable {
  let site: Site
  let desk: AttachedDesk
  let options: AttachOptions

  func run() async {
    guard let access = site.access else { return await runDirect() }
    var configuration = access.configuration
    while !Task.isCancelled {
      let reader = ClusterReader(configuration, options: options)
      desk.change { book, _ in book.change(site.name) { $0.beginList() } }
      // The parts go on until the login has been renewed.
      let renewed = await withTaskGroup(of: ClusterConfiguration?.self) { group in
        group.addTask {
          await followResources(reader, access)
          return nil
        }
        group.addTask {
          await followEvents(reader, access)
          return nil
        }
        group.addTask {
          await followHold(reader)
          return nil
        }
        group.addTask {
          await followOperators(reader)
          return nil
        }
        group.addTask {
          await probe(reader)
          return nil
        }
        group.addTask { [configuration] in await renewal(access, of: configuration) }
        while let end = await group.next() {
          guard let end else { continue }
          group.cancelAll()
          return end as ClusterConfiguration?
        }
        return nil
      }
      guard let renewed else { return }
      configuration = renewed
    }
  }

  // MARK: The API server

  private func followResources(_ reader: ClusterReader, _ access: Site.Access) async {
    let name = site.name
    await reader.follow(.industrialPLCs, DynamicObject.self, namespace: access.namespace) { event in
      desk.change { book, now in
        switch event {
        case .upsert(let object): book.upsert(object, of: name, at: now)
        case .delete(let key, _):
          book.change(name) { $0.delete(DeviceID(namespace: key.namespace, name: key.name)) }
        case .undecodable: break
        case .synced:
          book.change(name) { site in
            site.hear(at: now)
            site.endList()
          }
        case .troubled(let error): book.change(name) { $0.lose(error, at: now) }
        case .recovered: book.change(name) { $0.hear(at: now) }
        }
      }
    }
  }

  private func followEvents(_ reader: ClusterReader, _ access: Site.Access) async {
    let name = site.name
    let kind = Selection(fields: "involvedObject.kind=\(ResourceType.industrialPLCs.kind)")
    await reader.follow(.events, CoreEvent.self, namespace: access.namespace, selection: kind) { event in
      desk.change { book, now in
        switch event {
        case .upsert(let told):
          if let event = FleetEvent(told) { book.add(event, from: .cluster, of: name) }
        case .delete, .undecodable: break
        case .synced, .recovered: book.change(name) { $0.eventContact.heard(at: now) }
        case .troubled(let error): book.change(name) { $0.eventContact.fail(error, at: now) }
        }
      }
    }
  }

  /// The hold is told by streams, too; where this may not be read, they are what tells it.
  private func followHold(_ reader: ClusterReader) async {
    guard case .discovered(let namespace) = site.operators else { return }
    let name = site.name
    let selection = Selection(fields: "metadata.name=\(HoldConfigMap.name)")
    await reader.follow(.configMaps, DynamicObject.self, namespace: namespace, selection: selection) {
      event in
      desk.change { book, now in
        switch event {
        case .upsert(let object): book.change(name) { $0.hold = Hold(configMap: object, at: now.wall) }
        case .delete: book.change(name) { $0.hold = nil }
        case .undecodable, .synced, .troubled, .recovered: break
        }
      }
    }
  }

  /// A watch on which nothing happens looks like one whose other end is gone; this tells them apart.
  private func probe(_ reader: ClusterReader) async {
    let name = site.name
    var hasFailed = false
    while !Task.isCancelled {
      try? await Task.sleep(for: options.probeEvery)
      guard !Task.isCancelled else { return }
      let isQuiet = desk.ask { book in
        book.sites.first { $0.name == name }.map { site in
          site.resources.isLive && site.resources.silence(at: AttachedDesk.now()) >= .seconds(5)
        } ?? false
      }
      guard isQuiet || hasFailed else { continue }
      do throws(ClientError) {
        try await reader.probe()
        hasFailed = false
        desk.change { book, now in book.change(name) { $0.probed(nil, at: now) } }
      } catch {
        guard case .transport = error, !error.isCancelled else { continue }
        hasFailed = true
        desk.change { book, now in book.change(name) { $0.probed(error, at: now) } }
      }
    }
  }

  /// Waits until the server has refused the login and a new one is to be had.
  private func renewal(_ access: Site.Access, of old: ClusterConfiguration) async -> ClusterConfiguration? {
    let name = site.name
    while !Task.isCancelled {
      try? await Task.sleep(for: .seconds(3))
      let isOut = desk.ask { book in book.sites.first { $0.name == name }?.isLoggedOut ?? false }
      if isOut, let new = access.renewed(), new != old { return new }
    }
    return nil
  }

  // MARK: Operators

  private func runDirect() async {
    guard case .direct(let server) = site.operators else { return }
    var options = self.options
    // On this host nobody else is kept waiting by a quick return.
    if server.socketPath != nil { options.backoff.cap = .seconds(2) }
    let connection = FeedConnection(server, options: options)
    await FeedRunner(site: site.name, feed: "operator", connection: connection, desk: desk, options: options)
      .run()
  }

  private func runner(_ feed: String, _ connection: FeedConnection) -> FeedRunner {
    FeedRunner(site: site.name, feed: feed, connection: connection, desk: desk, options: options)
  }

  private func followOperators(_ reader: ClusterReader) async {
    switch site.operators {
    case .direct: await runDirect()
    case .discovered(let namespace):
      let running = RunningFeeds()
      while !Task.isCancelled {
        let names = await discover(reader, namespace)
        running.keep(Set(names)) { name in
          Task { await runner(name, reader.feed(namespace: namespace, service: name)).run() }
        } drop: { name in
          desk.change { book, _ in book.change(site.name) { $0.drop(feed: name) } }
        }
        try? await Task.sleep(for: names.isEmpty ? options.discoverEvery / 3 : options.discoverEvery)
      }
      // Before a renewed login begins anew with the same names.
      await running.end()
    }
  }

  private func discover(_ reader: ClusterReader, _ namespace: String) async -> [String] {
    do throws(ClientError) {
      let services = try await reader.list(
        .services, DynamicObject.self, namespace: namespace,
        selection: Selection(labels: OperatorService.labelSelector))
      let names = services.compactMap(\.metadata.name)
      let state: Contact.State =
        names.isEmpty
        ? .absent("no operator Service in \(namespace) (label \(OperatorService.labelSelector))") : .live
      desk.change { book, _ in book.change(site.name) { $0.discovery = state } }
      return names
    } catch {
      desk.change { book, _ in book.change(site.name) { $0.discovery = Contact.state(for: error) } }
      guard case .forbidden? = error.reason else {
        // The API server is away, and with it everything behind it: streams go on trying by themselves.
        return desk.ask { book in book.sites.first { $0.name == site.name }.map { Array($0.feeds.keys) } ?? []
        }
      }
      return [OperatorService.name]
    }
  }
}

/// The streams being followed, by name. Confined to one task.
private final class RunningFeeds {
  private var tasks: [String: Task<Void, Never>] = [:]

  func keep(_ wanted: Set<String>, start: (String) -> Task<Void, Never>, drop: (String) -> Void) {
    for (name, task) in tasks where !wanted.contains(name) {
      task.cancel()
      tasks[name] = nil
      drop(name)
    }
    for name in wanted where tasks[name] == nil { tasks[name] = start(name) }
  }

  func end() async {
    for task in tasks.values { task.cancel() }
    for task in tasks.values { await task.value }
    tasks = [:]
  }

  deinit { for task in tasks.values { task.cancel() } }
}
