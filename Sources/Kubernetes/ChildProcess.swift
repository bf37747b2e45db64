import Foundation
import Glibc
import Synchronization

/// Runs a program to its end, without a terminal and within limits.
///
/// The child gets `/dev/null` as its input, no other open file, default signals, and a session of its own, so
/// that it can neither read from nor write on the terminal that the dashboard uses, and is killed with its
/// children.
struct ChildProcess: Sendable {
  struct Output: Sendable {
    /// Exit status, or 128 + signal.
    var status: Int32
    var output: [UInt8]
    /// The last part of what it complained.
    var complaint: String
  }

  enum Failure: Error, Hashable, Sendable {
    /// `errno` of the attempt to start it.
    case notStarted(Int32)
    case timedOut
    case tooMuchOutput(limit: Int)
    case cancelled
  }

  var command: String
  var arguments: [String]
  var environment: [String: String]
  var timeout: Duration
  var outputLimit = 1 << 20

  /// Runs on a thread of its own: everything here blocks.
  func run() async throws(Failure) -> Output {
    let isCancelled = CancellationFlag()
    let result: Result<Output, Failure> = await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let thread = Thread { @Sendable in
          continuation.resume(returning: Result { () throws(Failure) in try runBlocking(isCancelled) })
        }
        thread.name = "credential-plugin"
        thread.start()
      }
    } onCancel: {
      isCancelled.set()
    }
    return try result.get()
  }

  private func runBlocking(_ isCancelled: CancellationFlag) throws(Failure) -> Output {
    guard let out = OutputPipe(), let err = OutputPipe() else { throw .notStarted(errno) }
    defer {
      out.close()
      err.close()
    }
    let child = try spawn(output: out.writeEnd, complaint: err.writeEnd)
    out.closeWriteEnd()
    err.closeWriteEnd()
    do {
      return try gather(child, out, err, isCancelled)
    } catch {
      kill(-child, SIGKILL)
      kill(child, SIGKILL)
      var status: Int32 = 0
      waitpid(child, &status, 0)
      throw error
    }
  }

  private func spawn(output: Int32, complaint: Int32) throws(Failure) -> pid_t {
    var actions = posix_spawn_file_actions_t()
    var attributes = posix_spawnattr_t()
    posix_spawn_file_actions_init(&actions)
    posix_spawnattr_init(&attributes)
    defer {
      posix_spawn_file_actions_destroy(&actions)
      posix_spawnattr_destroy(&attributes)
    }
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_adddup2(&actions, output, 1)
    posix_spawn_file_actions_adddup2(&actions, complaint, 2)
    closeFromThree(&actions)
    var none = sigset_t()
    var all = sigset_t()
    sigemptyset(&none)
    sigfillset(&all)
    posix_spawnattr_setsigmask(&attributes, &none)
    posix_spawnattr_setsigdefault(&attributes, &all)
    // POSIX_SPAWN_SETSID, which the imported header hides.
    let newSession: Int32 = 0x80
    let flags = Int32(POSIX_SPAWN_SETSIGMASK) | Int32(POSIX_SPAWN_SETSIGDEF) | newSession
    posix_spawnattr_setflags(&attributes, Int16(truncatingIfNeeded: flags))
    var arguments: [UnsafeMutablePointer<CChar>?] = ([command] + arguments).map { strdup($0) } + [nil]
    var variables: [UnsafeMutablePointer<CChar>?] =
      environment.sorted { $0.key < $1.key }.map { strdup("\($0.key)=\($0.value)") } + [nil]
    defer { for pointer in arguments + variables { free(pointer) } }
    var child: pid_t = 0
    let result = posix_spawnp(&child, command, &actions, &attributes, &arguments, &variables)
    guard result == 0 else { throw .notStarted(result) }
    return child
  }

  /// The function is in glibc from 2.34, hidden by the imported header; without it close-on-exec must do.
  private func closeFromThree(_ actions: UnsafeMutablePointer<posix_spawn_file_actions_t>) {
    typealias Function = @convention(c) (UnsafeMutablePointer<posix_spawn_file_actions_t>, Int32) -> Int32
    guard let symbol = dlsym(nil, "posix_spawn_file_actions_addclosefrom_np") else { return }
    _ = unsafeBitCast(symbol, to: Function.self)(actions, 3)
  }

  private func gather(
    _ child: pid_t, _ out: OutputPipe, _ err: OutputPipe, _ isCancelled: CancellationFlag
  ) throws(Failure) -> Output {
    let deadline = ContinuousClock.now.advanced(by: timeout)
    var output: [UInt8] = []
    var complaint: [UInt8] = []
    var isOutOpen = true
    var isErrOpen = true
    var status: Int32 = 0
    var hasExited = false
    while true {
      if isCancelled.isSet { throw .cancelled }
      guard ContinuousClock.now < deadline else { throw .timedOut }
      var waiting = [
        pollfd(fd: isOutOpen ? out.readEnd : -1, events: Int16(POLLIN), revents: 0),
        pollfd(fd: isErrOpen ? err.readEnd : -1, events: Int16(POLLIN), revents: 0),
      ]
      // Short, because an exit of the child, a cancellation and the deadline do not wake `poll`.
      let ready = poll(&waiting, 2, 50)
      if waiting[0].revents != 0 { isOutOpen = read(out.readEnd, &output) }
      if waiting[1].revents != 0 { isErrOpen = read(err.readEnd, &complaint) }
      guard output.count <= outputLimit else { throw .tooMuchOutput(limit: outputLimit) }
      if complaint.count > 4096 { complaint.removeFirst(complaint.count - 4096) }
      if hasExited, ready <= 0 || !(isOutOpen || isErrOpen) { break }
      if !hasExited { hasExited = waitpid(child, &status, WNOHANG) == child }
    }
    return Output(
      status: exitStatus(status), output: output,
      complaint: oneLine(String(decoding: complaint, as: UTF8.self)))
  }

  /// False at the end of the stream.
  private func read(_ descriptor: Int32, _ bytes: inout [UInt8]) -> Bool {
    var chunk = [UInt8](repeating: 0, count: 16_384)
    let count = Glibc.read(descriptor, &chunk, chunk.count)
    if count < 0 { return errno == EINTR || errno == EAGAIN }
    bytes.append(contentsOf: chunk.prefix(count))
    return count > 0
  }

  private func exitStatus(_ status: Int32) -> Int32 {
    let signal = status & 0x7F
    return signal == 0 ? (status >> 8) & 0xFF : 128 + signal
  }
}

/// A pipe whose ends do not leak into other children.
private final class OutputPipe {
  private(set) var readEnd: Int32
  private(set) var writeEnd: Int32

  init?() {
    var ends: [Int32] = [-1, -1]
    guard pipe(&ends) == 0 else { return nil }
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    readEnd = ends[0]
    writeEnd = ends[1]
  }

  func closeWriteEnd() {
    if writeEnd >= 0 { Glibc.close(writeEnd) }
    writeEnd = -1
  }

  func close() {
    closeWriteEnd()
    if readEnd >= 0 { Glibc.close(readEnd) }
    readEnd = -1
  }
}

private final class CancellationFlag: Sendable {
  private let flag = Atomic<Bool>(false)
  var isSet: Bool { flag.load(ordering: .acquiring) }
  func set() { flag.store(true, ordering: .releasing) }
}
