import Foundation

/// Where one device set keeps its lock, journal and mirror: `$XDG_STATE_HOME/fabgitops/<set>`, mode 0700.
public struct StateDirectory: Sendable, Hashable {
  public let url: URL
  public var path: String { url.path }
  /// Keys of the sets that contain this one, outermost first.
  private(set) var enclosing: [String] = []

  public init(path: String) { url = URL(fileURLWithPath: path, isDirectory: true) }

  /// The directory for a source: readable name plus a hash of origin and sub-path. The ref is left out on purpose,
  /// because two refs of one repository describe the same PLCs, which only one process may control.
  public init(origin: String, subPath: String, environment: [String: String]) {
    let state =
      environment["XDG_STATE_HOME"].flatMap { $0.hasPrefix("/") ? $0 : nil }
      ?? Self.home(environment) + "/.local/state"
    let name = SetName(origin: origin, subPath: subPath)
    let base = name.repository.split(separator: "/").last.map(String.init) ?? "set"
    let readable = String(
      base.map { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-") ? $0 : "-" }.prefix(40))
    self.init(path: "\(state)/fabgitops/\(readable)-\(name.key)")
    enclosing = name.enclosing
  }

  /// Never a directory that others can make files in: they would have the journal.
  private static func home(_ environment: [String: String]) -> String {
    if let home = environment["HOME"], !home.isEmpty { return home }
    if let entry = getpwuid(getuid()), let home = entry.pointee.pw_dir { return String(cString: home) }
    return nowhere
  }

  /// Nobody can make a directory there.
  private static let nowhere = "/dev/null"

  /// Names the device set for all users of the host: the hash of origin and sub-path, whoever's directory this is.
  var setKey: String { url.lastPathComponent.split(separator: "-").last.map(String.init) ?? "set" }

  /// Makes the directory, readable by its owner only.
  public func create() throws(StateProblem) {
    guard !path.hasPrefix(Self.nowhere + "/") else {
      throw StateProblem(reason: "no home directory is known: set HOME or XDG_STATE_HOME")
    }
    do {
      try FileManager.default.createDirectory(
        at: url, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    } catch {
      throw StateProblem(
        reason: "cannot make the state directory \(url.path): \((error as NSError).localizedDescription)")
    }
    var info = stat()
    guard lstat(url.path, &info) == 0, info.st_mode & S_IFMT == S_IFDIR else {
      throw StateProblem(reason: "the state directory \(url.path) is not a directory")
    }
    guard info.st_uid == geteuid() else {
      throw StateProblem(
        reason: "the state directory \(url.path) belongs to another user (uid \(info.st_uid))")
    }
    if info.st_mode & 0o077 != 0 { chmod(url.path, 0o700) }
    try requireUnshared(url.deletingLastPathComponent().path)
  }

  /// Who can rename the directory can put another in its place.
  private func requireUnshared(_ parent: String) throws(StateProblem) {
    var info = stat()
    guard lstat(parent, &info) == 0, info.st_mode & S_IFMT == S_IFDIR else {
      throw StateProblem(reason: "\(parent) is not a directory")
    }
    guard info.st_uid == geteuid() || info.st_uid == 0 else {
      throw StateProblem(
        reason: "\(parent) belongs to another user (uid \(info.st_uid)): set XDG_STATE_HOME to one of yours")
    }
    guard info.st_mode & 0o022 != 0 else { return }
    guard info.st_uid == geteuid(), chmod(parent, info.st_mode & 0o7755) == 0 else {
      throw StateProblem(reason: "others may change \(parent): set XDG_STATE_HOME to a directory of yours")
    }
  }
}

/// The state directory cannot be used; one line for the operator.
public struct StateProblem: Error, Hashable, CustomStringConvertible {
  public var reason: String
  public init(reason: String) { self.reason = reason }
  public var description: String { reason }
}
