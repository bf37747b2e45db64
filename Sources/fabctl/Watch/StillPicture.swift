import Dashboard
import Terminal

/// The dashboard over the sample plant, at a time that stands still: the same screen on every terminal, for pictures
/// and for tests of terminals.
struct StillPicture {
  var look: WatchOptions

  func run() async throws {
    let looks = try DashboardLook(look)
    let terminal = try looks.openTerminal()
    let engine = SampleEngine()
    var settings = looks.settings(engine.capabilities, glyphs: terminal.glyphs) { _ in 3600 }
    settings.operatorName = "ada"
    let runtime = DashboardRuntime(
      engine: engine, terminal: terminal, themes: looks.shelf.themes, clock: { SamplePlant.now })
    if let mistake = looks.toldAtOnce { runtime.tell(mistake) }
    _ = await runtime.run(settings)
    terminal.close()
  }
}
