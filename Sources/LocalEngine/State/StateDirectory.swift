import Foundation

/// Where one device set keeps its lock, journal and mirror: `$XDG_STATE_HOME/fabgitops/<set>`, mode 0700.
public struct StateDirectory: Sendable, Hashable {
  public let url: URL
  public var path: String { url.path }

  public init(path: String) { url = URL(fileURLWithPath: path, isDirectory: true) }

  /// The directory for a source: readable name plus a hash of origin and sub-path. The ref is left out on purpose,
  /// because two refs of one repository describe the same PLCs, which only one process may control.
  public init(origin: String, subPath: String, environment: [String: String]) {
    let home = environment["HOME"].flatMap { $0.isEmpty ? nil : $0 } ?? "/tmp"
    let state =
      environment["XDG_STATE_HOME"].flatMap { $0.hasPrefix("/") ? $0 : nil } ?? home + "/.local/state"
    let canonical = Self.canonical(origin)
    let base = canonical.split(separator: "/").last.map(String.init) ?? "set"
    let readable = String(
      base.map { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-") ? $0 : "-" }.prefix(40))
    let hash = Self.fnv1a(canonical + "\n" + subPath)
    self.init(path: "\(state)/fabgitops/\(readable)-\(hash)")
  }

  /// Names the device set for all users of the host: the hash of origin and sub-path, whoever's directory this is.
  var setKey: String { url.lastPathComponent.split(separator: "-").last.map(String.init) ?? "set" }

  /// Makes the directory, readable by its owner only.
  public func create() throws(StateProblem) {
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
  }

  private static func canonical(_ origin: String) -> String {
    if origin.contains("://") || (origin.contains(":") && !origin.hasPrefix("/") && !origin.hasPrefix(".")) {
      return origin
    }
    return URL(fileURLWithPath: origin).resolvingSymlinksInPath().standardizedFileURL.path
  }

  private static func fnv1a(_ text: String) -> String {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
    let digits = String(hash, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }
}

/// The state directory cannot be used; one line for the operator.
public struct StateProblem: Error, Hashable, CustomStringConvertible {
  public var reason: String
  public init(reason: String) { self.reason = reason }
  public var description: String { reason }
}
