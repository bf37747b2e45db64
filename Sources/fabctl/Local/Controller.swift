import Foundation
import LocalEngine

/// Who controls a device set now, found out without touching the lock.
enum Controller {
  /// `anna, pid 4711, since 2026-01-02 03:04:05`; `nil`: nobody.
  static func current(_ directory: StateDirectory) -> String? {
    let path = directory.path + "/controller.lock"
    var info = stat()
    guard lstat(path, &info) == 0, let locks = try? String(contentsOfFile: "/proc/locks", encoding: .utf8)
    else {
      return nil
    }
    let inode = ":\(info.st_ino)"
    let isHeld = locks.split(separator: "\n").contains { line in
      let fields = line.split(separator: " ")
      return fields.contains("FLOCK") && fields.contains("WRITE") && fields.contains { $0.hasSuffix(inode) }
    }
    guard isHeld, let text = try? String(contentsOfFile: path, encoding: .utf8) else { return nil }
    let line = text.split(separator: "\n").first.map(String.init) ?? ""
    return line.isEmpty ? "another process" : Console.visible(line)
  }
}
