import Foundation

/// One controller of a device set on this host, whoever's process it is: a `flock` on a file in a directory that
/// all users share (`docs/adr/0007-one-controller-per-host.md`).
///
/// The file's name is made of the set alone, so that every user comes to the same one. It is never removed: between
/// removing and making anew two processes could hold two files of one name.
final class HostLock: Sendable {
  enum Outcome {
    case acquired(HostLock)
    case heldBy(String)
    case unavailable(StateProblem)
  }

  private let descriptors: [Int32]

  private init(_ descriptors: [Int32]) { self.descriptors = descriptors }

  deinit { for descriptor in descriptors { close(descriptor) } }

  /// The first directory in which everybody may make files and nobody remove another's: world-writable, sticky and
  /// root's. The choice must not depend on who asks, or two users would lock two files. `nil`: there is none.
  static func sharedDirectory(of candidates: [String] = ["/run/lock", "/var/lock", "/dev/shm", "/tmp"])
    -> String?
  {
    candidates.first { path in
      var info = stat()
      guard stat(path, &info) == 0, info.st_mode & S_IFMT == S_IFDIR, info.st_uid == 0 else { return false }
      return info.st_mode & 0o1002 == 0o1002
    }
  }

  static func path(key: String, in directory: String) -> String { "\(directory)/fabgitops-\(key).lock" }

  /// A set is held alone, the sets that contain it are held with others: two folders of a repository may have two
  /// controllers, a folder and the whole of it may not.
  ///
  /// - Parameters:
  ///   - key: of the device set; letters, digits and `-`.
  ///   - enclosing: keys of the sets that contain it.
  ///   - record: who takes it, for whoever finds it held.
  static func acquire(key: String, enclosing: [String] = [], in directory: String, record: String) -> Outcome
  {
    var taken: [Int32] = []
    func giveBack() { for descriptor in taken { close(descriptor) } }
    for (name, mode) in enclosing.map({ ($0, LOCK_SH) }) + [(key, LOCK_EX)] {
      let path = path(key: name, in: directory)
      do throws(StateProblem) { taken.append(try open(path)) } catch {
        giveBack()
        return .unavailable(error)
      }
      guard let descriptor = taken.last, flock(descriptor, mode | LOCK_NB) != 0 else { continue }
      let code = errno
      defer { giveBack() }
      guard code == EWOULDBLOCK else {
        return .unavailable(StateProblem(reason: "cannot lock \(path): \(String(cString: strerror(code)))"))
      }
      return .heldBy(LockHolder.name(of: descriptor))
    }
    // Only its maker may write into it; for everybody else the kernel knows who holds it.
    if let own = taken.last { LockHolder.write(record, to: own) }
    return .acquired(HostLock(taken))
  }

  /// Opens the file, or makes it, and refuses what somebody may have put in its place: a symbolic or hard link, a
  /// pipe, a device.
  private static func open(_ path: String) throws(StateProblem) -> Int32 {
    let flags = O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK
    for _ in 0..<10 {
      // Never O_CREAT on what exists: the kernel forbids that to others in a sticky directory.
      var descriptor = Foundation.open(path, flags | O_RDWR)
      if descriptor < 0, errno == EACCES || errno == EPERM {
        descriptor = Foundation.open(path, flags | O_RDONLY)
      }
      if descriptor >= 0 {
        var info = stat()
        guard fstat(descriptor, &info) == 0, info.st_mode & S_IFMT == S_IFREG, info.st_nlink <= 1 else {
          close(descriptor)
          throw StateProblem(reason: "\(path) is not a plain file: somebody put something else in its place")
        }
        return descriptor
      }
      guard errno == ENOENT else { throw failure(path) }
      descriptor = Foundation.open(path, flags | O_RDWR | O_CREAT | O_EXCL, 0o644)
      if descriptor >= 0 {
        // Whatever the umask: others must be able to open it to find it locked.
        fchmod(descriptor, 0o644)
        return descriptor
      }
      guard errno == EEXIST else { throw failure(path) }
    }
    throw StateProblem(reason: "cannot open \(path): it comes and goes")
  }

  private static func failure(_ path: String) -> StateProblem {
    let code = errno
    let why = code == ELOOP ? "a symbolic link, which is refused" : String(cString: strerror(code))
    return StateProblem(reason: "\(why): cannot open the lock \(path)")
  }
}
