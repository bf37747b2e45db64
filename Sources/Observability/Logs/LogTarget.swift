import Foundation

/// The open file or standard error; used by the writing thread only.
struct LogTarget {
  /// Bytes after which a file is put aside.
  static let most = 8 << 20

  private let destination: LogOutput.Destination
  private var descriptor: Int32 = -1

  init(_ destination: LogOutput.Destination) {
    self.destination = destination
    if case .standardError = destination { descriptor = STDERR_FILENO }
  }

  mutating func write(_ bytes: [UInt8]) {
    putAsideIfLarge(bytes.count)
    reopenIfMoved()
    guard descriptor >= 0 else { return }
    var start = 0
    while start < bytes.count {
      let written = bytes.withUnsafeBytes { buffer in
        Foundation.write(descriptor, buffer.baseAddress.map { $0 + start }, bytes.count - start)
      }
      if written > 0 {
        start += written
      } else if errno == EAGAIN {
        var wait = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        _ = poll(&wait, 1, 1000)
      } else if errno != EINTR {
        return
      }
    }
  }

  private func putAsideIfLarge(_ more: Int) {
    guard case .file(let path) = destination, descriptor >= 0 else { return }
    var opened = stat()
    guard fstat(descriptor, &opened) == 0, Int(opened.st_size) + more > Self.most else { return }
    _ = rename(path, path + ".1")
  }

  private mutating func reopenIfMoved() {
    guard case .file(let path) = destination else { return }
    if descriptor >= 0 {
      var named = stat()
      var opened = stat()
      if stat(path, &named) == 0, fstat(descriptor, &opened) == 0, named.st_ino == opened.st_ino,
        named.st_dev == opened.st_dev
      {
        return
      }
      Foundation.close(descriptor)
    }
    descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0o600)
  }

  mutating func close() {
    if case .file = destination, descriptor >= 0 { Foundation.close(descriptor) }
  }
}
