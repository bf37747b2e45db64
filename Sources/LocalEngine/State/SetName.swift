import Foundation

/// What names a device set: the repository and the folder in it, however they are spelt. `plant`, `plant/.git`,
/// `file:///srv/plant`, `plant/lines` and `--path lines/` of it must not be different sets: two processes would each
/// control the same PLCs, and a hold of one would not be the other's.
struct SetName: Hashable {
  /// The repository: an absolute path without links, or a URL.
  var repository: String
  /// Folders from its root on.
  var folders: [String]

  init(origin: String, subPath: String) {
    let (repository, prefix) = Self.locate(origin)
    self.repository = repository
    folders = prefix
    for part in subPath.split(separator: "/") where part != "." {
      if part == "..", !folders.isEmpty { folders.removeLast() } else { folders.append(String(part)) }
    }
  }

  /// A hash of the set, and of each that contains it, outermost first.
  var key: String { Self.key(repository, folders[...]) }
  var enclosing: [String] { folders.indices.map { Self.key(repository, folders[..<$0]) } }

  private static func key(_ repository: String, _ folders: ArraySlice<String>) -> String {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in (repository + "\n" + folders.joined(separator: "/")).utf8 {
      hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3
    }
    let digits = String(hash, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }

  private static func locate(_ origin: String) -> (String, [String]) {
    for local in ["file:///", "file://localhost/"] where origin.hasPrefix(local) {
      return locate(path: "/" + origin.dropFirst(local.count))
    }
    let isRemote =
      origin.contains("://") || (origin.contains(":") && !origin.hasPrefix("/") && !origin.hasPrefix("."))
    guard isRemote, !FileManager.default.fileExists(atPath: origin) else { return locate(path: origin) }
    var text = origin
    while text.hasSuffix("/") { text.removeLast() }
    if text.hasSuffix(".git") { text.removeLast(4) }
    return (text, [])
  }

  /// The repository that a path is in, as git finds it, and the folders from its root to the path.
  private static func locate(path: String) -> (String, [String]) {
    let real = URL(fileURLWithPath: path).resolvingSymlinksInPath().standardizedFileURL.path
    var root = real
    var folders: [String] = []
    while true {
      if let common = commonDirectory(root + "/.git") ?? (isBare(root) ? commonDirectory(root) : nil) {
        return (common.hasSuffix("/.git") ? String(common.dropLast(5)) : common, folders)
      }
      let name = (root as NSString).lastPathComponent
      guard root != "/", !name.isEmpty else { return (real, []) }
      folders.insert(name, at: 0)
      root = (root as NSString).deletingLastPathComponent
    }
  }

  private static func isBare(_ path: String) -> Bool {
    ["HEAD", "objects", "refs"].allSatisfy { FileManager.default.fileExists(atPath: path + "/" + $0) }
  }

  /// Where a repository keeps its branches: a linked work tree and a submodule name it in files.
  private static func commonDirectory(_ path: String) -> String? {
    var isDirectory: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) else { return nil }
    var directory = path
    if !isDirectory.boolValue {
      guard let text = firstLine(path), text.hasPrefix("gitdir: ") else { return nil }
      directory = absolute(String(text.dropFirst(8)), from: (path as NSString).deletingLastPathComponent)
    }
    if let common = firstLine(directory + "/commondir") { directory = absolute(common, from: directory) }
    return URL(fileURLWithPath: directory).resolvingSymlinksInPath().standardizedFileURL.path
  }

  private static func absolute(_ path: String, from directory: String) -> String {
    path.hasPrefix("/") ? path : directory + "/" + path
  }

  private static func firstLine(_ path: String) -> String? {
    var info = stat()
    guard stat(path, &info) == 0, info.st_mode & S_IFMT == S_IFREG else { return nil }
    guard let handle = FileHandle(forReadingAtPath: path), let data = try? handle.read(upToCount: 4096) else {
      return nil
    }
    return String(decoding: data, as: UTF8.self).split(whereSeparator: \.isNewline).first.map(String.init)
  }
}
