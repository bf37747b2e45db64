import Foundation

/// The `process_*` metrics that every Prometheus client has, from `/proc/self`.
struct ProcessCollector {
  private static let cpu = MetricDescription(
    "process_cpu_seconds_total", .counter, "Total user and system CPU time spent in seconds.")
  private static let resident = MetricDescription(
    "process_resident_memory_bytes", .gauge, "Resident memory size in bytes.")
  private static let virtual = MetricDescription(
    "process_virtual_memory_bytes", .gauge, "Virtual memory size in bytes.")
  private static let start = MetricDescription(
    "process_start_time_seconds", .gauge, "Start time of the process since unix epoch in seconds.")
  private static let open = MetricDescription("process_open_fds", .gauge, "Number of open file descriptors.")
  private static let most = MetricDescription(
    "process_max_fds", .gauge, "Maximum number of open file descriptors.")
  private static let threads = MetricDescription(
    "process_threads", .gauge, "Number of threads in the process.")

  /// Families that cannot be read here (no `/proc`) are left out.
  func write(to exposition: inout Exposition) {
    func add(_ family: MetricDescription, _ value: Double?) {
      guard let value else { return }
      exposition.begin(family)
      exposition.sample([], value)
    }
    let fields = stat()
    let ticks = Double(max(1, sysconf(Int32(_SC_CLK_TCK))))
    // Fields of proc(5) from the third on: 14 utime, 15 stime, 20 num_threads, 22 starttime, 23 vsize, 24 rss.
    func field(_ number: Int) -> Double? { fields.count > number - 3 ? Double(fields[number - 3]) : nil }
    if let user = field(14), let system = field(15) { add(Self.cpu, (user + system) / ticks) }
    add(Self.resident, field(24).map { $0 * Double(max(1, sysconf(Int32(_SC_PAGESIZE)))) })
    add(Self.virtual, field(23))
    if let boot = bootTime(), let started = field(22) { add(Self.start, boot + started / ticks) }
    add(Self.open, openDescriptors().map(Double.init))
    var limit = rlimit()
    if getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 {
      add(Self.most, Double(limit.rlim_cur))
    }
    add(Self.threads, field(20))
  }

  /// Linux tells their number as the size of the directory (since 6.2); listing ten thousand takes it longer than all
  /// of the fleet takes us.
  private func openDescriptors() -> Int? {
    let path = "/proc/self/fd"
    var directory = Foundation.stat()
    if lstat(path, &directory) == 0, directory.st_size > 0 { return Int(directory.st_size) }
    return try? FileManager.default.contentsOfDirectory(atPath: path).count
  }

  /// What follows the command's name, which may itself hold spaces and parentheses.
  private func stat() -> [Substring] {
    guard let data = FileManager.default.contents(atPath: "/proc/self/stat") else { return [] }
    let text = String(decoding: data, as: UTF8.self)
    guard let end = text.lastIndex(of: ")") else { return [] }
    return text[text.index(after: end)...].split(whereSeparator: { $0 == " " || $0 == "\n" })
  }

  private func bootTime() -> Double? {
    guard let data = FileManager.default.contents(atPath: "/proc/stat") else { return nil }
    for line in String(decoding: data, as: UTF8.self).split(separator: "\n") where line.hasPrefix("btime ") {
      return Double(line.dropFirst(6))
    }
    return nil
  }
}
