import ArgumentParser
import Foundation
import LocalEngine
import Logging
import Observability

/// `--log-level`, `--log-format` and `--log-file`, of the commands that run for long.
struct LogOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Log from this level on: trace, debug, info, notice, warning, error or critical. SIGUSR1 says more while it runs.",
      valueName: "level"))
  var logLevel: Logger.Level?

  @Option(help: "Lines for people or for machines.")
  var logFormat: LogFormat = .text

  @Option(
    help: ArgumentHelp(
      "Log to this file, put aside as FILE.1 after 8 MB, instead of to standard error.", valueName: "file"))
  var logFile: String?

  /// Where a program with a screen logs to unless told otherwise: standard error is the screen.
  static func standardFile(_ directory: StateDirectory) -> String { directory.path + "/fabctl.log" }

  /// Somebody asked for a log.
  var isWanted: Bool { logLevel != nil || logFile != nil }

  /// A log that cannot be written is told before anything is started, not found missing afterwards.
  private static func requireWritable(_ path: String) throws {
    let descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else {
      let why = String(cString: strerror(errno))
      throw CommandFailure(.usage, "fabctl: --log-file \(path): cannot be written: \(why); name another file")
    }
    close(descriptor)
  }

  /// Sets the log of this process up, once; keep what it returns until the end, and close it.
  ///
  /// - Parameter standard: the file when no `--log-file` is given; `nil`: standard error.
  func start(standard: String?, level: Logger.Level = .info) throws -> RunningLog {
    if let logFile { try Self.requireWritable(logFile) }
    let path = logFile ?? standard
    let output = LogOutput(
      path.map { .file($0) } ?? .standardError, level: logLevel ?? level, format: logFormat)
    LoggingSystem.bootstrap { output.handler($0) }
    return RunningLog(output: output, signals: LogLevelSignals(output))
  }
}

/// The log of this process while it runs.
struct RunningLog: Sendable {
  let output: LogOutput
  let signals: LogLevelSignals

  /// For an engine and what belongs to it.
  var logger: Logger { Logger(label: "fabgitops") }

  /// Writes down what still waits.
  func close() { output.flush() }
}

extension Logger.Level: @retroactive ExpressibleByArgument {}
extension LogFormat: ExpressibleByArgument {}
