import Foundation
import Synchronization

/// A long-running program whose life ends, at the latest, with this process's.
final class Daemon: Sendable {
  private let program: String
  private let arguments: [String]
  private let rubbish: String
  private let logFile: URL
  private let pidFile: URL
  private let running = Mutex<Running?>(nil)

  /// The pipe is the tie: the shell around the program kills it when the pipe closes, which the kernel sees
  /// to even when this process is killed.
  private struct Running: @unchecked Sendable {
    var shell: Process
    var tie: Pipe
  }

  /// - Parameter leavesNothing: remove the directory when the program has ended.
  init(_ program: String, _ arguments: [String], directory: URL, leavesNothing: Bool = false) {
    self.program = program
    rubbish = leavesNothing ? directory.path : ""
    self.arguments = arguments
    let name = URL(fileURLWithPath: program).lastPathComponent
    logFile = directory.appendingPathComponent("\(name).log")
    pidFile = directory.appendingPathComponent("\(name).pid")
  }

  func start() throws {
    let script = """
      pidfile=$1; log=$2; rubbish=$3; shift 3
      "$@" >>"$log" 2>&1 </dev/null &
      child=$!
      echo $child >"$pidfile"
      cat >/dev/null
      kill -9 $child 2>/dev/null
      wait $child 2>/dev/null
      [ -z "$rubbish" ] || rm -rf "$rubbish" || { sleep 1; rm -rf "$rubbish"; }
      """
    let shell = Process()
    let tie = Pipe()
    shell.executableURL = URL(fileURLWithPath: "/bin/sh")
    shell.arguments = ["-c", script, "sh", pidFile.path, logFile.path, rubbish, program] + arguments
    shell.standardInput = tie
    try? FileManager.default.removeItem(at: pidFile)
    try shell.run()
    let started = Running(shell: shell, tie: tie)
    running.withLock { $0 = started }
  }

  /// Kills the program and waits for its end.
  func stop() {
    guard
      let stopping = running.withLock({ running in
        defer { running = nil }
        return running
      })
    else { return }
    if let pid { kill(pid, SIGKILL) }
    try? stopping.tie.fileHandleForWriting.close()
    stopping.shell.waitUntilExit()
  }

  /// True until the program has ended, and while it is still being started.
  var isRunning: Bool {
    guard let pid else { return true }
    // Dead and waiting to be buried by the shell counts as dead.
    let state = (try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8)) ?? ""
    return !state.isEmpty && !state.contains(") Z ")
  }

  var log: String {
    let text = (try? String(contentsOf: logFile, encoding: .utf8)) ?? ""
    return "\(logFile.lastPathComponent): …\n" + text.suffix(3000)
  }

  private var pid: Int32? {
    let text = try? String(contentsOf: pidFile, encoding: .utf8)
    return text.flatMap { Int32($0.trimmingCharacters(in: .whitespacesAndNewlines)) }
  }
}

/// Runs a program to its end and returns what it printed; throws when it fails.
@discardableResult
func run(_ program: String, _ arguments: [String], input: String? = nil) throws -> String {
  let process = Process()
  let output = Pipe()
  let complaints = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
  let feed = complaints.appendingPathExtension("in")
  try Data().write(to: complaints)
  try Data((input ?? "").utf8).write(to: feed)
  defer {
    try? FileManager.default.removeItem(at: complaints)
    try? FileManager.default.removeItem(at: feed)
  }
  process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
  process.arguments = [program] + arguments
  process.standardInput = try FileHandle(forReadingFrom: feed)
  process.standardOutput = output
  process.standardError = try FileHandle(forWritingTo: complaints)
  try process.run()
  let printed = output.fileHandleForReading.readDataToEndOfFile()
  process.waitUntilExit()
  guard process.terminationStatus == 0 else {
    let complaint = (try? String(contentsOf: complaints, encoding: .utf8)) ?? ""
    throw APIServer.Failure(description: "\(program) failed with \(process.terminationStatus): \(complaint)")
  }
  return String(decoding: printed, as: UTF8.self)
}

/// A port that was free a moment ago.
func freePort() throws -> Int {
  let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
  guard descriptor >= 0 else { throw APIServer.Failure(description: "no socket") }
  defer { close(descriptor) }
  var address = sockaddr_in()
  address.sin_family = sa_family_t(AF_INET)
  address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
  var length = socklen_t(MemoryLayout<sockaddr_in>.size)
  let isBound = withUnsafeMutablePointer(to: &address) { pointer in
    pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
      bind(descriptor, pointer, length) == 0 && getsockname(descriptor, pointer, &length) == 0
    }
  }
  guard isBound else { throw APIServer.Failure(description: "no free port") }
  return Int(UInt16(bigEndian: address.sin_port))
}
