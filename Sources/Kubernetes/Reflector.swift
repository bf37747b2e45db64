/// Keeps a picture of a resource in step with the server: a paged list, then a watch, then a new list when
/// the server has forgotten where the watch was. Pure: `step` says what to do next, an informer does it.
///
/// One request is outstanding at a time, so every action that asks for one is answered by exactly one chain
/// of inputs. Only versions are kept, not objects: memory is a few hundred bytes an object.
///
/// What it promises: `upsert` for every object that exists, `delete` for every object it has announced and
/// that is gone, whether or not the watch saw it go, and neither twice for one change. An object that was
/// deleted and created again under the same name gives a `delete` and an `upsert`.
///
/// States: `idle` → `listing`; `listing` → `listing` (next page), `watching`, `waiting`; `watching` →
/// `watching`, `listing`, `waiting`; `waiting` → `listing`, `watching`.
public struct Reflector<Object: KubernetesObject>: Sendable {
  public struct Configuration: Hashable, Sendable {
    /// Objects a list page.
    public var pageSize: Int
    /// Objects kept track of at most; a server that lists more is an error, not a leak.
    public var maxObjects: Int
    /// A watch asks the server to end it after this long, spread up to twice this so that many do not end at
    /// once.
    public var watchTimeoutSeconds: Int
    public var backoff: Backoff
    /// A watch shorter than this counts as a failure, or an instantly closing server would be asked in a
    /// tight loop.
    public var shortestWatch: Duration

    public init(
      pageSize: Int = 500, maxObjects: Int = 200_000, watchTimeoutSeconds: Int = 290,
      backoff: Backoff = Backoff(base: .milliseconds(800), cap: .seconds(30), jitter: 0.5),
      shortestWatch: Duration = .seconds(1)
    ) {
      self.pageSize = max(pageSize, 1)
      self.maxObjects = max(maxObjects, 1)
      self.watchTimeoutSeconds = max(watchTimeoutSeconds, 1)
      self.backoff = backoff
      self.shortestWatch = shortestWatch
    }
  }

  public enum Input: Sendable {
    case start
    case page(ListPage<Object>)
    /// The watch's response head arrived with status 200.
    case watchOpened
    case event(WatchEvent<Object>)
    /// The stream ended in order.
    case watchEnded
    /// The list or watch failed, at its beginning or later.
    case failed(ClientError)
    case timer
  }

  public enum Action: Sendable {
    /// Ask for a page; answer with `page` or `failed`. `limit` nil: everything in one answer.
    case list(limit: Int?, continueToken: String?)
    /// Open a watch; answer with `watchOpened`, `event`s, and `watchEnded` or `failed`.
    case watch(resourceVersion: String, timeoutSeconds: Int)
    /// Close the watch that is open; no answer.
    case closeWatch
    /// Answer with `timer` at this instant.
    case wait(until: MonotonicInstant)
    case upsert(Object)
    case delete(ObjectKey, uid: String?)
    /// An object that exists but cannot be decoded.
    case undecodable(UndecodableObject)
    /// A list is complete: all that exists has been announced, and all that is gone too.
    case synced(resourceVersion: String)
    /// Contact was lost; announced once, then again only when the error changes.
    case troubled(ClientError)
    /// Contact is back.
    case recovered
  }

  private struct Version: Hashable, Sendable {
    var uid: String?
    var resourceVersion: String?
  }

  private struct Listing: Sendable {
    var seen: Set<ObjectKey> = []
    /// False once the server has lost a page: then everything is asked for in one answer.
    var isPaged = true
  }

  private struct Watching: Sendable {
    var resourceVersion: String
    var since: MonotonicInstant
    var isOpen = false
  }

  private enum Resumption: Sendable {
    case list(isPaged: Bool)
    case watch(resourceVersion: String)
  }

  private enum State: Sendable {
    case idle
    case listing(Listing)
    case watching(Watching)
    case waiting(Resumption, until: MonotonicInstant)
  }

  private let configuration: Configuration
  private var generator: SeededGenerator
  private var state = State.idle
  private var known: [ObjectKey: Version] = [:]
  private var failures = 0
  private var announced: ClientError?
  /// When the server was last heard: a page, an event or a bookmark. Nil before the first.
  public private(set) var lastHeard: MonotonicInstant?
  /// True once a list has completed.
  public private(set) var hasSynced = false

  public init(configuration: Configuration = Configuration(), seed: UInt64) {
    self.configuration = configuration
    generator = SeededGenerator(seed: seed)
  }

  /// Objects announced and not deleted.
  public var count: Int { known.count }

  /// Takes one input and says what to do. Inputs that do not belong to the state are ignored: they answer
  /// something that was already given up.
  public mutating func step(_ input: Input, at now: MonotonicInstant) -> [Action] {
    switch (state, input) {
    case (.idle, .start):
      return list(Listing())
    case (.listing(let listing), .page(let page)):
      state = .idle
      return receive(page, listing, at: now)
    case (.listing(let listing), .failed(let error)):
      // The server forgot the pages to come: in one answer there is nothing to forget.
      if error.isGone, listing.isPaged { return list(Listing(isPaged: false)) }
      return fail(error, resuming: .list(isPaged: true), at: now)
    case (.watching(var watching), .watchOpened):
      watching.isOpen = true
      watching.since = now
      state = .watching(watching)
      return hear(at: now)
    case (.watching(let watching), .event(let event)):
      return receive(event, watching, at: now)
    case (.watching(let watching), .watchEnded):
      return end(watching, at: now)
    case (.watching(let watching), .failed(let error)):
      if error.isGone { return listAgain(at: now) }
      return fail(error, resuming: .watch(resourceVersion: watching.resourceVersion), at: now)
    case (.waiting(let resumption, let until), .timer):
      guard now >= until else { return [.wait(until: until)] }
      switch resumption {
      case .list(let isPaged): return list(Listing(isPaged: isPaged))
      case .watch(let version): return watch(from: version, at: now)
      }
    default:
      return []
    }
  }
}

// MARK: Lists

extension Reflector {
  private mutating func list(_ listing: Listing) -> [Action] {
    state = .listing(listing)
    return [.list(limit: listing.isPaged ? configuration.pageSize : nil, continueToken: nil)]
  }

  /// The watch's place in history is gone. At once the first time; a server that forgets every place it has
  /// just given is asked ever more slowly.
  private mutating func listAgain(at now: MonotonicInstant) -> [Action] {
    failures = min(failures + 1, 1000)
    return failures == 1 ? list(Listing()) : wait(.list(isPaged: true), at: now)
  }

  private mutating func receive(
    _ page: ListPage<Object>, _ listing: Listing, at now: MonotonicInstant
  ) -> [Action] {
    var listing = listing
    var actions = hear(at: now)
    for object in page.items {
      listing.seen.insert(object.key)
      actions += announce(object)
    }
    for failure in page.undecodable {
      listing.seen.insert(failure.key)
      actions += announce(failure)
    }
    guard listing.seen.count <= configuration.maxObjects else {
      let error = ClientError.undecodable("the list has more than \(configuration.maxObjects) objects")
      return actions + fail(error, resuming: .list(isPaged: true), at: now)
    }
    if let token = page.continueToken {
      // A page that brings nothing and promises more would be asked for without end.
      guard !page.items.isEmpty || !page.undecodable.isEmpty else {
        let error = ClientError.undecodable("the server sent an empty list page and a continue token")
        return actions + fail(error, resuming: .list(isPaged: false), at: now)
      }
      state = .listing(listing)
      return actions + [.list(limit: configuration.pageSize, continueToken: token)]
    }
    for (key, version) in known.sorted(by: { $0.key < $1.key }) where !listing.seen.contains(key) {
      known[key] = nil
      actions.append(.delete(key, uid: version.uid))
    }
    hasSynced = true
    actions.append(.synced(resourceVersion: page.resourceVersion))
    return actions + watch(from: page.resourceVersion, at: now)
  }
}

// MARK: Watches

extension Reflector {
  private mutating func watch(from version: String, at now: MonotonicInstant) -> [Action] {
    state = .watching(Watching(resourceVersion: version, since: now))
    let base = configuration.watchTimeoutSeconds
    let spread = Int(generator.unit() * Double(base))
    return [.watch(resourceVersion: version, timeoutSeconds: base + spread)]
  }

  private mutating func receive(
    _ event: WatchEvent<Object>, _ watching: Watching, at now: MonotonicInstant
  ) -> [Action] {
    var watching = watching
    if case .error(let error) = event {
      if error.reason == .gone { return [.closeWatch] + listAgain(at: now) }
      let failure = ClientError.refused(error)
      return [.closeWatch]
        + fail(failure, resuming: .watch(resourceVersion: watching.resourceVersion), at: now)
    }
    failures = 0
    var actions = hear(at: now)
    switch event {
    case .added(let object), .modified(let object):
      advance(&watching, to: object.metadata.resourceVersion)
      actions += announce(object)
    case .deleted(let object):
      advance(&watching, to: object.metadata.resourceVersion)
      actions += forget(object.key, uid: object.metadata.uid)
    case .undecodable(let failure):
      advance(&watching, to: failure.resourceVersion)
      actions += failure.isDeletion ? forget(failure.key, uid: failure.uid) : announce(failure)
    case .bookmark(let version):
      advance(&watching, to: version)
    case .error:
      break
    }
    state = .watching(watching)
    guard known.count <= configuration.maxObjects else {
      let error = ClientError.undecodable("there are more than \(configuration.maxObjects) objects")
      return actions + [.closeWatch] + fail(error, resuming: .list(isPaged: true), at: now)
    }
    return actions
  }

  private func advance(_ watching: inout Watching, to version: String?) {
    if let version, !version.isEmpty { watching.resourceVersion = version }
  }

  private mutating func end(_ watching: Watching, at now: MonotonicInstant) -> [Action] {
    let lived = watching.since.duration(to: now)
    if watching.isOpen, lived >= configuration.shortestWatch {
      failures = 0
      return watch(from: watching.resourceVersion, at: now)
    }
    failures = min(failures + 1, 1000)
    return wait(.watch(resourceVersion: watching.resourceVersion), at: now)
  }
}

// MARK: What is known, and trouble

extension Reflector {
  private mutating func announce(_ object: Object) -> [Action] {
    let metadata = object.metadata
    let changes = learn(object.key, Version(uid: metadata.uid, resourceVersion: metadata.resourceVersion))
    return changes.map { $0 + [.upsert(object)] } ?? []
  }

  private mutating func announce(_ failure: UndecodableObject) -> [Action] {
    let changes = learn(failure.key, Version(uid: failure.uid, resourceVersion: failure.resourceVersion))
    return changes.map { $0 + [.undecodable(failure)] } ?? []
  }

  /// Nil when this version was announced already; otherwise what must be announced before it.
  private mutating func learn(_ key: ObjectKey, _ version: Version) -> [Action]? {
    let previous = known.updateValue(version, forKey: key)
    guard let previous else { return [] }
    if version.resourceVersion != nil, previous == version { return nil }
    if let old = previous.uid, let new = version.uid, old != new { return [.delete(key, uid: old)] }
    return []
  }

  private mutating func forget(_ key: ObjectKey, uid: String?) -> [Action] {
    guard let version = known[key] else { return [] }
    // The end of an object whose successor is already known says nothing about the successor.
    if let uid, let current = version.uid, uid != current { return [] }
    known[key] = nil
    return [.delete(key, uid: version.uid)]
  }

  private mutating func hear(at now: MonotonicInstant) -> [Action] {
    lastHeard = now
    guard announced != nil else { return [] }
    announced = nil
    return [.recovered]
  }

  private mutating func fail(
    _ error: ClientError, resuming resumption: Resumption, at now: MonotonicInstant
  ) -> [Action] {
    failures = min(failures + 1, 1000)
    var actions: [Action] = []
    if announced != error {
      announced = error
      actions.append(.troubled(error))
    }
    return actions + wait(resumption, at: now)
  }

  private mutating func wait(_ resumption: Resumption, at now: MonotonicInstant) -> [Action] {
    let until = now.advanced(by: configuration.backoff.delay(afterFailure: failures, using: &generator))
    state = .waiting(resumption, until: until)
    return [.wait(until: until)]
  }
}
