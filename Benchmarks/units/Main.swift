// What a part of the engine costs by itself, for rows 1, 2 and 6 of docs/performance.md. Not shipped.
//
//   benchmark-units client HOST FIRST-PORT PLCS SECONDS REGISTERS
//   benchmark-units control PLCS
//
// Prints one JSON object.
import Glibc

@main enum Main {
  static func main() async {
    let arguments = Array(CommandLine.arguments.dropFirst())
    let numbers = arguments.compactMap { Int($0) }
    switch (arguments.first, numbers.count) {
    case ("client", 4) where arguments.count == 6:
      let load = ClientLoad(
        host: arguments[1], firstPort: numbers[0], plcs: numbers[1], seconds: numbers[2],
        registers: numbers[3])
      print(await load.run())
    case ("control", 1): print(ControlMemory.measure(plcs: numbers[0]))
    default:
      print("usage: benchmark-units client HOST FIRST-PORT PLCS SECONDS REGISTERS | control PLCS")
      exit(2)
    }
  }
}

/// What the kernel accounts to this process.
enum Usage {
  /// CPU seconds so far.
  static var cpu: Double {
    var usage = rusage()
    getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
    func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) / 1e6 }
    return seconds(usage.ru_utime) + seconds(usage.ru_stime)
  }

  /// Monotonic seconds.
  static var now: Double {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }

  /// Resident bytes.
  static var resident: Int {
    guard let file = fopen("/proc/self/statm", "r") else { return 0 }
    defer { fclose(file) }
    var line = [CChar](repeating: 0, count: 128)
    guard fgets(&line, 128, file) != nil else { return 0 }
    let text = String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    let fields = text.split(separator: " ")
    return fields.count > 1 ? (Int(fields[1]) ?? 0) * Int(sysconf(Int32(_SC_PAGESIZE))) : 0
  }
}
