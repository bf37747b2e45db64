import Foundation
import Logging
import Synchronization

/// Lets whoever may signal this process change what it logs while it runs: `SIGUSR1` says more, a level at a time up
/// to `trace`; `SIGUSR2` goes back to the level it was started with.
///
/// There is no other way: the HTTP endpoints change nothing, by construction. Only the newest one of a process acts.
public final class LogLevelSignals: Sendable {
  private let output: LogOutput
  private let first: Logger.Level

  public init(_ output: LogOutput) {
    self.output = output
    first = output.level
    var ends: [Int32] = [-1, -1]
    guard pipe(&ends) == 0 else { return }
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    // A full pipe loses a signal rather than stop the thread that it interrupts.
    _ = fcntl(ends[1], F_SETFL, O_NONBLOCK)
    let thread = Thread { [weak self, reading = ends[0]] in
      var number: UInt8 = 0
      while true {
        let count = read(reading, &number, 1)
        if count < 0, errno == EINTR { continue }
        guard count == 1, let self else { break }
        self.received(Int32(number))
      }
      close(reading)
    }
    thread.name = "log level"
    thread.stackSize = 256 << 10
    thread.start()
    let earlier = writing.exchange(ends[1], ordering: .sequentiallyConsistent)
    if earlier >= 0 { close(earlier) }
    for number in [SIGUSR1, SIGUSR2] {
      var action = sigaction()
      action.__sigaction_handler.sa_handler = forward
      action.sa_flags = SA_RESTART
      sigaction(number, &action, nil)
    }
  }

  private func received(_ number: Int32) {
    let level = number == SIGUSR1 ? Self.moreVerbose(output.level) : first
    guard level != output.level else { return }
    output.level = level
    // Whatever the level is, the change of it is to be seen.
    let logger = Logger(label: "log") { [output] in output.handler($0) }
    logger.log(level: max(level, .notice), "The log level changed", metadata: ["level": "\(level)"])
  }

  static func moreVerbose(_ level: Logger.Level) -> Logger.Level {
    Logger.Level.allCases.last { $0 < level } ?? level
  }
}

/// Where the handler writes; -1: nowhere yet.
private let writing = Atomic<Int32>(-1)

/// In a signal handler nothing is allowed but to pass the number on.
private func forward(_ number: Int32) {
  let saved = errno
  var byte = UInt8(truncatingIfNeeded: number)
  _ = write(writing.load(ordering: .relaxed), &byte, 1)
  errno = saved
}
