import Cluster
import Fleet
import Foundation
import Kubernetes
import LocalEngine
import Logging
import Observability

/// The Unix-domain socket by which a controller (`fabctl run`, `fabctl watch`) shows what it sees to `fabctl watch
/// --attach` on the same host: in the device set's state directory, for its owner only.
struct ControllerSocket {
  let path: String

  init(_ directory: StateDirectory) { path = directory.path + "/api.sock" }

  /// As the kernel takes it: its limit is 107 bytes, and a directory that is named by an open descriptor is short.
  /// The descriptor stays open as long as the process.
  func address() throws -> String {
    guard path.utf8.count > Self.longest else { return path }
    let folder = (path as NSString).deletingLastPathComponent
    let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else {
      throw CommandFailure(
        .unreachable, "fabctl: \(folder): \(String(cString: strerror(errno)))")
    }
    return "/proc/self/fd/\(descriptor)/\((path as NSString).lastPathComponent)"
  }

  private static let longest = 107

  /// Takes away what a controller that was killed has left. Only for the one who holds the lock.
  func clear() {
    var info = stat()
    guard lstat(path, &info) == 0, info.st_mode & S_IFMT == S_IFSOCK else { return }
    unlink(path)
  }

  /// Serves the read-only API until the task is cancelled, after taking away what another controller may have left.
  /// Only for the one who holds the lock. That it cannot be served is told, and the control loop goes on without.
  func serve(
    _ engine: any FleetEngine, logger: Logger, failed: @escaping @Sendable (any Error) -> Void
  ) throws -> Task<Void, Never> {
    clear()
    var options = ObservabilityOptions()
    options.socketPath = try address()
    options.version = Build.version
    let server = ObservabilityServer(
      engine: engine, registry: MetricRegistry(), options: options, logger: logger, now: DashboardRuntime.now)
    return Task.detached {
      do {
        try await server.run()
      } catch {
        if !Task.isCancelled { failed(error) }
      }
    }
  }

  /// Whether somebody listens. A file alone says nothing: a killed process leaves it.
  var isServed: Bool {
    get throws {
      let address = try address()
      let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
      guard descriptor >= 0 else { return false }
      defer { close(descriptor) }
      var name = sockaddr_un()
      name.sun_family = sa_family_t(AF_UNIX)
      withUnsafeMutableBytes(of: &name.sun_path) { field in
        field.copyBytes(from: address.utf8.prefix(field.count - 1))
      }
      return withUnsafePointer(to: &name) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
          connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0
        }
      }
    }
  }

  /// The engine that shows what the controller of a source on this host sees.
  static func engine(_ choice: SourceChoice) throws -> ClusterEngine {
    let directory = LocalSession.directory(choice)
    let socket = ControllerSocket(directory)
    // Without a state directory nobody has ever controlled them.
    guard access(directory.path, X_OK) == 0, try socket.isServed else {
      let who = Controller.current(directory).map { "\($0) controls them, and cannot be attached to" }
      throw CommandFailure(
        .unreachable,
        "fabctl: nothing to attach to for \(choice.git): \(who ?? "nobody controls these devices"); start "
          + "`fabctl run --git \(choice.git)`, or watch without --attach")
    }
    var server = ClusterConfiguration.Server(socketPath: try socket.address())
    server.host = "localhost"
    return ClusterEngine(
      sites: [Site(name: choice.git, api: server)], userAgent: Build.userAgent,
      environment: ProcessInfo.processInfo.environment)
  }
}
