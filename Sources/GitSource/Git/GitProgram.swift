import ChildProcesses
import Foundation
import Manifest

/// Runs the `git` program: without a terminal, without prompts, without hooks, in a session of its own,
/// with bounded output and within a time limit, after which the whole session is ended.
public struct GitProgram: Sendable {
  /// Settings on top of the caller's environment; `nil` removes a variable.
  public var environment: [String: String?]
  public var executable: String

  public init(executable: String = "git", environment: [String: String?] = [:]) {
    self.executable = executable
    self.environment = environment
  }

  struct Output: Sendable {
    var bytes: [UInt8]
    /// First 64 kB of standard error.
    var complaint: String
    /// Exit code; 128 + signal when a signal ended it, as shells have it.
    var status: Int32

    var text: String { String(decoding: bytes, as: UTF8.self) }
    var line: String {
      var text = self.text[...]
      while text.last?.isNewline == true { text.removeLast() }
      return String(text)
    }
  }

  /// Whatever the repository or the user configured, these hold for every command.
  private static let settings = [
    "core.hooksPath=/dev/null", "core.fsmonitor=false", "core.quotePath=false", "core.pager=cat", "gc.auto=0",
    "maintenance.auto=false", "submodule.recurse=false", "fetch.recurseSubmodules=false",
    "protocol.ext.allow=never",
    "log.showSignature=false", "advice.detachedHead=false", "core.alternateRefsCommand=", "color.ui=false",
    "http.lowSpeedLimit=100", "http.lowSpeedTime=20",
  ]

  /// Variables with which a caller that itself runs under git (a hook, an alias) would lead us elsewhere.
  private static let removed = [
    "GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_COMMON_DIR", "GIT_NAMESPACE", "GIT_PREFIX", "GIT_EXTERNAL_DIFF", "GIT_GRAFT_FILE",
    "GIT_SHALLOW_FILE",
    "GIT_TRACE", "GIT_TRACE2", "GIT_TRACE_PACKET", "GIT_TRACE_CURL", "GIT_QUARANTINE_PATH", "LANGUAGE",
  ]

  /// Commands that speak with another repository; all others must not.
  private static let reachesOut: Set<String> = ["ls-remote", "fetch", "push", "clone"]

  private func childEnvironment(_ extra: [String: String]) -> [String: String] {
    var variables = ProcessInfo.processInfo.environment
    for name in Self.removed { variables[name] = nil }
    let ours = [
      "GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0", "GIT_NO_REPLACE_OBJECTS": "1",
      "GIT_LITERAL_PATHSPECS": "1", "GIT_PAGER": "cat", "SSH_ASKPASS_REQUIRE": "never", "LC_ALL": "C",
    ]
    variables.merge(ours) { $1 }
    for (name, value) in environment { variables[name] = value }
    return variables.merging(extra) { $1 }
  }

  /// Runs one command and returns what it wrote, whatever its exit code.
  ///
  /// - Parameters:
  ///   - input: standard input, else empty.
  ///   - limit: bytes of output that are too many.
  func run(
    _ arguments: [String], in directory: String = "/", input: [UInt8] = [],
    environment extra: [String: String] = [:],
    limit: Int = 1 << 20, timeout: Duration = .seconds(30)
  ) async throws(GitFailure) -> Output {
    let name = arguments.first { !$0.hasPrefix("-") && !$0.hasPrefix("/") }
    var extra = extra
    // A repository that says it is a partial clone would have what it lacks fetched, by programs of its own choice.
    extra["GIT_NO_LAZY_FETCH"] = "1"
    if !Self.reachesOut.contains(name ?? "") { extra["GIT_ALLOW_PROTOCOL"] = "none" }
    return try await runBare(
      Self.settings.flatMap { ["-c", $0] } + arguments, name: name, in: directory, input: input,
      environment: extra,
      limit: limit, timeout: timeout)
  }

  /// The same without the settings in front.
  func runBare(
    _ all: [String], name: String? = nil, in directory: String = "/", input: [UInt8] = [],
    environment extra: [String: String] = [:], limit: Int = 1 << 20, timeout: Duration = .seconds(30)
  ) async throws(GitFailure) -> Output {
    let name = name ?? executable
    let child = ChildProcess(
      command: executable, arguments: all, environment: childEnvironment(extra), directory: directory,
      input: input, timeout: timeout, outputLimit: limit, complaintKept: .first(65_536))
    do {
      let result = try await child.run()
      return Output(
        bytes: result.output, complaint: String(decoding: result.complaint, as: UTF8.self),
        status: result.status)
    } catch {
      if error.isWantOfDescriptors { throw .noDescriptors }
      switch error {
      case .notStarted(ENOENT) where FileManager.default.fileExists(atPath: directory):
        throw .gitMissing(executable)
      case .notStarted(let code):
        throw .unexpected(command: name, detail: "cannot start it: \(String(cString: strerror(code)))")
      case .notGiven(let code):
        throw .unexpected(command: name, detail: "cannot write its input: \(String(cString: strerror(code)))")
      case .timedOut: throw .timedOut(command: name, after: timeout)
      case .tooMuchOutput(let limit): throw .tooLarge(what: "the output of git \(name)", limit: limit)
      case .cancelled: throw .cancelled
      case .statusLost:
        throw .unexpected(command: name, detail: "it ended, and its exit status was taken by somebody else")
      }
    }
  }
}
