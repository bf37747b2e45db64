import ArgumentParser

struct ThemesCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "themes", abstract: "List the colour themes of the dashboard.",
    discussion: "Your own are YAML files in $XDG_CONFIG_HOME/fabgitops/themes.")

  func run() throws { try ThemeShelf.printList() }
}
