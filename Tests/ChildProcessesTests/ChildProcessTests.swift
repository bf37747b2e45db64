import Foundation
import Synchronization
import Testing

@testable import ChildProcesses

@Suite struct ChildProcessTests {
  func shell(
    _ script: String, input: [UInt8] = [], timeout: Duration = .seconds(60), limit: Int = 1 << 20,
    kept: ChildProcess.Kept = .last(4096)
  ) async throws(ChildProcess.Failure) -> ChildProcess.Output {
    try await ChildProcess(
      command: "/bin/sh", arguments: ["-c", script], environment: ["PATH": "/usr/bin:/bin", "WHO": "me"],
      directory: "/usr", input: input, timeout: timeout, outputLimit: limit, complaintKept: kept
    ).run()
  }

  func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

  @Test func givesStatusAndBothStreams() async throws {
    let result = try await shell("pwd; echo $WHO; cat; echo no >&2; exit 7", input: Array("in".utf8))
    #expect(result.status == 7)
    #expect(text(result.output) == "/usr\nme\nin")
    #expect(text(result.complaint) == "no\n")
    #expect(try await shell("kill -KILL $$").status == 137)
  }

  @Test func carriesMoreThanAPipeHoldsBothWays() async throws {
    let input = [UInt8](repeating: 0x61, count: 3_000_000)
    let result = try await shell("cat; head -c 3000000 /dev/zero >&2", input: input, limit: 3_000_000)
    #expect(result.output == input)
    #expect(result.complaint.count == 4096)
  }

  @Test func keepsTheAskedPartOfAComplaint() async throws {
    let script = "seq 1 1000 >&2"
    #expect(text(try await shell(script, kept: .first(4)).complaint) == "1\n2\n")
    #expect(text(try await shell(script, kept: .last(5)).complaint) == "1000\n")
  }

  @Test func refusesTooMuch() async {
    await #expect(throws: ChildProcess.Failure.tooMuchOutput(limit: 1000)) {
      try await shell("cat /dev/zero", limit: 1000)
    }
  }

  @Test func saysWhyItCannotStart() async {
    func start(_ command: String, in directory: String = "/") async -> ChildProcess.Failure? {
      do {
        _ = try await ChildProcess(command: command, directory: directory, timeout: .seconds(60)).run()
        return nil
      } catch {
        return error
      }
    }
    #expect(await start("no-such-program-here") == .notStarted(ENOENT))
    #expect(await start("/etc/passwd") == .notStarted(EACCES))
    #expect(await start("/bin/true", in: "/no/such/directory") == .notStarted(ENOENT))
    #expect(await start("true") == nil)
  }

  @Test func waitsForAProgramThatIsBeingWritten() async throws {
    let path = NSTemporaryDirectory() + "program-\(UUID().uuidString)"
    defer { unlink(path) }
    let descriptor = open(path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0o700)
    try #require(descriptor >= 0)
    let script = Array("#!/bin/sh\necho done\n".utf8)
    #expect(write(descriptor, script, script.count) == script.count)
    func run() async throws(ChildProcess.Failure) -> String {
      text(try await ChildProcess(command: path, timeout: .seconds(60)).run().output)
    }
    // Nobody waits for ever.
    await #expect(throws: ChildProcess.Failure.notStarted(ETXTBSY)) { try await run() }
    async let output = run()
    try await Task.sleep(for: .milliseconds(100))
    close(descriptor)
    #expect(try await output == "done\n")
  }

  /// The dashboard blocks and ignores signals, and has sockets and files open that must not outlive it in a child.
  @Test func inheritsNothing() async throws {
    let ends = [open("/dev/null", O_RDONLY), open("/dev/null", O_RDONLY)]
    defer { for end in ends { close(end) } }
    let before = signal(SIGXFSZ, SIG_IGN)
    defer { signal(SIGXFSZ, before) }
    // The fourth is the directory that ls reads.
    #expect(text(try await shell("ls /proc/self/fd | wc -l").output) == "4\n")
    let signals = try await shell("grep -E 'Sig(Blk|Ign)' /proc/self/status | cut -f2").output
    let sets = text(signals).split(separator: "\n").map { UInt64($0, radix: 16) }
    // Two are the C library's own, and cannot be set.
    #expect(sets.map { $0.map { $0 & ~0x1_8000_0000 } } == [0, 0])
    let session = text(try await shell("cut -d' ' -f6 /proc/$$/stat; echo $$").output).split(separator: "\n")
    #expect(session.count == 2 && session.first == session.last)
  }

  @Test func doesNotWaitForWhatItLeavesBehind() async throws {
    let start = ContinuousClock.now
    let result = try await shell("echo done; sleep 600 & exit 0", timeout: .seconds(300))
    #expect(text(result.output) == "done\n")
    #expect(ContinuousClock.now - start < .seconds(200))
  }

  /// Also those that do not listen to SIGTERM, and those that have no output any more.
  @Test(arguments: [
    "sleep 600 & echo $! > FILE; wait", "trap '' TERM; sleep 600 & echo $! > FILE; wait; sleep 600",
    "exec >&- 2>&-; sleep 600 & echo $! > FILE; wait",
  ])
  func endsItWithItsChildren(_ script: String) async throws {
    let file = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString).path
    defer { try? FileManager.default.removeItem(atPath: file) }
    let script = script.replacingOccurrences(of: "FILE", with: file)
    let task = Task { try await shell(script, timeout: .seconds(600)) }
    let deadline = ContinuousClock.now.advanced(by: .seconds(120))
    func pid() -> Int32? {
      let text = try? String(contentsOfFile: file, encoding: .utf8)
      return text.flatMap { $0.hasSuffix("\n") ? Int32($0.dropLast()) : nil }
    }
    while pid() == nil, ContinuousClock.now < deadline { try await Task.sleep(for: .milliseconds(5)) }
    let child = try #require(pid())
    task.cancel()
    await #expect(throws: ChildProcess.Failure.cancelled) { try await task.value }
    func isAlive() -> Bool {
      let state = (try? String(contentsOfFile: "/proc/\(child)/stat", encoding: .utf8)) ?? ""
      return !state.isEmpty && !state.contains(") Z ")
    }
    while isAlive(), ContinuousClock.now < deadline { try await Task.sleep(for: .milliseconds(5)) }
    #expect(!isAlive())
    await #expect(throws: ChildProcess.Failure.timedOut) {
      try await shell(script, timeout: .milliseconds(300))
    }
  }

  @Test func manyAtOnce() async throws {
    let sum = try await withThrowingTaskGroup(of: Int.self) { group in
      for number in 0..<64 {
        group.addTask { Int(text(try await shell("echo \(number)").output.dropLast())) ?? -1 }
      }
      return try await group.reduce(0, +)
    }
    #expect(sum == 64 * 63 / 2)
  }
}
