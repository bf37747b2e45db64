import Foundation
import Terminal

/// The themes a user can choose from: the user's own files first, then the shipped ones.
public struct ThemeLibrary: Sendable {
  /// A theme as the list of themes shows it.
  public struct Entry: Hashable, Sendable {
    public let name: String
    /// `nil` for a shipped theme, else the file.
    public let file: String?
    /// The theme, or `nil` when the file has mistakes.
    public let theme: Theme?
    /// What is wrong with the file.
    public let problem: String?
  }

  public static let defaultName = "isa101"

  /// Searched in order; a name found first hides later ones.
  public let directories: [String]

  public init(directories: [String]) {
    self.directories = directories
  }

  /// With the user's own directory, `$XDG_CONFIG_HOME/fabgitops/themes` or `~/.config/fabgitops/themes`.
  public init(environment: [String: String]) {
    directories = Self.userDirectory(environment).map { [$0] } ?? []
  }

  /// Where the user's own themes are, if the environment says where the home directory is.
  public static func userDirectory(_ environment: [String: String]) -> String? {
    // The specification has relative paths ignored.
    if let config = environment["XDG_CONFIG_HOME"], config.hasPrefix("/") {
      return config + "/fabgitops/themes"
    }
    guard let home = environment["HOME"], home.hasPrefix("/") else { return nil }
    return home + "/.config/fabgitops/themes"
  }

  /// The theme called `name`, or read from the file `name` if it holds a `/`.
  public func theme(named name: String) throws(ThemeError) -> Theme {
    if name.contains("/") { return try read(name) }
    if ThemeReader.isName(name) {
      for directory in directories {
        let path = "\(directory)/\(name).yaml"
        if FileManager.default.fileExists(atPath: path) { return try read(path) }
      }
      if let shipped = try Self.shipped(name) { return shipped }
    }
    throw .unknown(name, known: entries().map(\.name))
  }

  /// A theme that came with the program; `nil` if there is none of that name.
  public static func shipped(_ name: String) throws(ThemeError) -> Theme? {
    guard let file = ShippedThemes.files.first(where: { $0.name == name }) else { return nil }
    return try ThemeFile.parse(file.yaml, file: "\(name).yaml")
  }

  /// The names of the shipped themes, the default first.
  public static var shippedNames: [String] { ShippedThemes.files.map(\.name) }

  /// Every theme there is: shipped ones in their order unless hidden, then the user's by name.
  public func entries() -> [Entry] {
    var own: [String: Entry] = [:]
    for directory in directories.reversed() {
      let files = (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []
      for file in files where file.hasSuffix(".yaml") {
        let name = String(file.dropLast(5))
        if ThemeReader.isName(name) { own[name] = entry(name, path: "\(directory)/\(file)") }
      }
    }
    var result: [Entry] = []
    for (name, yaml) in ShippedThemes.files {
      if let mine = own.removeValue(forKey: name) {
        result.append(mine)
        continue
      }
      do {
        let theme = try ThemeFile.parse(yaml, file: "\(name).yaml")
        result.append(Entry(name: name, file: nil, theme: theme, problem: nil))
      } catch {
        result.append(Entry(name: name, file: nil, theme: nil, problem: error.description))
      }
    }
    return result + own.values.sorted { $0.name < $1.name }
  }

  private func entry(_ name: String, path: String) -> Entry {
    do {
      return Entry(name: name, file: path, theme: try read(path), problem: nil)
    } catch {
      return Entry(name: name, file: path, theme: nil, problem: error.description)
    }
  }

  private func read(_ path: String) throws(ThemeError) -> Theme {
    // What is no plain file may never end, or never begin.
    var info = stat()
    if stat(path, &info) == 0, info.st_mode & S_IFMT != S_IFREG {
      throw .unreadable(file: path, reason: "not a plain file")
    }
    guard let handle = FileHandle(forReadingAtPath: path) else {
      throw .unreadable(file: path, reason: "no such file, or it may not be read")
    }
    defer { try? handle.close() }
    let data: Data
    do {
      data = try handle.read(upToCount: ThemeFile.sizeLimit + 1) ?? Data()
    } catch {
      throw .unreadable(file: path, reason: error.localizedDescription)
    }
    guard let text = String(data: data, encoding: .utf8) else {
      throw .unreadable(file: path, reason: "not UTF-8 text")
    }
    return try ThemeFile.parse(text, file: path)
  }
}
