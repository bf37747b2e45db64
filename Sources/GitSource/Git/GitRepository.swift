import Control
import Foundation
import Manifest

/// One repository, read through the `git` program: commits only, never the work tree.
public struct GitRepository: Sendable {
  /// As the user named it, for messages.
  public let name: String
  let program: GitProgram
  /// Where HEAD is; a linked work tree has its own.
  let gitDirectory: String
  /// Where branches and objects are.
  let commonDirectory: String
  /// Directory inside the repository that the user pointed at; ends in `/` unless empty.
  let prefix: String

  init(name: String, program: GitProgram, gitDirectory: String, commonDirectory: String, prefix: String) {
    self.name = name
    self.program = program
    self.gitDirectory = gitDirectory
    self.commonDirectory = commonDirectory
    self.prefix = prefix
  }

  /// Finds the repository that a directory is in, or is (bare, or a linked work tree).
  public init(at path: String, program: GitProgram = GitProgram()) async throws(GitFailure) {
    let shown = PrintableText.escaped(path)
    let absolute = path.hasPrefix("/") ? path : FileManager.default.currentDirectoryPath + "/" + path
    var isDirectory: ObjCBool = false
    guard FileManager.default.fileExists(atPath: absolute, isDirectory: &isDirectory), isDirectory.boolValue
    else {
      throw .noSuchPath(shown)
    }
    let output = try await program.run(
      ["-C", absolute, "rev-parse", "--absolute-git-dir", "--git-common-dir", "--show-prefix"])
    guard output.status == 0 else { throw Self.openFailure(output.complaint, shown) }
    let lines = output.text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    guard lines.count >= 3, lines[0].hasPrefix("/") else {
      throw .unexpected(command: "rev-parse", detail: "cannot tell where the repository of \(shown) is")
    }
    let common = lines[1].hasPrefix("/") ? lines[1] : absolute + "/" + lines[1]
    self.init(
      name: shown, program: program, gitDirectory: lines[0], commonDirectory: common, prefix: lines[2])
  }

  private static func openFailure(_ complaint: String, _ path: String) -> GitFailure {
    if complaint.contains("dubious ownership") { return .unsafeOwnership(path) }
    if complaint.contains("not a git repository") { return .notARepository(path) }
    return .unexpected(command: "rev-parse", detail: Self.firstLine(of: complaint))
  }

  /// Runs a command on this repository.
  func git(
    _ arguments: [String], input: [UInt8] = [], environment: [String: String] = [:], limit: Int = 1 << 20,
    timeout: Duration = .seconds(30)
  ) async throws(GitFailure) -> GitProgram.Output {
    try await program.run(
      ["--git-dir=" + gitDirectory] + arguments, in: gitDirectory, input: input, environment: environment,
      limit: limit, timeout: timeout)
  }

  /// The same where any exit code but 0 is a failure.
  func require(
    _ arguments: [String], input: [UInt8] = [], environment: [String: String] = [:], limit: Int = 1 << 20,
    timeout: Duration = .seconds(30)
  ) async throws(GitFailure) -> GitProgram.Output {
    let output = try await git(
      arguments, input: input, environment: environment, limit: limit, timeout: timeout)
    guard output.status == 0 else { throw failure(of: arguments.first ?? "", output) }
    return output
  }

  func failure(of command: String, _ output: GitProgram.Output) -> GitFailure {
    let line = Self.firstLine(of: output.complaint)
    for sign in [
      "corrupt", "bad object", "missing blob", "unable to read", "loose object", "not a git repository",
    ] {
      if output.complaint.contains(sign) { return .corrupted(name, detail: line) }
    }
    return .unexpected(
      command: command, detail: line.isEmpty ? "exit code \(output.status)" : line)
  }

  /// The first line that says what is wrong.
  static func firstLine(of complaint: String) -> String {
    let lines = complaint.split(whereSeparator: \.isNewline).map(String.init)
    let telling = lines.first {
      $0.hasPrefix("fatal: ") || $0.hasPrefix("error: ") || $0.hasPrefix("ERROR: ")
    }
    var line = (telling ?? lines.first ?? "")[...]
    for prefix in ["fatal: ", "error: "] where line.hasPrefix(prefix) { line = line.dropFirst(prefix.count) }
    return PrintableText.escaped(String(line), limit: 300)
  }
}

extension GitRepository {
  /// The commit that a branch, tag or expression means, and its name; without a ref, what HEAD is at.
  ///
  /// - Parameter remote: name of the remote whose branches `ref` is looked for in first.
  func resolve(_ ref: String?, remote: String? = nil) async throws(GitFailure) -> (
    commit: String, ref: String
  ) {
    guard let ref, !ref.isEmpty, ref != "HEAD" else {
      let head = remote.map { "refs/remotes/\($0)/HEAD" } ?? "HEAD"
      let symbolic = try await git(["symbolic-ref", "-q", head])
      let branch = symbolic.status == 0 ? Self.shortName(symbolic.line, remote) : "HEAD"
      guard let commit = try await commit(head) else { throw try await noRef(branch, remote) }
      return (commit, PrintableText.escaped(branch))
    }
    let shown = PrintableText.escaped(ref, limit: 100)
    guard !ref.hasPrefix("-"), !ref.contains(where: \.isWhitespace), !ref.contains("..") else {
      throw try await noRef(ref, remote)
    }
    for candidate in (remote.map { ["refs/remotes/\($0)/\(ref)"] } ?? []) + [ref] {
      if let commit = try await commit(candidate) { return (commit, shown) }
    }
    throw try await noRef(ref, remote)
  }

  private func commit(_ expression: String) async throws(GitFailure) -> String? {
    let output = try await git(["rev-parse", "--verify", "--quiet", expression + "^{commit}"])
    guard output.status == 0, Self.isObjectName(output.line) else { return nil }
    return output.line
  }

  static func isObjectName(_ text: String) -> Bool {
    (text.utf8.count == 40 || text.utf8.count == 64) && text.allSatisfy { $0.isHexDigit && $0.isASCII }
  }

  static func shortName(_ ref: String, _ remote: String?) -> String {
    for prefix in (remote.map { ["refs/remotes/\($0)/"] } ?? []) + ["refs/heads/", "refs/tags/"]
    where ref.hasPrefix(prefix) {
      return String(ref.dropFirst(prefix.count))
    }
    return ref
  }

  private func noRef(_ ref: String, _ remote: String?) async throws(GitFailure) -> GitFailure {
    let pattern = remote.map { "refs/remotes/\($0)/" } ?? "refs/heads/"
    let output = try await require([
      "for-each-ref", "--count=1000", "--format=%(refname)", pattern, "refs/tags/",
    ])
    let names = output.text.split(separator: "\n").map { Self.shortName(String($0), remote) }
      .filter { $0 != "HEAD" }.map { PrintableText.escaped($0, limit: 100) }
    if names.isEmpty { return .noCommits(name) }
    if names.contains(ref) {
      return .corrupted(name, detail: "\(ref) is there, and the commit it names is missing")
    }
    return .noSuchRef(
      PrintableText.escaped(ref, limit: 100), branches: names,
      suggestion: NearestName.suggestion(for: ref, among: names))
  }

  /// Author, times and subject of a commit.
  func info(of commit: String) async throws(GitFailure) -> CommitInfo {
    let output = try await require([
      "log", "-1", "--no-show-signature", "--no-color", "--encoding=UTF-8",
      "--format=%H%x00%an%x00%ae%x00%at%x00%ct%x00%s", commit, "--",
    ])
    let parts = output.line.split(separator: "\0", omittingEmptySubsequences: false).map(String.init)
    guard parts.count >= 6, Self.isObjectName(parts[0]) else {
      throw .unexpected(command: "log", detail: "unreadable description of commit \(commit)")
    }
    return CommitInfo(
      id: parts[0], author: PrintableText.escaped(parts[1], limit: 100),
      email: PrintableText.escaped(parts[2], limit: 100), authored: Self.time(parts[3]),
      committed: Self.time(parts[4]), subject: PrintableText.escaped(parts[5], limit: 200))
  }

  static func time(_ seconds: String) -> WallTime {
    let value = Int64(seconds) ?? 0
    let (milliseconds, overflow) = value.multipliedReportingOverflow(by: 1000)
    return WallTime(milliseconds: overflow ? 0 : milliseconds)
  }

  /// Checks a commit's signature.
  ///
  /// Who may sign, and which program says so, is for the user's or the system's configuration to say. A repository
  /// that brings its own, as one out of an archive does, would vouch for itself.
  ///
  /// - Returns: `nil` when git accepts it, else what git says.
  func signatureProblem(of commit: String) async throws(GitFailure) -> String? {
    let own = try await ownSignatureSettings()
    guard own.isEmpty else {
      return "the repository itself says who may sign (\(own.joined(separator: ", ")));"
        + " use git config --global for that"
    }
    let output = try await git(["verify-commit", commit])
    guard output.status != 0 else { return nil }
    let line = output.complaint.split(whereSeparator: \.isNewline).last.map(String.init) ?? ""
    return line.isEmpty ? "no signature" : PrintableText.escaped(line, limit: 200)
  }

  /// Names of settings about signatures in the repository's own configuration, but for the one that only matters when
  /// signing.
  private func ownSignatureSettings() async throws(GitFailure) -> [String] {
    let output = try await git([
      "config", "-z", "--show-scope", "--name-only", "--includes", "--get-regexp", "^gpg[.]",
    ])
    let fields = output.text.split(separator: "\0").map(String.init)
    return stride(from: 0, to: fields.count - 1, by: 2).filter { index in
      ["local", "worktree"].contains(fields[index]) && fields[index + 1] != "gpg.format"
    }.map { PrintableText.escaped(fields[$0 + 1], limit: 60) }
  }
}
