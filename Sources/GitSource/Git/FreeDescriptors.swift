import Foundation
import Synchronization

/// Whether a program can be started. The library that starts it ends our process when it gets some of the descriptors
/// it needs and not all, so there must be room for all before it is asked.
enum FreeDescriptors {
  /// Twice as many as it takes the first time, its monitors included: others open files meanwhile.
  static let needed = 24

  /// One at a time, or those that look would be in each other's way.
  private static let looking = Mutex(())

  static func require() throws(GitFailure) {
    let missing = looking.withLock { _ in shortage() }
    guard let missing else { return }
    switch missing {
    case EMFILE, ENFILE: throw .noDescriptors
    default: throw .unexpected(command: "input", detail: String(cString: strerror(missing)))
    }
  }

  /// What keeps so many from being opened; `nil`: nothing. Opened, not counted: the limit of the whole system counts too.
  private static func shortage() -> Int32? {
    var opened: [Int32] = []
    defer { for descriptor in opened { close(descriptor) } }
    while opened.count < needed {
      let descriptor = open("/dev/null", O_RDONLY | O_CLOEXEC)
      guard descriptor >= 0 else { return errno }
      opened.append(descriptor)
    }
    return nil
  }
}
