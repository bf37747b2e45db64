import Control
import Fleet
import Foundation
import HTTPTypes
import HummingbirdCore
import Logging
import NIOCore
import NIOPosix
import Synchronization

/// Where to listen and how much to bear.
public struct ObservabilityOptions: Sendable {
  /// Loopback unless asked for otherwise.
  public var host = "127.0.0.1"
  /// 0: any free port, told by `onListening`.
  public var port = 8080
  /// A Unix-domain socket to listen on instead of `host` and `port`; only its owner can connect. The path must be
  /// free: who may take a left-over one away is the caller's to know.
  public var socketPath: String?
  /// Further connections wait in the kernel. Before that, with an eighth of them left, those that have had nothing to
  /// be answered for a second make room: a health probe finds a seat however many others just sit there.
  public var maxConnections = 128
  public var maxStreams = 32
  /// Answers of more than a megabyte that are being read at one time.
  public var maxLargeBodies = 8
  /// How long a reader may take for a piece of 16 kB before it is dropped.
  public var readerPatience: Duration = .seconds(30)
  /// How long a connection may be idle after an answer.
  public var idleTimeout: Duration = .seconds(60)
  /// How long a request may take to arrive as a whole.
  public var requestPatience: Duration = .seconds(10)
  /// How long a request waits for the engine.
  public var enginePatience: Duration = .seconds(5)
  /// A line is sent at least this often, so that both ends notice a dead peer.
  public var pingEvery: Duration = .seconds(15)
  /// For `fabgitops_build_info`.
  public var version = "dev"

  public init() {}

  /// Where a service listens when nobody says so: on every interface of a container, whose network is its own, and on
  /// the loopback of anything else.
  public static func standardAddress(
    _ environment: [String: String], exists: (String) -> Bool = FileManager.default.fileExists
  ) -> String {
    let isContainer =
      environment["KUBERNETES_SERVICE_HOST"] != nil || environment["container"] != nil
      || exists("/.dockerenv") || exists("/run/.containerenv")
    return isContainer ? "0.0.0.0:8080" : "127.0.0.1:8080"
  }

  /// `127.0.0.1:8080`, `:8080` (every interface), `[::1]:8080`, `8080` (loopback); `nil`: none of these.
  public init?(listen text: String) {
    let pieces = text.lastIndex(of: ":").map { (text[..<$0], text[text.index(after: $0)...]) }
    let (host, digits) = pieces ?? ("127.0.0.1", text[...])
    guard let port = UInt16(digits) else { return nil }
    let isBracketed = host.hasPrefix("[") && host.hasSuffix("]") && host.count > 2
    guard isBracketed || !host.contains(where: { ":[]".contains($0) }) else { return nil }
    self.host = host.isEmpty ? "0.0.0.0" : String(isBracketed ? host.dropFirst().dropLast() : host)
    self.port = Int(port)
  }
}

/// The read-only HTTP endpoints: it knows `GET` and `HEAD`, and asks the engine for nothing but what it shows.
///
/// It runs on a thread of its own, so that readers take nothing from the engine's event loop.
public final class ObservabilityServer: Sendable {
  private let responder: EndpointResponder
  private let options: ObservabilityOptions
  private let logger: Logger
  private let onListening: @Sendable (Int) async -> Void

  /// - Parameter onListening: called with the port once connections are accepted.
  public init(
    engine: any FleetEngine, registry: MetricRegistry, options: ObservabilityOptions = .init(),
    logger: Logger,
    now: @escaping @Sendable () -> WallTime, onListening: @escaping @Sendable (Int) async -> Void = { _ in }
  ) {
    responder = EndpointResponder(engine: engine, registry: registry, options: options, now: now)
    self.options = options
    self.logger = logger
    self.onListening = onListening
  }

  /// Serves until the task is cancelled; throws when the address cannot be had.
  public func run() async throws {
    let group = ServerThreads.take()
    defer { ServerThreads.giveBack(group) }
    let connections = OpenConnections(seats: options.maxConnections - max(1, options.maxConnections / 8))
    var quiet = logger
    quiet.logLevel = max(logger.logLevel, .warning)
    let (options, idle) = (options, TimeAmount(options.idleTimeout))
    let listening = Door()
    let dates = DateStamp()
    // Not an Application: that renews its date each second also when nobody asks.
    let server = HTTPServerBuilder.http1(
      configuration: .init(
        additionalChannelHandlers: [
          RequestGate(
            patience: options.requestPatience, idle: options.idleTimeout, reader: options.readerPatience,
            connections: connections)
        ],
        idleTimeout: idle,
        httpDecoderConfiguration: .init(
          maxHeaderFieldSize: 8 * 1024, maxHeaderListSize: 16 * 1024, maxHeaderFieldCount: 100)))
    let service = try server.buildServer(
      configuration: .init(
        address: options.socketPath.map { .unixDomainSocket(path: $0) }
          ?? .hostname(options.host, port: options.port),
        availableConnectionsDelegate: .maximum(options.maxConnections, logger: quiet)),
      eventLoopGroup: group, logger: quiet,
      responder: { [responder] request, writer, channel in
        var response = await responder.respond(to: request, context: EndpointContext(channel: channel))
        response.headers[.date] = dates.text(at: responder.now())
        try await writer.write(response: response.head, body: response.body)
      },
      onServerRunning: { [onListening, logger, options] channel in
        listening.opened(channel)
        if let path = options.socketPath {
          chmod(path, 0o600)
          logger.info("Serving the read-only API", metadata: ["socket": "\(path)"])
          return await onListening(0)
        }
        let port = channel.localAddress?.port ?? 0
        logger.info("Serving metrics and the read-only API", metadata: ["port": "\(port)"])
        await onListening(port)
      })
    let result = await Self.run(service.run, listening: listening, on: group)
    connections.close()
    try result.get()
  }

  /// Until cancelled. Then no more connections are taken in, before anything else ends: one that is half taken in
  /// when its server ends takes the process down (NIO's asynchronous writers insist on being finished). Requests under
  /// way have a second to be answered: one that never arrives whole must not keep the process from ending.
  private static func run(
    _ serve: @escaping @Sendable () async throws -> Void, listening: Door,
    on group: MultiThreadedEventLoopGroup
  ) async -> Result<Void, any Error> {
    let loop = group.next()
    let ended = loop.makePromise(of: Void.self)
    let serving = Task.detached { try await serve() }
    Task.detached { ended.completeWith(await serving.result) }
    do {
      return .success(
        try await withTaskCancellationHandler {
          try await ended.futureResult.get()
        } onCancel: {
          listening.stopTaking()
          loop.scheduleTask(in: .milliseconds(100)) { listening.close() }
          // Not before it has heard of that: it would complain in the log of having been cancelled.
          loop.scheduleTask(in: .milliseconds(150)) { serving.cancel() }
          loop.scheduleTask(in: .seconds(1)) { ended.succeed() }
        })
    } catch {
      return .failure(error)
    }
  }
}

/// Threads that servers ran on, for the next one. They are never ended: Hummingbird lets go of a server some time after
/// it has ended and then leaves a last word on its event loop, and NIO takes a word on a loop that has ended for a
/// mistake, which it writes to standard error, and a standard error that cannot be written for a reason to end the process.
private enum ServerThreads {
  private static let idle = Mutex<[MultiThreadedEventLoopGroup]>([])

  static func take() -> MultiThreadedEventLoopGroup {
    idle.withLock { $0.popLast() } ?? MultiThreadedEventLoopGroup(numberOfThreads: 1)
  }

  static func giveBack(_ group: MultiThreadedEventLoopGroup) { idle.withLock { $0.append(group) } }
}

/// The connections of a server: to be closed when it has ended and they have not, or when others need their seats.
final class OpenConnections: Sendable {
  /// So long nobody has to go: its request may be under way.
  static let grace: TimeAmount = .seconds(1)

  private struct State {
    var channels: [ObjectIdentifier: any Channel] = [:]
    /// Those with no request to be answered, since when, and in which order.
    var waiting: [ObjectIdentifier: (since: NIODeadline, number: UInt64)] = [:]
    private var lastNumber: UInt64 = 0
    var isLooking = false
    var isClosed = false

    mutating func wait(_ id: ObjectIdentifier, since now: NIODeadline) {
      lastNumber &+= 1
      waiting[id] = (now, lastNumber)
    }

    /// The one that has waited longest, if longer than the grace; no longer listed.
    mutating func takeLongestWaiting(at now: NIODeadline) -> (any Channel)? {
      guard let longest = waiting.min(by: { $0.value.number < $1.value.number }),
        now - longest.value.since >= grace
      else { return nil }
      return remove(longest.key)
    }

    mutating func remove(_ id: ObjectIdentifier) -> (any Channel)? {
      waiting[id] = nil
      return channels.removeValue(forKey: id)
    }
  }

  private let seats: Int
  private let state = Mutex(State())

  /// - Parameter seats: with more than so many, those that have waited longest go.
  init(seats: Int = .max) { self.seats = max(1, seats) }

  /// One that comes too late is closed.
  func enter(_ channel: any Channel) {
    let now = channel.eventLoop.now
    let (isLate, isCrowded) = state.withLock { state in
      if state.isClosed { return (true, false) }
      let id = ObjectIdentifier(channel)
      state.channels[id] = channel
      state.wait(id, since: now)
      return (false, state.channels.count > seats)
    }
    if isLate { channel.close(promise: nil) }
    if isCrowded { makeRoom(on: channel.eventLoop) }
  }

  /// Now, and again for as long as there are too many: those that came last must have had their time.
  private func makeRoom(on loop: any EventLoop, again: Bool = false) {
    let now = loop.now
    let (leaving, looksAgain) = state.withLock { state in
      var leaving: [any Channel] = []
      while state.channels.count > seats, let next = state.takeLongestWaiting(at: now) {
        leaving.append(next)
      }
      let looksAgain = state.channels.count > seats && (again || !state.isLooking)
      if looksAgain || again { state.isLooking = looksAgain }
      return (leaving, looksAgain)
    }
    for channel in leaving { channel.close(promise: nil) }
    if looksAgain {
      loop.scheduleTask(in: Self.grace) { [weak self] in self?.makeRoom(on: loop, again: true) }
    }
  }

  /// A request of it has arrived as a whole.
  func answers(_ channel: any Channel) { state.withLock { $0.waiting[ObjectIdentifier(channel)] = nil } }

  /// It has been answered, and another request may come.
  func waits(_ channel: any Channel) {
    let now = channel.eventLoop.now
    state.withLock { state in
      let id = ObjectIdentifier(channel)
      if state.channels[id] != nil { state.wait(id, since: now) }
    }
  }

  func leave(_ channel: any Channel) { state.withLock { _ = $0.remove(ObjectIdentifier(channel)) } }

  func close() {
    let open = state.withLock { state in
      state.isClosed = true
      defer { (state.channels, state.waiting) = ([:], [:]) }
      return state.channels.values
    }
    for channel in open { channel.close(promise: nil) }
  }
}

/// The socket that connections come in by, once there is one.
private final class Door: Sendable {
  private let channel = Mutex<(any Channel)?>(nil)

  func opened(_ channel: any Channel) { self.channel.withLock { $0 = channel } }

  /// Those that knock wait in the kernel from here on.
  func stopTaking() { channel.withLock { _ = $0?.setOption(.autoRead, value: false) } }

  func close() { channel.withLock { $0?.close(promise: nil) } }
}
