import Foundation

/// The one-controller lock of a device set: advisory `flock`s on a file in the state directory, which is this user's,
/// and on one that all users of the host share. The kernel releases them when the process ends in any way, so a crash
/// leaves no stale lock behind.
public final class ControllerLock: Sendable {
  public enum Outcome {
    case acquired(ControllerLock)
    /// Who holds it: `anna, pid 4711, since 2026-01-02 03:04:05`.
    case heldBy(String)
    /// The same, by a process with another state directory: another user's, or for another folder of the repository; with
    /// a journal of its own.
    case heldElsewhere(String)
    case unavailable(StateProblem)
  }

  private let descriptor: Int32
  private let host: HostLock?

  private init(descriptor: Int32, host: HostLock?) {
    self.descriptor = descriptor
    self.host = host
  }

  deinit { close(descriptor) }

  /// - Parameter shared: the directory that all users share; `nil` on a host that has none, where only this user's
  ///   own processes exclude each other.
  public static func acquire(
    in directory: StateDirectory, user: String, since: Date, shared: String? = sharedDirectory
  ) -> Outcome {
    do throws(StateProblem) { try directory.create() } catch { return .unavailable(error) }
    let path = path(in: directory)
    let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
    guard descriptor >= 0 else {
      return .unavailable(StateProblem(reason: "\(String(cString: strerror(errno))): cannot open \(path)"))
    }
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
      let code = errno
      defer { close(descriptor) }
      guard code == EWOULDBLOCK else {
        return .unavailable(StateProblem(reason: "cannot lock \(path): \(String(cString: strerror(code)))"))
      }
      return .heldBy(LockHolder.name(of: descriptor))
    }
    let record = LockHolder.line(user: user, since: since)
    var host: HostLock?
    if let shared {
      switch HostLock.acquire(
        key: directory.setKey, enclosing: directory.enclosing, in: shared, record: record)
      {
      case .acquired(let taken): host = taken
      case .heldBy(let holder):
        close(descriptor)
        return .heldElsewhere(holder)
      case .unavailable(let problem):
        close(descriptor)
        return .unavailable(problem)
      }
    }
    LockHolder.write(record, to: descriptor)
    return .acquired(ControllerLock(descriptor: descriptor, host: host))
  }

  /// Where all users' locks are; found once.
  public static let sharedDirectory = HostLock.sharedDirectory()

  /// Who controls a device set now, found out without touching the locks; `nil`: nobody.
  public static func holder(of directory: StateDirectory, shared: String? = sharedDirectory) -> String? {
    if let holder = LockHolder.current(at: path(in: directory)) { return holder }
    guard let shared else { return nil }
    return ([directory.setKey] + directory.enclosing).lazy
      .compactMap { LockHolder.current(at: HostLock.path(key: $0, in: shared)) }.first
  }

  private static func path(in directory: StateDirectory) -> String { directory.path + "/controller.lock" }
}
