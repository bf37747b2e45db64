import Manifest

/// Reads the manifests of commits. Keeps what it has parsed, so that a commit that changes one file of a
/// thousand costs one file.
struct ManifestScan {
  private struct Key: Hashable {
    var path: String
    var object: String
  }

  private var parsed: [Key: ParsedManifestFile] = [:]

  /// All manifests under a directory of a commit.
  mutating func read(
    _ repository: GitRepository, directory: String, commit: String, revision: String
  ) async throws(GitFailure) -> (reading: ManifestReading, files: Int) {
    let entries = try await repository.files(under: directory, at: commit, revision: revision)
    var refused: [ParsedManifestFile] = []
    var files: [TreeFile] = []
    for entry in entries where Self.isManifestName(entry.path) {
      if let problem = Self.problem(with: entry) {
        refused.append(ParsedManifestFile(name: entry.path, diagnostics: [problem]))
      } else if entry.kind == .file {
        files.append(entry)
      }
    }
    if files.count > TreeLimit.files {
      throw .tooLarge(
        what: "the number of manifest files (\(files.count), limit \(TreeLimit.files))",
        limit: TreeLimit.files)
    }
    if files.reduce(0, { $0 + $1.size }) > TreeLimit.totalSize {
      throw .tooLarge(what: "all manifests together", limit: TreeLimit.totalSize)
    }
    let unread = files.filter { parsed[Key(path: $0.path, object: $0.object)] == nil }
    let contents = try await repository.contents(of: unread)
    var kept: [Key: ParsedManifestFile] = [:]
    for (file, bytes) in zip(unread, contents) {
      kept[Key(path: file.path, object: file.object)] = ManifestReader.parse(
        ManifestFile(name: file.path, contents: bytes))
    }
    for file in files {
      let key = Key(path: file.path, object: file.object)
      if let known = parsed[key] { kept[key] = known }
    }
    parsed = kept
    let all = files.compactMap { kept[Key(path: $0.path, object: $0.object)] } + refused
    return (ManifestReader.join(all), files.count)
  }

  static func isManifestName(_ path: String) -> Bool {
    let name = path.split(separator: "/").last ?? ""
    return name.hasSuffix(".yaml") || name.hasSuffix(".yml") || name.hasSuffix(".json")
  }

  /// Only regular files are read. A link or submodule is passed over with a word; a file that cannot be
  /// read for its size or name stops the commit, for its devices would otherwise seem to be gone.
  private static func problem(with file: TreeFile) -> Diagnostic? {
    let location = ManifestLocation(file: file.path, line: 0, column: 0)
    switch file.kind {
    case .symbolicLink:
      return Diagnostic(severity: .warning, location: location, message: "symbolic link, not followed")
    case .submodule: return Diagnostic(severity: .warning, location: location, message: "submodule, not read")
    case .other: return nil
    case .file: break
    }
    if file.path.unicodeScalars.contains(where: { PrintableText.isUnprintable($0) || $0 == "\u{FFFD}" }) {
      return Diagnostic(location: location, message: "file name has unprintable characters")
    }
    if file.size > TreeLimit.fileSize {
      return Diagnostic(
        location: location, message: "file is \(file.size) bytes, the limit is \(TreeLimit.fileSize)")
    }
    return nil
  }
}
