import Foundation
import LocalEngine

/// The controller's lock, for a process that is worth waiting for it: a command that was given by hand holds it for
/// seconds, and must not keep an edge controller down that starts meanwhile.
enum LockPatience {
  /// A signal ended the waiting.
  struct Stopped: Error { var signal: Int32 }

  private static let limit = Duration.seconds(30)

  /// - Parameter signals: what ends the waiting; `nil`: whoever asks does not wait at all.
  static func acquire(_ directory: StateDirectory, _ signals: StopSignals?) async throws
    -> ControllerLock.Outcome
  {
    let deadline = ContinuousClock.now + limit
    var isTold = false
    while true {
      let outcome = ControllerLock.acquire(in: directory, user: Operator.name, since: Date())
      let holder: String
      switch outcome {
      case .heldBy(let name), .heldElsewhere(let name): holder = name
      case .acquired, .unavailable: return outcome
      }
      guard let signals, ContinuousClock.now < deadline, !staysForLong(holder) else { return outcome }
      if let signal = signals.arrived { throw Stopped(signal: signal) }
      if !isTold {
        Console.error("fabctl: waiting up to 30 s for the lock: \(holder) controls these devices")
      }
      isTold = true
      try await Task.sleep(for: .milliseconds(200))
    }
  }

  /// Whether the holder controls until somebody ends it: by its command line, where this user may see that.
  private static func staysForLong(_ holder: String) -> Bool {
    guard let pid = holder.firstMatch(of: /pid ([0-9]+)/)?.output.1,
      let line = FileManager.default.contents(atPath: "/proc/\(pid)/cmdline")
    else { return false }
    let words = line.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
    return words.dropFirst().first.map { ["run", "watch"].contains($0) } ?? false
  }
}
