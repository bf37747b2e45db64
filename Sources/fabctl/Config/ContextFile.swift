import Foundation

/// A named source, so that `--git` need not be said each time.
struct FabctlContext: Hashable, Sendable {
  var name: String
  /// Local mode.
  var git: String?
  var ref: String?
  var path: String?
  var gitInterval: Int?
  var requireSigned = false
  /// Cluster mode.
  var kubeconfig: String?
  var kubeContext: String?
  var namespace: String?

  var isCluster: Bool { git == nil }
}

/// The contexts and which of them is meant when nothing is said.
struct ContextFile: Hashable, Sendable {
  var current: String?
  var contexts: [FabctlContext] = []

  subscript(name: String) -> FabctlContext? { contexts.first { $0.name == name } }

  /// As it is written: a strict, small part of YAML.
  var yaml: String {
    var lines: [String] = []
    if let current { lines.append("current-context: \(Self.quoted(current))") }
    lines.append(contexts.isEmpty ? "contexts: []" : "contexts:")
    for context in contexts {
      lines.append("- name: \(Self.quoted(context.name))")
      let texts = [
        ("git", context.git), ("ref", context.ref), ("path", context.path),
        ("git-interval", context.gitInterval.map(String.init)),
        ("require-signed", context.requireSigned ? "true" : nil), ("kubeconfig", context.kubeconfig),
        ("kube-context", context.kubeContext), ("namespace", context.namespace),
      ]
      for (key, value) in texts {
        guard let value else { continue }
        lines.append(
          "  \(key): \(key == "git-interval" || key == "require-signed" ? value : Self.quoted(value))")
      }
    }
    return lines.joined(separator: "\n") + "\n"
  }

  private static func quoted(_ text: String) -> String {
    let plain = text.unicodeScalars.allSatisfy { scalar in
      scalar.isASCII
        && (scalar.properties.isAlphabetic || ("0"..."9").contains(scalar)
          || "-_./@~".unicodeScalars.contains(scalar))
    }
    if plain, let first = text.first, first.isLetter || first == "/" || first == "~" || first == "." {
      if !["true", "false", "null", "yes", "no", "on", "off"].contains(text.lowercased()) { return text }
    }
    // By scalars: an accent behind it does not make a quote something else.
    var doubled = String.UnicodeScalarView()
    for scalar in text.unicodeScalars {
      doubled.append(contentsOf: scalar == "'" ? [scalar, scalar] : [scalar])
    }
    return "'" + String(doubled) + "'"
  }
}

/// The file of contexts: `$XDG_CONFIG_HOME/fabgitops/config.yaml`.
struct ContextStore {
  var path: String

  static var standard: ContextStore {
    let environment = ProcessInfo.processInfo.environment
    let home = environment["HOME"].flatMap { $0.isEmpty ? nil : $0 } ?? NSHomeDirectory()
    let base = environment["XDG_CONFIG_HOME"].flatMap { $0.hasPrefix("/") ? $0 : nil } ?? home + "/.config"
    return ContextStore(path: base + "/fabgitops/config.yaml")
  }

  /// An absent file is an empty one.
  func load() throws -> ContextFile {
    guard FileManager.default.fileExists(atPath: path) else { return ContextFile() }
    guard let data = FileManager.default.contents(atPath: path) else {
      throw CommandFailure(.usage, "fabctl: \(path): cannot be read; check who owns it")
    }
    guard data.count < 1 << 20, let text = String(data: data, encoding: .utf8) else {
      throw CommandFailure(.usage, "fabctl: \(path): not a text of contexts")
    }
    do throws(ContextFile.Problem) {
      return try ContextFile(parsing: text)
    } catch {
      throw CommandFailure(.usage, "fabctl: \(path):\(error.line): \(error.message)")
    }
  }

  /// The context in use; `nil`: none was ever chosen.
  func current() throws -> FabctlContext? {
    let file = try load()
    guard let name = file.current else { return nil }
    guard let context = file[name] else {
      throw CommandFailure(
        .usage,
        "fabctl: \(path): current-context \(name): no such context; choose one with `fabctl config use-context`"
      )
    }
    return context
  }

  /// Replaces the file whole, so that a crash leaves the old one or the new one.
  func save(_ file: ContextFile) throws {
    let folder = (path as NSString).deletingLastPathComponent
    do {
      try FileManager.default.createDirectory(
        atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
      try Data(file.yaml.utf8).write(to: URL(fileURLWithPath: path), options: .atomic)
    } catch {
      throw CommandFailure(
        .usage, "fabctl: \(path): cannot be written: \((error as NSError).localizedDescription)")
    }
  }
}
