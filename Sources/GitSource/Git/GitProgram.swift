import Foundation
import Manifest
import Subprocess

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

  private func childEnvironment(_ extra: [String: String]) -> Environment {
    var changes: [Environment.Key: String?] = [:]
    for name in Self.removed { changes[.init(rawValue: name) ?? "GIT_DIR"] = .some(nil) }
    var added: [String: String?] = [
      "GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0", "GIT_NO_REPLACE_OBJECTS": "1",
      "GIT_LITERAL_PATHSPECS": "1", "GIT_PAGER": "cat", "SSH_ASKPASS_REQUIRE": "never", "LC_ALL": "C",
    ]
    for (name, value) in environment { added[name] = value }
    for (name, value) in extra { added[name] = value }
    for (name, value) in added {
      if let key = Environment.Key(rawValue: name) { changes[key] = .some(value) }
    }
    return .inherit.updating(changes)
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
    try FreeDescriptors.require()
    let child = childEnvironment(extra)
    let inputFile = try InputFile(input)
    do {
      return try await withThrowingTaskGroup(of: Output?.self) { group in
        group.addTask {
          try await launch(all, directory, child, inputFile, limit)
        }
        group.addTask {
          try await Task.sleep(for: timeout)
          return nil
        }
        let first = try await group.next() ?? nil
        group.cancelAll()
        guard let first else { throw GitFailure.timedOut(command: name, after: timeout) }
        return first
      }
    } catch let failure as GitFailure {
      throw failure
    } catch let error as SubprocessError {
      switch error.code {
      case .executableNotFound: throw .gitMissing(executable)
      case .outputLimitExceeded: throw .tooLarge(what: "the output of git \(name)", limit: limit)
      default: throw .unexpected(command: name, detail: PrintableText.escaped("\(error)"))
      }
    } catch is CancellationError {
      throw .cancelled
    } catch {
      throw .unexpected(command: name, detail: PrintableText.escaped("\(error)"))
    }
  }

  private func launch(
    _ arguments: [String], _ directory: String, _ child: Environment, _ input: InputFile, _ limit: Int
  ) async throws -> Output {
    var options = PlatformOptions()
    options.createSession = true
    options.teardownSequence = [
      .send(signal: .terminate, toProcessGroup: true, allowedDurationToNextStep: .milliseconds(500))
    ]
    // Again, for this may be later; and nothing is awaited from here until the pipes are there.
    try FreeDescriptors.require()
    let standardInput = input.open()
    guard standardInput >= 0 else { throw GitFailure.noDescriptors }
    let program: Executable = executable.contains("/") ? .path(.init(executable)) : .name(executable)
    let result = try await Subprocess.run(
      program, arguments: Arguments(arguments), environment: child, workingDirectory: .init(directory),
      platformOptions: options,
      input: .fileDescriptor(.init(rawValue: standardInput), closeAfterSpawningProcess: true),
      output: .bytes(limit: limit), error: .string(limit: 1 << 20))
    let status: Int32 =
      switch result.terminationStatus {
      case .exited(let code): code
      case .signaled(let signal): 128 &+ signal
      }
    return Output(
      bytes: result.standardOutput, complaint: String(result.standardError.prefix(65_536)), status: status)
  }
}

/// Standard input from a file without a name: a child that exits early can then not break a pipe of ours.
private final class InputFile: Sendable {
  private let descriptor: Int32

  init(_ bytes: [UInt8]) throws(GitFailure) {
    if bytes.isEmpty {
      descriptor = Foundation.open("/dev/null", O_RDONLY | O_CLOEXEC)
    } else {
      let directory = ProcessInfo.processInfo.environment["TMPDIR"] ?? "/tmp"
      var template = Array((directory + "/fabgitops-XXXXXX").utf8CString)
      descriptor = mkstemp(&template)
      if descriptor >= 0 {
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        unlink(template)
        var offset = 0
        while offset < bytes.count {
          let written = bytes[offset...].withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
          guard written > 0 else { break }
          offset += written
        }
        if offset < bytes.count {
          throw .unexpected(command: "input", detail: "cannot write a temporary file")
        }
        lseek(descriptor, 0, SEEK_SET)
      }
    }
    if descriptor < 0 { throw .unexpected(command: "input", detail: String(cString: strerror(errno))) }
  }

  /// A descriptor for the child; whoever launches it closes it.
  func open() -> Int32 { fcntl(descriptor, F_DUPFD_CLOEXEC, 3) }

  deinit { close(descriptor) }
}
