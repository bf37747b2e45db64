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

  private let descriptor: Int32

  private init(descriptor: Int32) { self.descriptor = descriptor }

  deinit { close(descriptor) }

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

  /// - Parameters:
  ///   - key: of the device set; letters, digits and `-`.
  ///   - record: who takes it, for whoever finds it held.
  static func acquire(key: String, in directory: String, record: String) -> Outcome {
    let path = path(key: key, in: directory)
    let descriptor: Int32
    do throws(StateProblem) { descriptor = try open(path) } catch { return .unavailable(error) }
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
      let code = errno
      defer { close(descriptor) }
      guard code == EWOULDBLOCK else {
        return .unavailable(StateProblem(reason: "cannot lock \(path): \(String(cString: strerror(code)))"))
      }
      return .heldBy(LockHolder.name(of: descriptor))
    }
    // Only its maker may write into it; for everybody else the kernel knows who holds it.
    LockHolder.write(record, to: descriptor)
    return .acquired(HostLock(descriptor: descriptor))
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
