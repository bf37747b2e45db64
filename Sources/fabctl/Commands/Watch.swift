import ArgumentParser
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
      Runs the control loop in this process: polls the PLCs, shows drift, and corrects it where that is allowed.
      With --observe it never writes. One process controls a device set at a time; a second one says who does and
      observes.
      """)

  @OptionGroup var source: SourceOptions
  @OptionGroup var look: WatchOptions

  @Flag(help: "Never write to a device.")
  var observe = false

  @Option(
    help: ArgumentHelp(
      "Serve /metrics, /healthz and the read-only API here, such as 127.0.0.1:8080.", valueName: "address"))
  var metrics: String?

  func run() async throws {
    if look.theme == "list" { return try ThemeShelf.printList() }
    try await WatchSession(source: source, look: look, observe: observe, metrics: metrics).run()
  }
}

/// One run of the dashboard, or of the plain lines, over a local engine.
struct WatchSession {
  var source: SourceOptions
  var look: WatchOptions
  var observe: Bool
  /// Where to serve the metrics; `nil`: nowhere.
  var metrics: String?

  func run() async throws {
    // What can be refused is refused before the terminal is taken over.
    let looks = try DashboardLook(look)
    _ = try source.origin()
    let endpoint = try metrics.map { try MetricsEndpoint(listen: $0) }
    if look.wantsPlain { return try await runPlain(endpoint) }
    let terminal = try looks.openTerminal()
    var session: LocalSession
    do {
      session = try await LocalSession.open(
        source, observe ? .observe : .control, logger: FleetReading.quietLogger)
    } catch {
      terminal.close()
      throw error
    }
    let settings = looks.settings(session.engine.capabilities, glyphs: terminal.glyphs)
    let runtime = DashboardRuntime(engine: session.engine, terminal: terminal, themes: looks.shelf.themes)
    for problem in looks.problems.prefix(1) { runtime.tell(problem) }
    let serving = endpoint?.serve(session.engine) { runtime.tell($0) }
    let end = await runtime.run(settings)
    serving?.cancel()
    terminal.close()
    await session.close()
    if end == .interrupted { throw ExitCode(ExitStatus.interrupted.rawValue) }
  }

  private func runPlain(_ endpoint: MetricsEndpoint?) async throws {
    let signals = StopSignals()
    var session = try await LocalSession.open(
      source, observe ? .observe : .control, logger: FleetReading.quietLogger)
    if !session.observeReason.isEmpty { Console.error("fabctl: observing only: \(session.observeReason)") }
    let engine = session.engine
    let serving = endpoint?.serve(engine) { Console.error("fabctl: \($0)") }
    let json = look.output == .json
    let number = await withTaskGroup(of: Int32?.self) { group in
      group.addTask {
        var plain = PlainWatch(json: json)
        for await snapshot in engine.snapshots() {
          for line in plain.lines(snapshot) { Console.out(line) }
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
    await session.close()
    if number == SIGINT { throw ExitCode(ExitStatus.interrupted.rawValue) }
  }
}
