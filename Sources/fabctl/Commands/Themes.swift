import ArgumentParser
import Dashboard
import Foundation
import Terminal
import ThemeFiles

struct ThemesCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "themes", abstract: "List the colour themes of the dashboard, or preview one.",
    discussion: """
      Your own are YAML files in $XDG_CONFIG_HOME/fabgitops/themes. A preview shows a made-up plant in every kind of
      trouble, with the colours that this terminal has; COLORTERM=truecolor, NO_COLOR and --colors say which.
      """)

  @Option(
    help: ArgumentHelp(
      "Print the dashboard in this theme: a name, or a file such as ./mine.yaml.", valueName: "theme"))
  var preview: String?

  @Option(help: ArgumentHelp("Columns and rows of the preview, such as 100x30.", valueName: "size"))
  var size: String = "100x30"

  @Option(help: "Colours of the preview: 16M, 256, 16, 8 or none.")
  var colors: Colors?

  enum Colors: String, ExpressibleByArgument, CaseIterable {
    case million = "16M"
    case palette = "256"
    case sixteen = "16"
    case eight = "8"
    case none

    var depth: ColorDepth {
      switch self {
      case .million: .trueColor
      case .palette: .indexed256
      case .sixteen: .ansi16
      case .eight: .ansi8
      case .none: .mono
      }
    }
  }

  func run() throws {
    guard let preview else { return try ThemeShelf.printList() }
    let theme = try ThemeShelf.load(wanted: preview, option: "--preview").chosen
    let sides = size.lowercased().split(separator: "x").compactMap { Int($0) }
    guard sides.count == 2, (1...500).contains(sides[0]), (1...200).contains(sides[1]) else {
      throw ValidationError("--size \(size): columns and rows, such as 100x30")
    }
    var settings = SamplePlant.settings(glyphs: Self.isUTF8 ? .unicode : .ascii)
    settings.themes = [theme]
    settings.themeName = theme.name
    let frame = SamplePlant.frame(Size(sides[0], sides[1]), settings: settings)
    Console.out(frame.ansi(theme: theme, depth: (colors ?? Self.usual).depth).withoutFinalLineBreak)
  }

  private static var usual: Colors {
    let environment = ProcessInfo.processInfo.environment
    if environment["NO_COLOR"]?.isEmpty == false { return .none }
    return ["truecolor", "24bit"].contains(environment["COLORTERM"] ?? "") ? .million : .palette
  }

  private static var isUTF8: Bool {
    let environment = ProcessInfo.processInfo.environment
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].compactMap { environment[$0] }.first { !$0.isEmpty } ?? ""
    return locale.uppercased().contains("UTF-8") || locale.uppercased().contains("UTF8")
  }
}
