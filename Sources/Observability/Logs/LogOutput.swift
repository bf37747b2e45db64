import Control
import Foundation
import Logging
import Synchronization

/// Where the lines of this process go: standard error or a file, written by a thread of its own.
///
/// Logging never blocks and never ends the process: a reader that stops (a full pipe, a full disk) costs a bounded
/// buffer, and what found no room is counted and said when there is room again. Level and format may change while
/// it runs.
public final class LogOutput: Sendable {
  public enum Destination: Hashable, Sendable {
    case standardError
    /// Made with mode 0600; appended to. When something moves it away, a new one is begun; when it has grown beyond
    /// `LogTarget.most`, it is moved to `NAME.1` itself, over an older one.
    case file(String)
  }

  private struct State {
    var level: Logger.Level
    var format: LogFormat
    var limit: FlapLimit
    var lines: [[UInt8]] = []
    var bytes = 0
    var dropped = 0
    var isWriting = false
    var isRaised = false
  }

  /// Most bytes that wait.
  static let most = 1 << 20

  private let state: Mutex<State>
  private let bell = DispatchSemaphore(value: 0)
  private let now: @Sendable () -> WallTime

  public init(
    _ destination: Destination = .standardError, level: Logger.Level = .info, format: LogFormat = .text,
    now: @escaping @Sendable () -> WallTime = LogOutput.systemTime
  ) {
    state = Mutex(State(level: level, format: format, limit: FlapLimit()))
    self.now = now
    let thread = Thread { [weak self, bell] in
      var target = LogTarget(destination)
      while true {
        bell.wait()
        guard let self else { return target.close() }
        self.drain(&target)
      }
    }
    thread.name = "log"
    thread.stackSize = 512 << 10
    thread.start()
  }

  deinit { bell.signal() }

  public var level: Logger.Level {
    get { state.withLock(\.level) }
    set { state.withLock { $0.level = newValue } }
  }

  public var format: LogFormat {
    get { state.withLock(\.format) }
    set { state.withLock { $0.format = newValue } }
  }

  /// For `LoggingSystem.bootstrap`.
  public func handler(_ label: String) -> any LogHandler { FleetLogHandler(label, self) }

  /// Waits until everything is written, at most so long; for the end of the process.
  public func flush(_ patience: TimeSpan = .seconds(2)) {
    let until = DispatchTime.now() + .milliseconds(Int(patience.milliseconds))
    while DispatchTime.now() < until {
      if state.withLock({ $0.lines.isEmpty && !$0.isWriting }) { return }
      usleep(2000)
    }
  }

  func take(_ level: Logger.Level, _ logger: String, _ message: String, _ metadata: Logger.Metadata) {
    var line = LogLine(at: now(), level: level, logger: logger, message: message, metadata: metadata)
    let raise = state.withLock { state in
      guard case .write(let leftOut) = state.limit.judge(line) else { return false }
      if leftOut > 0 { line.metadata["similar_left_out"] = "\(leftOut)" }
      let bytes = line.rendered(state.format)
      guard state.bytes + bytes.count <= Self.most else {
        state.dropped += 1
        return false
      }
      state.lines.append(bytes)
      state.bytes += bytes.count
      defer { state.isRaised = true }
      return !state.isRaised
    }
    if raise { bell.signal() }
  }

  private func drain(_ target: inout LogTarget) {
    let (lines, dropped, format) = state.withLock { state in
      defer {
        state.lines = []
        state.bytes = 0
        state.dropped = 0
        state.isRaised = false
        state.isWriting = true
      }
      return (state.lines, state.dropped, state.format)
    }
    var bytes = Array(lines.joined())
    if dropped > 0 {
      let line = LogLine(
        at: now(), level: .warning, logger: "log", message: "The log was not read: lines were dropped",
        metadata: ["lines": "\(dropped)"])
      bytes.append(contentsOf: line.rendered(format))
    }
    target.write(bytes)
    state.withLock { $0.isWriting = false }
  }

  @Sendable public static func systemTime() -> WallTime {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return WallTime(milliseconds: Int64(time.tv_sec) &* 1000 &+ Int64(time.tv_nsec) / 1_000_000)
  }
}
