import ArgumentParser
import Control
import Dashboard
import Foundation
import NcursesTerminal
import Terminal
import ThemeFiles

/// How the dashboard looks; shared by `watch` and `demo`. What is not said here is taken from the user's
/// `dashboard.yaml`, and else is as it ships.
struct WatchOptions: ParsableArguments {
  @Option(help: "Colour theme, or a theme file; `fabctl themes` lists and previews them.")
  var theme: String?

  @Flag(help: "Draw with 7-bit characters only (chosen by itself where the locale is not UTF-8).")
  var ascii = false

  @Flag(
    inversion: .prefixedNo,
    help: "Report the mouse to the dashboard, or not (it takes away the terminal's own selection).")
  var mouse: Bool?

  @Option(help: "Frames a second at most, 1 to 60; 10 unless your dashboard.yaml says otherwise.")
  var fps: Int?

  @Option(help: "Show only these devices at first, such as `drift zone=a`; `/` changes it.")
  var filter: String?

  @Option(help: "Order of the list at first: \(DashboardWords.sorts.joined(separator: ", ")).")
  var sort: String?

  @Option(help: ArgumentHelp("Group the list: tag, phase, status, namespace or a label.", valueName: "by"))
  var group: String?

  @Option(
    help: ArgumentHelp(
      "Preferences instead of $XDG_CONFIG_HOME/fabgitops/dashboard.yaml.", valueName: "file"),
    completion: .file(extensions: ["yaml"]))
  var config: String?

  @Flag(help: "No dashboard: print one line for each change.")
  var plain = false

  @Option(name: .shortAndLong, help: "With `json`: one JSON object for each change, for pipes.")
  var output: Format?

  enum Format: String, ExpressibleByArgument, CaseIterable { case json }

  func validate() throws {
    if let fps, !(1...60).contains(fps) { throw ValidationError("--fps \(fps) is outside 1...60") }
    if let sort, SortOrder(rawValue: sort) == nil {
      throw ValidationError("--sort \(sort): orders are \(DashboardWords.sorts.joined(separator: ", "))")
    }
    if let config, !FileManager.default.fileExists(atPath: config) {
      throw ValidationError("--config \(config): no such file")
    }
  }

  /// Without a terminal on stdout there is no dashboard to draw.
  var wantsPlain: Bool { plain || output != nil || !Console.outIsTerminal }
}
