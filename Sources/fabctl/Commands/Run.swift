import ArgumentParser
import CBareSystem
import Control
import Fleet
import Foundation
import LocalEngine
import Logging
import Observability

/// The control loop without a screen, for an edge controller under systemd.
struct Run: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "The control loop without a screen: for an edge controller.",
    discussion: """
      Polls the PLCs of a repository and corrects drift where that is allowed, until it is told to end. It serves the
      read-only API on a socket in the state directory, to which `fabctl watch --attach` on the same host attaches, and
      with --metrics over HTTP. Logs go to stderr. It tells systemd when it is ready (Type=notify). Exit codes: 0 ended
      by SIGTERM; 2 wrong usage; 4 another process controls these devices; 130 ended by SIGINT.
      """)

  @OptionGroup var source: SourceOptions

  @Flag(help: "Never write to a device.")
  var observe = false

  @Option(
    help: ArgumentHelp(
      "Serve /metrics, /healthz and the read-only API here, too, such as 127.0.0.1:8080.",
      valueName: "address"))
  var metrics: String?

  @OptionGroup(title: "Logging") var log: LogOptions

  func run() async throws {
    guard case .local(let choice) = try source.target() else {
      throw CommandFailure(
        .usage, "fabctl: run works on a repository: say --git PATH; in a cluster the operator does this")
    }
    let signals = StopSignals()
    let log = try log.start(standard: nil)
    let logger = log.logger
    defer { log.close() }
    let endpoint = try metrics.map { try MetricsEndpoint(listen: $0) }
    var session: LocalSession
    do {
      session = try await LocalSession.open(
        source, observe ? .observe : .mustControl, logger: logger, waiting: signals)
    } catch let stopped as LockPatience.Stopped {
      if stopped.signal == SIGINT { throw ExitCode(ExitStatus.interrupted.rawValue) }
      return
    }
    let socket = ControllerSocket(LocalSession.directory(choice))
    var serving: [Task<Void, Never>] = []
    if let endpoint { serving.append(endpoint.serve(session.engine, logger) { logger.error("\($0)") }) }
    // An observer leaves the socket to the controller.
    if !observe {
      serving.append(
        try socket.serve(session.engine, logger: logger) {
          logger.error("Nothing can attach", metadata: ["error": "\($0)"])
        })
    }
    let settling = EngineStart.whenOver { giveBackMemory() }
    defer { settling.cancel() }
    ServiceNotice.send("READY=1\nSTATUS=holding the fleet to \(choice.git)")
    let number = await firstSignal(signals)
    ServiceNotice.send("STOPPING=1")
    logger.info("Stopping", metadata: ["signal": "\(number)"])
    for task in serving { task.cancel() }
    for task in serving { await task.value }
    // While this process still holds the lock: nobody else's socket is there yet.
    if !observe { socket.clear() }
    await session.close()
    if number == SIGINT { throw ExitCode(ExitStatus.interrupted.rawValue) }
  }

  private func firstSignal(_ signals: StopSignals) async -> Int32 {
    for await number in signals.stream { return number }
    return SIGTERM
  }
}

/// Tells the service manager how the process is (sd_notify(3)); does nothing where there is none.
enum ServiceNotice {
  static func send(_ text: String) {
    guard let path = ProcessInfo.processInfo.environment["NOTIFY_SOCKET"],
      path.hasPrefix("/") || path.hasPrefix("@"),
      path.utf8.count < 107
    else { return }
    let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { return }
    defer { close(descriptor) }
    var name = sockaddr_un()
    name.sun_family = sa_family_t(AF_UNIX)
    // A name that begins with @ is in the abstract namespace, where the first byte is zero.
    var bytes = Array(path.utf8)
    if path.hasPrefix("@") { bytes[0] = 0 }
    withUnsafeMutableBytes(of: &name.sun_path) { $0.copyBytes(from: bytes) }
    let length = MemoryLayout<sa_family_t>.size + bytes.count
    _ = withUnsafePointer(to: &name) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
        text.withCString {
          sendto(descriptor, $0, strlen($0), Int32(MSG_NOSIGNAL), address, socklen_t(length))
        }
      }
    }
  }
}
