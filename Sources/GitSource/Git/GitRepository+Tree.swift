import Manifest

/// What keeps a hostile or mistaken repository from costing much.
enum TreeLimit {
  static let files = 20_000
  static let totalSize = 64 << 20
  static let listing = 64 << 20
  static let fileSize = 4 << 20
}

extension GitRepository {
  /// A sub-path as git wants it: relative, without `.`, `..` or a trailing slash.
  static func normalized(_ path: String) throws(GitFailure) -> String {
    var parts: [Substring] = []
    for part in path.split(separator: "/") where part != "." {
      guard part != ".." else {
        throw .noSuchDirectory(PrintableText.escaped(path), revision: "the repository: .. leads out of it")
      }
      parts.append(part)
    }
    return parts.joined(separator: "/")
  }

  /// The files under a directory (or the one file) of a commit, in order of their names.
  func files(under directory: String, at commit: String, revision: String) async throws(GitFailure)
    -> [TreeFile]
  {
    guard !directory.isEmpty else { return try await list(commit, prefix: "") }
    let output = try await require(["ls-tree", "-z", "-l", "--full-tree", commit, "--", directory])
    guard let entry = try Self.entries(output.bytes, prefix: "").first else {
      throw .noSuchDirectory(PrintableText.escaped(directory), revision: revision)
    }
    if entry.kind != .other { return [entry] }
    return try await list(entry.object, prefix: directory + "/")
  }

  private func list(_ tree: String, prefix: String) async throws(GitFailure) -> [TreeFile] {
    let output = try await require(
      ["ls-tree", "-r", "-z", "-l", "--full-tree", tree], limit: TreeLimit.listing)
    return try Self.entries(output.bytes, prefix: prefix)
  }

  /// `mode SP type SP object SP+ size TAB path NUL`, repeated.
  static func entries(_ bytes: [UInt8], prefix: String) throws(GitFailure) -> [TreeFile] {
    var files: [TreeFile] = []
    for record in bytes.split(separator: 0) {
      guard let tab = record.firstIndex(of: UInt8(ascii: "\t")) else {
        throw .unexpected(command: "ls-tree", detail: "unreadable listing")
      }
      let fields = String(decoding: record[..<tab], as: UTF8.self).split(separator: " ")
      guard fields.count == 4, isObjectName(String(fields[2])) else {
        throw .unexpected(command: "ls-tree", detail: "unreadable listing")
      }
      let kind: TreeFile.Kind =
        switch fields[0] {
        case "100644", "100755", "100664": .file
        case "120000": .symbolicLink
        case "160000": .submodule
        default: .other
        }
      files.append(
        TreeFile(
          path: prefix + String(decoding: record[record.index(after: tab)...], as: UTF8.self), kind: kind,
          object: String(fields[2]), size: Int(fields[3]) ?? 0))
    }
    return files
  }

  /// Contents of blobs, in the order asked for, through one process.
  func contents(of files: [TreeFile]) async throws(GitFailure) -> [[UInt8]] {
    guard !files.isEmpty else { return [] }
    let expected = files.reduce(0) { $0 + $1.size + 128 }
    let input = files.map(\.object).joined(separator: "\n") + "\n"
    let output = try await require(
      ["cat-file", "--batch"], input: Array(input.utf8), limit: expected + 4096, timeout: .seconds(120))
    var contents: [[UInt8]] = []
    var rest = output.bytes[...]
    for file in files {
      guard let end = rest.firstIndex(of: UInt8(ascii: "\n")) else { throw missing(file) }
      let header = String(decoding: rest[..<end], as: UTF8.self).split(separator: " ")
      guard header.count == 3, header[1] == "blob", let size = Int(header[2]), size >= 0 else {
        throw missing(file)
      }
      let start = rest.index(after: end)
      guard rest.endIndex - start > size else { throw missing(file) }
      contents.append(Array(rest[start..<(start + size)]))
      rest = rest[(start + size + 1)...]
    }
    return contents
  }

  private func missing(_ file: TreeFile) -> GitFailure {
    .corrupted(name, detail: "cannot read \(PrintableText.escaped(file.path))")
  }
}
