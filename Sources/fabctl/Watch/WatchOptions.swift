import ArgumentParser
import Control
import Dashboard
import Foundation
import NcursesTerminal
import Terminal
import ThemeFiles

/// How the dashboard looks; shared by `watch` and `demo`.
struct WatchOptions: ParsableArguments {
  @Option(help: "Colour theme; `fabctl watch --theme list` names them.")
  var theme: String = "isa101"

  @Flag(help: "Draw with 7-bit characters only (chosen by itself where the locale is not UTF-8).")
  var ascii = false

  @Flag(
    inversion: .prefixedNo,
    help: "Report the mouse to the dashboard (takes away the terminal's own selection).")
  var mouse = false

  @Option(help: "Frames a second at most, 1 to 60.")
  var fps: Int = 10

  @Flag(help: "No dashboard: print one line for each change.")
  var plain = false

  @Option(name: .shortAndLong, help: "With `json`: one JSON object for each change, for pipes.")
  var output: Format?

  enum Format: String, ExpressibleByArgument, CaseIterable { case json }

  func validate() throws {
    guard (1...60).contains(fps) else { throw ValidationError("--fps \(fps) is outside 1...60") }
  }

  /// Without a terminal on stdout there is no dashboard to draw.
  var wantsPlain: Bool { plain || output != nil || !Console.outIsTerminal }
}
