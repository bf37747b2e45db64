import Foundation

/// The one-controller lock: an advisory `flock` on a file that says who holds it. The kernel releases it when the
/// process ends in any way, so a crash leaves no stale lock behind.
public final class ControllerLock: Sendable {
  public enum Outcome {
    case acquired(ControllerLock)
    /// Who holds it: `anna, pid 4711, since 2026-01-02 03:04:05`.
    case heldBy(String)
    case unavailable(StateProblem)
  }

  private let descriptor: Int32

  private init(descriptor: Int32) { self.descriptor = descriptor }

  deinit { close(descriptor) }

  public static func acquire(in directory: StateDirectory, user: String, since: Date) -> Outcome {
    do throws(StateProblem) { try directory.create() } catch { return .unavailable(error) }
    let path = directory.path + "/controller.lock"
    let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
    guard descriptor >= 0 else {
      return .unavailable(StateProblem(reason: "cannot open \(path): \(String(cString: strerror(errno)))"))
    }
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
      let code = errno
      defer { close(descriptor) }
      guard code == EWOULDBLOCK else {
        return .unavailable(StateProblem(reason: "cannot lock \(path): \(String(cString: strerror(code)))"))
      }
      return .heldBy(holder(descriptor))
    }
    let line = "\(user), pid \(getpid()), since \(timestamp(since))\n"
    ftruncate(descriptor, 0)
    _ = line.withCString { pwrite(descriptor, $0, strlen($0), 0) }
    return .acquired(ControllerLock(descriptor: descriptor))
  }

  private static func holder(_ descriptor: Int32) -> String {
    var bytes = [UInt8](repeating: 0, count: 256)
    let count = pread(descriptor, &bytes, bytes.count, 0)
    guard count > 0 else { return "another process" }
    let text = String(decoding: bytes.prefix(count), as: UTF8.self)
    let line = text.split(separator: "\n").first.map(String.init) ?? ""
    let safe = String(line.unicodeScalars.filter { $0.value >= 0x20 && $0.value != 0x7f }.map(Character.init))
    return safe.isEmpty ? "another process" : safe
  }

  private static func timestamp(_ date: Date) -> String {
    let formatter = DateFormatter()
    formatter.locale = Locale(identifier: "en_US_POSIX")
    formatter.dateFormat = "yyyy-MM-dd HH:mm:ss"
    return formatter.string(from: date)
  }
}
