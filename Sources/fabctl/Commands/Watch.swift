import ArgumentParser
import CBareSystem
import Control
import Dashboard
import Fleet
import Foundation
import LocalEngine
import Logging
import NcursesTerminal
import Terminal
import ThemeFiles

struct Watch: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "The dashboard: Git vs Reality, live, with manual sync.",
    discussion: """
      With --git, runs the control loop in this process: polls the PLCs, shows drift, and corrects it where that is
      allowed. With --observe it never writes. One process controls a device set at a time; a second one says who does
      and observes; --attach shows what a `fabctl run` on this host sees.
      With --context, attaches to a cluster, read-only: shows what its operator sees.
      """)

  @OptionGroup var source: SourceOptions
  @OptionGroup var look: WatchOptions

  @Flag(help: "Never write to a device.")
  var observe = false

  @Flag(help: "Show what the process on this host that controls the devices sees; poll nothing.")
  var attach = false

  @Flag(help: "Cluster mode: let `s` ask the operator for a sync.")
  var allowSync = false

  @OptionGroup var operators: OperatorOptions

  @Option(
    help: ArgumentHelp(
      "Serve /metrics, /healthz and the read-only API here, such as 127.0.0.1:8080.", valueName: "address"))
  var metrics: String?

  @OptionGroup(title: "Logging") var log: LogOptions

  func validate() throws {
    if observe, attach { throw ValidationError("--attach observes already: leave --observe out") }
  }

  func run() async throws {
    if look.theme == "list" { return try ThemeShelf.printList() }
    let wish = WatchedEngine.Wish(
      observe: observe, attach: attach, allowSync: allowSync, operators: operators)
    try await WatchSession(source: source, look: look, wish: wish, metrics: metrics, log: log).run()
  }
}

/// One run of the dashboard, or of the plain lines, over an engine.
struct WatchSession {
  var source: SourceOptions
  var look: WatchOptions
  var wish: WatchedEngine.Wish
  /// Where to serve the metrics; `nil`: nowhere.
  var metrics: String?
  var log: LogOptions

  func run() async throws {
    let settling = EngineStart.whenOver { giveBackMemory() }
    defer { settling.cancel() }
    // What can be refused is refused before the terminal is taken over.
    let looks = try DashboardLook(look)
    try WatchedEngine.check(source, wish)
    let endpoint = try metrics.map { try MetricsEndpoint(listen: $0) }
    // The plain lines tell every change on standard output; a log beside them is for who asks for one.
    let log = try look.wantsPlain && !log.isWanted ? nil : startLog()
    defer { log?.close() }
    let logger = log?.logger ?? FleetReading.quietLogger
    if look.wantsPlain { return try await runPlain(endpoint, logger) }
    let terminal = try looks.openTerminal()
    let watched: WatchedEngine
    do {
      watched = try await WatchedEngine.open(source, wish, logger)
    } catch {
      terminal.close()
      throw error
    }
    let settings = looks.settings(watched.engine.capabilities, glyphs: terminal.glyphs)
    let runtime = DashboardRuntime(engine: watched.engine, terminal: terminal, themes: looks.shelf.themes)
    if let mistake = looks.toldAtOnce { runtime.tell(mistake) }
    let serving = endpoint?.serve(watched.engine, logger) { runtime.tell($0) }
    let shared = SharedSocket(watched, source)
    let end = await runtime.run(settings)
    serving?.cancel()
    terminal.close()
    // What is left to do (writes under way, above all) must not end for want of it.
    leaveLostTerminal()
    await shared.end()
    await watched.close()
    if end == .interrupted { throw ExitCode(ExitStatus.interrupted.rawValue) }
  }

  /// A dashboard has the screen; its log is a file beside the journal, or in the state directory where it attaches.
  private func startLog() throws -> RunningLog {
    guard !look.wantsPlain else { return try log.start(standard: nil) }
    let directory: StateDirectory
    if case .local(let choice) = try source.target() {
      directory = LocalSession.directory(choice)
    } else {
      directory = StateDirectory(
        origin: "clusters", subPath: "", environment: ProcessInfo.processInfo.environment)
    }
    try? directory.create()
    return try log.start(standard: LogOptions.standardFile(directory))
  }

  private func runPlain(_ endpoint: MetricsEndpoint?, _ logger: Logger) async throws {
    let signals = StopSignals()
    let watched = try await WatchedEngine.open(source, wish, logger)
    if !watched.observeReason.isEmpty { Console.error("fabctl: observing only: \(watched.observeReason)") }
    let engine = watched.engine
    let serving = endpoint?.serve(engine, logger) { Console.error("fabctl: \($0)") }
    let shared = SharedSocket(watched, source)
    let json = look.output == .json
    let number = await withTaskGroup(of: Int32?.self) { group in
      group.addTask {
        var plain = PlainWatch(json: json)
        for await snapshot in engine.snapshots() {
          for line in plain.news(snapshot) { Console.error("fabctl: \(line)") }
          for line in plain.lines(snapshot) { Console.out(line) }
          // Nobody reads: the end is the ordinary one, and what it controlled is given back.
          if Console.outIsGone { break }
        }
        return nil
      }
      group.addTask {
        for await number in signals.stream { return number }
        return nil
      }
      let first = await group.next() ?? nil
      group.cancelAll()
      return first
    }
    serving?.cancel()
    await shared.end()
    await watched.close()
    if number == SIGINT { throw ExitCode(ExitStatus.interrupted.rawValue) }
  }
}
