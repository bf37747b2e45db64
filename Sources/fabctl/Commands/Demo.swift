import ArgumentParser
import Foundation
import MockPLC

struct Demo: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "A mock plant, a temporary Git repository and the dashboard, in one command.",
    discussion: """
      Ten mock PLCs on free ports of the loopback, with processes that move and setpoints that somebody keeps turning;
      their manifests in a temporary repository with commits by two authors; then `fabctl watch` on it. Everything is
      gone when it ends, unless --keep is given.
      """)

  @OptionGroup var look: WatchOptions

  @Option(help: "What the chaos comes from: the same seed drifts alike.")
  var seed: UInt64 = 1

  @Flag(help: "Never write to a device: watch it drift away.")
  var observe = false

  @Flag(help: ArgumentHelp("Show a still picture of a made-up plant; nothing runs.", visibility: .hidden))
  var still = false

  @Option(help: ArgumentHelp("Keep the repository in this new folder.", valueName: "folder"))
  var keep: String?

  @Option(
    help: ArgumentHelp(
      "Serve /metrics, /healthz and the read-only API here, such as 127.0.0.1:8080.", valueName: "address"))
  var metrics: String?

  @OptionGroup(title: "Logging") var log: LogOptions

  func run() async throws {
    if look.theme == "list" { return try ThemeShelf.printList() }
    if still { return try await StillPicture(look: look).run() }
    let fleet = try await MockFleet.start(DemoPlant.configuration(seed: seed))
    let scratch = FileManager.default.temporaryDirectory
      .appendingPathComponent("fabctl-demo-\(getpid())-\(UInt32.random(in: 0 ... .max))")
    let folder = keep.map { URL(fileURLWithPath: $0) } ?? scratch
    defer { if keep == nil { try? FileManager.default.removeItem(at: scratch) } }
    do {
      try await DemoRepository(folder: folder, ports: fleet.ports).create()
      // The demo's state is its own: it neither finds nor leaves anything in the user's.
      setenv("XDG_STATE_HOME", scratch.appendingPathComponent("state").path, 1)
      let source = try SourceOptions.parse(["--git", folder.path])
      let wish = WatchedEngine.Wish(observe: observe, operators: try OperatorOptions.parse([]))
      try await WatchSession(source: source, look: look, wish: wish, metrics: metrics, log: log).run()
    } catch {
      await fleet.stop()
      throw error
    }
    await fleet.stop()
  }
}
