import Foundation

/// Where the journal of one device set lives: `<state>/<set>/journal.sqlite`.
///
/// The directory is 0700 and the files 0600; neither may be a symbolic link or belong to somebody else, so that
/// another local user can neither read nor replace them.
public struct JournalLocation: Hashable, Sendable {
  public let directory: String
  public var database: String { directory + "/journal.sqlite" }
  /// A copy of the audit head outside of the database (`AuditAnchor`).
  public var anchor: String { directory + "/audit.head" }

  /// Begins the names of heads that the audit should have had and did not (`JournalStore`).
  var lostAnchorPrefix: String { anchor + ".lost-" }
  var lostAnchors: [String] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []
    let prefix = (lostAnchorPrefix as NSString).lastPathComponent
    return names.filter { $0.hasPrefix(prefix) }.sorted().map { directory + "/" + $0 }
  }

  /// A directory of its own for one device set.
  public init(directory: String) { self.directory = directory }

  /// `state` is `$XDG_STATE_HOME/fabgitops` or the like. `set` is letters, digits, `.`, `_` and `-`, at most 128.
  public init(state: String, set: String) throws(JournalProblem) {
    let allowed = set.utf8.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
        true
      default: false
      }
    }
    guard allowed, !set.isEmpty, set.utf8.count <= 128, set != ".", set != ".." else {
      throw .invalidSetName(set)
    }
    self.directory = state + "/" + set
  }

  /// Makes the directory and an empty database file if they are missing, and refuses what is not private.
  func prepare() throws(JournalProblem) {
    let parent = (directory as NSString).deletingLastPathComponent
    try? FileManager.default.createDirectory(
      atPath: parent, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    if mkdir(directory, 0o700) != 0, errno != EEXIST { throw failure(directory, errno) }
    try requirePrivate(directory, kind: S_IFDIR, mode: 0o700)
    let file = open(database, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0o600)
    if file < 0 {
      let code = errno
      if code == ELOOP { throw .notPrivate(path: database, why: "is a symbolic link") }
      // A read-only directory may still hold a journal that can be looked at; opening it decides.
      if code != EROFS, code != EACCES { throw failure(database, code) }
      throw .readOnly(path: directory)
    }
    close(file)
    try requirePrivateFiles()
  }

  /// Checks without making anything, for readers.
  func requireExisting() throws(JournalProblem) {
    guard access(database, F_OK) == 0 else { throw .missing(path: database) }
    try requirePrivate(directory, kind: S_IFDIR, mode: 0o700)
    try requirePrivateFiles()
  }

  private func requirePrivateFiles() throws(JournalProblem) {
    for path in [database, database + "-wal", database + "-shm", anchor] {
      try requirePrivate(path, kind: S_IFREG, mode: 0o600)
    }
  }

  private func requirePrivate(_ path: String, kind: mode_t, mode: mode_t) throws(JournalProblem) {
    var status = stat()
    guard lstat(path, &status) == 0 else {
      if errno == ENOENT { return }
      throw failure(path, errno)
    }
    switch status.st_mode & S_IFMT {
    case kind: break
    case S_IFLNK: throw .notPrivate(path: path, why: "is a symbolic link")
    default: throw .notPrivate(path: path, why: kind == S_IFDIR ? "is not a directory" : "is not a file")
    }
    guard status.st_uid == geteuid() else {
      throw .notPrivate(path: path, why: "belongs to user \(status.st_uid), not to \(geteuid())")
    }
    // Ours, but open to others: close it. On a read-only file system it stays as it is.
    if status.st_mode & 0o077 != 0, chmod(path, mode) != 0, errno != EROFS { throw failure(path, errno) }
  }

  private func failure(_ path: String, _ code: Int32) -> JournalProblem {
    switch code {
    case ENOSPC, EDQUOT: .diskFull(path: path)
    case EROFS, EACCES, EPERM: .readOnly(path: path)
    default: .storage(path: path, detail: String(cString: strerror(code)))
    }
  }

  /// Tells one file from another that has since taken its name; `nil`: there is none.
  func identity() -> FileIdentity? {
    var status = stat()
    guard lstat(database, &status) == 0 else { return nil }
    return FileIdentity(device: UInt64(status.st_dev), inode: UInt64(status.st_ino))
  }

  struct FileIdentity: Hashable {
    var device: UInt64
    var inode: UInt64
  }
}
