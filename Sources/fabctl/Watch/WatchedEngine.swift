import Cluster
import Fleet
import Foundation
import Kubernetes
import LocalEngine
import Logging

/// The engine behind a dashboard, whichever it is, and how to end it.
enum WatchedEngine {
  case local(LocalSession)
  case attached(ClusterEngine)

  /// What was asked for on the command line.
  struct Wish {
    var observe = false
    /// To the process on this host that controls the source's devices.
    var attach = false
    var allowSync = false
    /// Parsed, for one that is not ends the process when it is asked.
    var operators: OperatorOptions
  }

  static func open(
    _ source: SourceOptions, _ wish: Wish, _ logger: Logger
  ) async throws -> WatchedEngine {
    switch try source.target() {
    case .local(let choice):
      try wish.refuseClusterOptions()
      if wish.attach { return .attached(try ControllerSocket.engine(choice)) }
      return .local(
        try await LocalSession.open(source, wish.observe ? .observe : .control, logger: logger))
    case .cluster(let choices):
      let operators = try wish.operators(choices)
      return .attached(
        ClusterEngine(
          sites: choices.map { $0.site(operators) }, allowSync: wish.allowSync, userAgent: Build.userAgent,
          environment: ProcessInfo.processInfo.environment))
    }
  }

  /// What can be refused without opening anything.
  static func check(_ source: SourceOptions, _ wish: Wish) throws {
    switch try source.target() {
    case .local(let choice):
      try wish.refuseClusterOptions()
      _ = try choice.parsedOrigin()
    case .cluster(let choices): _ = try wish.operators(choices)
    }
  }

  var engine: any FleetEngine {
    switch self {
    case .local(let session): session.engine
    case .attached(let engine): engine
    }
  }

  /// Why it only observes though control was asked for; empty otherwise.
  var observeReason: String {
    if case .local(let session) = self { return session.observeReason }
    return ""
  }

  func close() async {
    switch self {
    case .local(var session): await session.close()
    case .attached(let engine): engine.stop()
    }
  }
}

/// Lets others on this host attach to a screen that controls; without a socket the screen goes on all the same.
struct SharedSocket {
  private var socket: ControllerSocket?
  private var serving: Task<Void, Never>?

  init(_ watched: WatchedEngine, _ source: SourceOptions) {
    guard case .local(let session) = watched, session.mode == .control, let choice = try? source.choice()
    else { return }
    let socket = ControllerSocket(LocalSession.directory(choice))
    self.socket = socket
    serving = try? socket.serve(session.engine, logger: FleetReading.quietLogger) { _ in }
  }

  /// While this process still holds the lock: nobody else's socket is there yet.
  func end() async {
    serving?.cancel()
    await serving?.value
    socket?.clear()
  }
}

extension WatchedEngine.Wish {
  func refuseClusterOptions() throws {
    if allowSync { throw OperatorOptions.isOfClusters("--allow-sync") }
    try operators.refuse()
  }

  func operators(_ choices: [ClusterChoice]) throws -> Site.Operators {
    if attach {
      throw CommandFailure(
        .usage,
        "fabctl: --attach is for a process on this host: say --git PATH; a cluster is attached to anyway")
    }
    return try operators.operators(choices)
  }
}
