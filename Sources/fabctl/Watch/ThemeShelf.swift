import Foundation
import Terminal
import ThemeFiles

/// The themes that can be had here, and the one that was asked for.
struct ThemeShelf {
  var themes: [Theme]
  var chosen: Theme

  static func load(wanted: String, option: String = "--theme") throws -> ThemeShelf {
    let library = ThemeLibrary(environment: ProcessInfo.processInfo.environment)
    do throws(ThemeError) {
      let chosen = try library.theme(named: wanted)
      var themes = library.entries().compactMap(\.theme)
      if !themes.contains(where: { $0.name == chosen.name }) { themes.insert(chosen, at: 0) }
      return ThemeShelf(themes: themes, chosen: chosen)
    } catch {
      throw CommandFailure(.usage, "fabctl: \(option): \(error)")
    }
  }

  static func printList() throws {
    for entry in ThemeLibrary(environment: ProcessInfo.processInfo.environment).entries() {
      let origin = entry.file ?? "shipped"
      Console.out(Console.visible("\(entry.name)  \(entry.problem.map { "unusable: \($0)" } ?? origin)"))
    }
  }
}
