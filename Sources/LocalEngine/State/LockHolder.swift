import Foundation

/// Who holds a lock file, in one line: `anna, pid 4711, since 2026-01-02 03:04:05`.
enum LockHolder {
  static func line(user: String, since: Date) -> String {
    "\(user), pid \(getpid()), since \(timestamp(since))"
  }

  /// Puts the line into the file that was just locked; does nothing where that is not allowed.
  static func write(_ line: String, to descriptor: Int32) {
    guard ftruncate(descriptor, 0) == 0 else { return }
    _ = "\(line)\n".withCString { pwrite(descriptor, $0, strlen($0), 0) }
  }

  /// Who holds the lock on an open file. What the file says counts only if the kernel names the same process as
  /// its holder, or cannot say: the file may be another user's, or an earlier holder's.
  static func name(of descriptor: Int32) -> String {
    var info = stat()
    guard fstat(descriptor, &info) == 0 else { return "another process" }
    let written = text(of: descriptor)
    guard let pid = pid(holding: info, alone: false) else { return written ?? "another process" }
    if let written, written.contains(", pid \(pid), ") { return written }
    var process = stat()
    guard stat("/proc/\(pid)", &process) == 0 else { return "another process, pid \(pid)" }
    let user = getpwuid(process.st_uid).map { String(cString: $0.pointee.pw_name) } ?? "uid \(process.st_uid)"
    let since = started(pid).map { ", since \(timestamp($0))" } ?? ""
    return "\(user), pid \(pid)\(since)"
  }

  /// Who holds it alone, without touching the lock; `nil`: nobody, as far as the kernel tells.
  static func current(at path: String) -> String? {
    let descriptor = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var info = stat()
    guard fstat(descriptor, &info) == 0, pid(holding: info, alone: true) != nil else { return nil }
    return name(of: descriptor)
  }

  /// From `/proc/locks`: `1: FLOCK  ADVISORY  WRITE 4711 00:19:1234 0 EOF`. 0: a process that this one cannot see.
  /// Some file systems have another device number there than `stat` tells: without the very one, the inode decides.
  ///
  /// The kernel tells its locks a page at a time and counts on from there: while others come and go, one that stays
  /// may be left out. Who is not found is looked for again.
  private static func pid(holding info: stat, alone: Bool) -> Int32? {
    for _ in 0..<5 {
      if let pid = pidNow(holding: info, alone: alone) { return pid }
    }
    return nil
  }

  private static func pidNow(holding info: stat, alone: Bool) -> Int32? {
    guard let locks = try? String(contentsOfFile: "/proc/locks", encoding: .utf8) else { return nil }
    let inode = ":\(info.st_ino)"
    let device = UInt64(info.st_dev)
    let major = (device >> 8) & 0xFFF | (device >> 32) & ~0xFFF
    let minor = device & 0xFF | (device >> 12) & ~0xFF
    let file = hexadecimal(major) + ":" + hexadecimal(minor) + inode
    var likely: Int32?
    for line in locks.split(separator: "\n") {
      let fields = line.split(separator: " ")
      guard fields.count >= 6, fields[1] == "FLOCK", fields[3] == "WRITE" || !alone,
        fields[5].hasSuffix(inode), let pid = Int32(fields[4])
      else { continue }
      if fields[5] == file { return pid }
      likely = likely ?? pid
    }
    return likely
  }

  private static func hexadecimal(_ number: UInt64) -> String {
    let digits = String(number, radix: 16)
    return digits.count < 2 ? "0" + digits : digits
  }

  /// When a process began: field 22 of its `stat`, in ticks since the machine's start.
  private static func started(_ pid: Int32) -> Date? {
    guard let stat = try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8),
      let rest = stat.split(separator: ")").last,
      let machine = try? String(contentsOfFile: "/proc/stat", encoding: .utf8),
      let boot = machine.split(separator: "\n").first(where: { $0.hasPrefix("btime ") }),
      let bootSeconds = Double(boot.dropFirst(6))
    else { return nil }
    let fields = rest.split(separator: " ")
    guard fields.count > 19, let ticks = Double(fields[19]) else { return nil }
    return Date(timeIntervalSince1970: bootSeconds + ticks / Double(max(1, sysconf(Int32(_SC_CLK_TCK)))))
  }

  private static func text(of descriptor: Int32) -> String? {
    var bytes = [UInt8](repeating: 0, count: 256)
    let count = pread(descriptor, &bytes, bytes.count, 0)
    guard count > 0 else { return nil }
    let text = String(decoding: bytes.prefix(count), as: UTF8.self)
    let line = text.split(separator: "\n").first.map(String.init) ?? ""
    let safe = String(line.unicodeScalars.filter { $0.value >= 0x20 && $0.value != 0x7f }.map(Character.init))
    return safe.isEmpty ? nil : safe
  }

  private static func timestamp(_ date: Date) -> String {
    let formatter = DateFormatter()
    formatter.locale = Locale(identifier: "en_US_POSIX")
    formatter.dateFormat = "yyyy-MM-dd HH:mm:ss"
    return formatter.string(from: date)
  }
}
