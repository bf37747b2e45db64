import CSpawn
import Foundation
import Synchronization

/// Runs a program to its end, without a terminal and within limits.
///
/// The child gets no open file but its three standard ones, default signals, and a session of its own: it can neither
/// read from nor write on the terminal that a dashboard uses, and it is ended with its children.
///
/// Every want of the system (descriptors, threads, memory) is a ``Failure``, after which the next run is as good as the
/// first: the caller may be a controller, which must not end and must not wait for ever because of it.
public struct ChildProcess: Sendable {
  public struct Output: Sendable {
    /// Exit status, or 128 + signal, as shells have it.
    public var status: Int32
    public var output: [UInt8]
    /// What it wrote to standard error, as far as it is kept.
    public var complaint: [UInt8]
  }

  public enum Failure: Error, Hashable, Sendable {
    /// `errno` of the attempt to start it.
    case notStarted(Int32)
    /// `errno` of the attempt to hand it its input.
    case notGiven(Int32)
    case timedOut
    case tooMuchOutput(limit: Int)
    case cancelled
    /// It ended, and somebody else has taken its exit status.
    case statusLost

    /// Nothing could be opened any more, by this process or on the whole system.
    public var isWantOfDescriptors: Bool {
      switch self {
      case .notStarted(let code), .notGiven(let code): code == EMFILE || code == ENFILE
      default: false
      }
    }
  }

  /// Which part of a long complaint is kept.
  public enum Kept: Sendable {
    case first(Int)
    case last(Int)
  }

  /// Looked up on our own PATH unless it has a slash.
  public var command: String
  public var arguments: [String]
  /// All of it: nothing is inherited.
  public var environment: [String: String]
  public var directory: String
  public var input: [UInt8]
  public var timeout: Duration
  /// Bytes of output that are too many.
  public var outputLimit: Int
  public var complaintKept: Kept

  public init(
    command: String, arguments: [String] = [], environment: [String: String] = [:], directory: String = "/",
    input: [UInt8] = [], timeout: Duration, outputLimit: Int = 1 << 20, complaintKept: Kept = .last(4096)
  ) {
    self.command = command
    self.arguments = arguments
    self.environment = environment
    self.directory = directory
    self.input = input
    self.timeout = timeout
    self.outputLimit = outputLimit
    self.complaintKept = complaintKept
  }

  /// Between a friendly end (SIGTERM) and the other one (SIGKILL).
  static let grace: Duration = .milliseconds(500)

  /// Runs on a thread of its own: everything here blocks.
  public func run() async throws(Failure) -> Output {
    let isCancelled = CancellationFlag()
    let result: Result<Output, Failure> = await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let failure = OwnThread.start {
          var unreaped: pid_t?
          continuation.resume(
            returning: Result { () throws(Failure) in try runBlocking(isCancelled, &unreaped) })
          if let unreaped {
            // Killed, and held by the kernel: nobody waits for it but this thread.
            var status: Int32 = 0
            while waitpid(unreaped, &status, 0) < 0, errno == EINTR {}
          }
        }
        if failure != 0 { continuation.resume(returning: .failure(.notStarted(failure))) }
      }
    } onCancel: {
      isCancelled.set()
    }
    return try result.get()
  }

  private func runBlocking(_ isCancelled: CancellationFlag, _ unreaped: inout pid_t?) throws(Failure)
    -> Output
  {
    Self.keepExitStatuses
    let out = try OutputPipe()
    let complaint = try OutputPipe()
    let child = try spawn(out, complaint, isCancelled)
    out.closeWriteEnd()
    complaint.closeWriteEnd()
    do throws(Failure) {
      let gathered = try gather(child, out, complaint, isCancelled)
      guard let status = reap(child) else { throw Failure.statusLost }
      return Output(status: status, output: gathered.output, complaint: gathered.complaint)
    } catch {
      // One that somebody else has reaped has lost its number as well.
      if error != .statusLost, !end(child) { unreaped = child }
      throw error
    }
  }

  /// Some parents start us with SIGCHLD ignored: the system then forgets how a child ended before it can be asked.
  private static let keepExitStatuses: Void = {
    var action = sigaction()
    guard sigaction(SIGCHLD, nil, &action) == 0 else { return }
    guard unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self) == 1 else { return }
    signal(SIGCHLD, SIG_DFL)
  }()

  /// A program whose file is open for writing cannot be started. That passes: a child of ours, of another thread, has
  /// a copy of each of our descriptors until it is the program it becomes, and an upgrade in place comes to its end.
  static let patience: Duration = .seconds(2)

  private func spawn(
    _ out: OutputPipe, _ complaint: OutputPipe, _ isCancelled: CancellationFlag
  ) throws(Failure) -> pid_t {
    let input = try InputFile(input)
    var arguments: [UnsafeMutablePointer<CChar>?] = ([command] + arguments).map { strdup($0) } + [nil]
    var variables: [UnsafeMutablePointer<CChar>?] =
      environment.sorted { $0.key < $1.key }.map { strdup("\($0.key)=\($0.value)") } + [nil]
    defer { for pointer in arguments + variables { free(pointer) } }
    let deadline = ContinuousClock.now.advanced(by: min(Self.patience, timeout))
    while true {
      var child: pid_t = 0
      let result = childSpawn(
        &child, command, &arguments, &variables, directory, input.descriptor, out.writeEnd,
        complaint.writeEnd)
      if result == 0 { return child }
      if isCancelled.isSet { throw .cancelled }
      guard result == ETXTBSY, ContinuousClock.now < deadline else { throw .notStarted(result) }
      usleep(5_000)
    }
  }

  /// Reads until both streams end, or the child does: what it leaves behind may keep them open for long.
  private func gather(
    _ child: pid_t, _ out: OutputPipe, _ err: OutputPipe, _ isCancelled: CancellationFlag
  ) throws(Failure) -> (output: [UInt8], complaint: [UInt8]) {
    let deadline = ContinuousClock.now.advanced(by: timeout)
    var output: [UInt8] = []
    var complaint: [UInt8] = []
    var isOutOpen = true
    var isErrOpen = true
    var hasEnded = false
    // An exit, a cancellation and the deadline do not wake `poll`. After the streams have ended, the exit is near.
    var pause: UInt32 = 100
    while true {
      if isCancelled.isSet { throw .cancelled }
      guard ContinuousClock.now < deadline else { throw .timedOut }
      if isOutOpen || isErrOpen {
        var waiting = [
          pollfd(fd: isOutOpen ? out.readEnd : -1, events: Int16(POLLIN), revents: 0),
          pollfd(fd: isErrOpen ? err.readEnd : -1, events: Int16(POLLIN), revents: 0),
        ]
        let ready = poll(&waiting, 2, hasEnded ? 0 : 50)
        if waiting[0].revents != 0 { isOutOpen = try out.read(into: &output, atMost: outputLimit) }
        if waiting[1].revents != 0 {
          isErrOpen = try err.read(into: &complaint, atMost: nil)
          keep(&complaint)
        }
        if hasEnded, ready == 0 { break }
        if ready > 0, isOutOpen || isErrOpen, !hasEnded { continue }
      }
      if hasEnded {
        if !isOutOpen, !isErrOpen { break }
      } else {
        hasEnded = Self.hasEnded(child)
        if !hasEnded, !isOutOpen, !isErrOpen {
          usleep(pause)
          pause = min(pause * 2, 50_000)
        }
      }
    }
    return (output, complaint)
  }

  private func keep(_ complaint: inout [UInt8]) {
    switch complaintKept {
    case .first(let count): if complaint.count > count { complaint.removeLast(complaint.count - count) }
    case .last(let count): if complaint.count > count { complaint.removeFirst(complaint.count - count) }
    }
  }

  /// Whether it has; its number stays taken until it is reaped, so that it can be signalled.
  private static func hasEnded(_ child: pid_t) -> Bool {
    var information = siginfo_t()
    let result = waitid(P_PID, id_t(child), &information, WEXITED | WNOHANG | WNOWAIT)
    // Somebody else reaped it (ECHILD): it has ended.
    if result != 0 { return errno == ECHILD }
    return information.si_signo != 0
  }

  /// The exit status of a child that has ended; `nil`: somebody else has taken it.
  private func reap(_ child: pid_t) -> Int32? {
    var status: Int32 = 0
    while waitpid(child, &status, 0) < 0 {
      guard errno == EINTR else { return nil }
    }
    let signal = status & 0x7F
    return signal == 0 ? (status >> 8) & 0xFF : 128 + signal
  }

  /// Ends a child and all of its session's first group; false when the kernel still holds it.
  private func end(_ child: pid_t) -> Bool {
    kill(-child, SIGTERM)
    wait(for: child, within: Self.grace)
    // Before it is reaped: until then nobody else has its number.
    kill(-child, SIGKILL)
    guard wait(for: child, within: .seconds(2)) else { return false }
    _ = reap(child)
    return true
  }

  @discardableResult
  private func wait(for child: pid_t, within limit: Duration) -> Bool {
    let deadline = ContinuousClock.now.advanced(by: limit)
    while !Self.hasEnded(child) {
      guard ContinuousClock.now < deadline else { return false }
      usleep(2_000)
    }
    return true
  }
}

/// One end of a child's output; what leaves scope is closed.
private final class OutputPipe {
  private(set) var readEnd: Int32 = -1
  private(set) var writeEnd: Int32 = -1

  init() throws(ChildProcess.Failure) {
    let result = childPipe(&readEnd, &writeEnd)
    guard result == 0 else { throw .notStarted(result) }
  }

  deinit {
    closeWriteEnd()
    if readEnd >= 0 { close(readEnd) }
  }

  func closeWriteEnd() {
    if writeEnd >= 0 { close(writeEnd) }
    writeEnd = -1
  }

  /// Takes what is there; false at the end of the stream.
  func read(into bytes: inout [UInt8], atMost limit: Int?) throws(ChildProcess.Failure) -> Bool {
    var chunk = [UInt8](repeating: 0, count: 65_536)
    let count = Glibc.read(readEnd, &chunk, chunk.count)
    if count < 0 { return errno == EINTR || errno == EAGAIN }
    bytes.append(contentsOf: chunk.prefix(count))
    if let limit, bytes.count > limit { throw .tooMuchOutput(limit: limit) }
    return count > 0
  }
}

/// Standard input from a file without a name: a child that ends early can then not break a pipe of ours.
private final class InputFile {
  let descriptor: Int32

  init(_ bytes: [UInt8]) throws(ChildProcess.Failure) {
    if bytes.isEmpty {
      descriptor = open("/dev/null", O_RDONLY | O_CLOEXEC)
      if descriptor < 0 { throw .notGiven(errno) }
      return
    }
    let directory = ProcessInfo.processInfo.environment["TMPDIR"] ?? "/tmp"
    // mkstemp puts a name that nobody has in place of the six letters.
    var template = Array((directory + "/fabgitops-XXXXXX").utf8CString)
    descriptor = mkstemp(&template)
    if descriptor < 0 { throw .notGiven(errno) }
    _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
    unlink(template)
    var offset = 0
    while offset < bytes.count {
      let written = bytes[offset...].withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
      if written < 0, errno == EINTR { continue }
      guard written > 0 else { throw .notGiven(written < 0 ? errno : ENOSPC) }
      offset += written
    }
    guard lseek(descriptor, 0, SEEK_SET) == 0 else { throw .notGiven(errno) }
  }

  deinit { if descriptor >= 0 { close(descriptor) } }
}

private final class CancellationFlag: Sendable {
  private let flag = Atomic<Bool>(false)
  var isSet: Bool { flag.load(ordering: .acquiring) }
  func set() { flag.store(true, ordering: .releasing) }
}
