import Foundation
import Manifest

/// A bare copy of a remote repository in the state directory, readable by this user only.
struct GitMirror: Sendable {
  static let remoteName = "origin"

  let url: String
  let directory: String
  let program: GitProgram

  init(url: String, stateDirectory: String, program: GitProgram) {
    self.url = url
    self.program = program
    directory = stateDirectory + "/mirrors/" + Self.directoryName(url) + ".git"
  }

  /// Readable and unique: the last part of the URL and a hash (FNV-1a) of all of it.
  static func directoryName(_ url: String) -> String {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in url.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
    let last = url.split(whereSeparator: { "/:".contains($0) }).last ?? ""
    let name = last.prefix(40).filter { $0.isASCII && ($0.isLetter || $0.isNumber || "-_".contains($0)) }
    return name + "-" + String(hash, radix: 16)
  }

  private var shown: String { SourceOrigin.redacted(PrintableText.escaped(url)) }

  /// Brings the mirror up to date; a damaged one is made anew, once.
  func fetch(ref: String?) async throws(GitFailure) -> GitRepository {
    do {
      return try await update(ref)
    } catch GitFailure.corrupted(_, _) {
      try? FileManager.default.removeItem(atPath: directory)
      return try await update(ref)
    }
  }

  private func update(_ ref: String?) async throws(GitFailure) -> GitRepository {
    try await create()
    let repository = GitRepository(
      name: shown, program: program, gitDirectory: directory, commonDirectory: directory, prefix: "")
    let advertised = try await head(repository)
    if try await isCurrent(repository, advertised, ref) { return repository }
    let isFirst =
      try await repository.git(["rev-parse", "--verify", "--quiet", "refs/remotes/origin/HEAD"]).status != 0
    let output = try await repository.git(
      [
        "fetch", "--quiet", "--prune", "--force", "--no-tags", "--no-recurse-submodules",
        "--no-write-fetch-head",
        "--no-auto-gc", "--", url, "+refs/heads/*:refs/remotes/origin/*", "+refs/tags/*:refs/tags/*",
      ], timeout: isFirst ? .seconds(900) : .seconds(120))
    guard output.status == 0 else { throw failure(output) }
    if let branch = advertised.branch {
      _ = try await repository.require([
        "symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/" + branch,
      ])
    }
    _ = try? await repository.git(
      ["-c", "gc.auto=2000", "-c", "gc.autoDetach=false", "gc", "--auto", "--quiet"], timeout: .seconds(300))
    return repository
  }

  private func create() async throws(GitFailure) {
    if FileManager.default.fileExists(atPath: directory + "/HEAD") { return }
    do {
      try FileManager.default.createDirectory(
        atPath: directory, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    } catch {
      throw .unexpected(command: "init", detail: "cannot create \(directory): \(error.localizedDescription)")
    }
    let output = try await program.run(["init", "--quiet", "--bare", "--template=", "--", directory])
    guard output.status == 0 else {
      throw .unexpected(command: "init", detail: GitRepository.firstLine(of: output.complaint))
    }
  }

  private struct Advertised {
    var branch: String?
    /// Object names by full ref name.
    var refs: [String: String]
  }

  /// What the remote has, without fetching it.
  private func head(_ repository: GitRepository) async throws(GitFailure) -> Advertised {
    let output = try await repository.git(
      ["ls-remote", "--quiet", "--symref", "--", url], limit: 64 << 20, timeout: .seconds(60))
    guard output.status == 0 else { throw failure(output) }
    var advertised = Advertised(refs: [:])
    for line in output.text.split(separator: "\n") {
      let parts = line.split(separator: "\t").map(String.init)
      guard parts.count == 2 else { continue }
      if parts[0].hasPrefix("ref: refs/heads/"), parts[1] == "HEAD" {
        advertised.branch = String(parts[0].dropFirst("ref: refs/heads/".count))
      } else {
        advertised.refs[parts[1]] = parts[0]
      }
    }
    if advertised.refs.isEmpty { throw .noCommits(shown) }
    return advertised
  }

  /// Whether what the ref means is here already. A tag or commit that is neither branch nor tag is looked
  /// up after a fetch only.
  private func isCurrent(_ repository: GitRepository, _ advertised: Advertised, _ ref: String?)
    async throws(GitFailure)
    -> Bool
  {
    let name: String
    if let ref, !ref.isEmpty, ref != "HEAD" {
      name = ref
    } else if let branch = advertised.branch {
      name = branch
    } else {
      return false
    }
    if ref == nil || ref == "HEAD" || ref == "" {
      let head = try await repository.git(["symbolic-ref", "-q", "refs/remotes/origin/HEAD"])
      guard head.line == "refs/remotes/origin/" + name else { return false }
    }
    for (theirs, ours) in [("refs/heads/", "refs/remotes/origin/"), ("refs/tags/", "refs/tags/")] {
      guard let wanted = advertised.refs[theirs + name] else { continue }
      let here = try await repository.git(["rev-parse", "--verify", "--quiet", ours + name])
      return here.status == 0 && here.line == wanted
    }
    return false
  }

  private func failure(_ output: GitProgram.Output) -> GitFailure {
    let complaint = SourceOrigin.redactedAll(output.complaint)
    let lines = complaint.split(whereSeparator: \.isNewline).map(String.init)
    let telling =
      lines.first { line in
        [
          "could not resolve", "permission denied", "authentication failed", "host key verification",
          "not found",
          "connection refused", "timed out", "could not read", "unable to access", "does not appear to be",
        ].contains { line.lowercased().contains($0) }
      } ?? GitRepository.firstLine(of: complaint)
    let reason = PrintableText.escaped(GitRepository.firstLine(of: telling), limit: 300)
    let lower = complaint.lowercased()
    for sign in [
      "authentication failed", "permission denied", "could not read username", "could not read password",
    ]
    where lower.contains(sign) {
      return .authentication(shown, reason: reason)
    }
    if lower.contains("not a git repository: '\(directory.lowercased())'") {
      return .corrupted(directory, detail: reason)
    }
    for sign in ["bad object", "object file", "loose object", "bad pack", "inflate"]
    where lower.contains(sign) {
      return .corrupted(directory, detail: reason)
    }
    return .remote(shown, reason: reason.isEmpty ? "exit code \(output.status)" : reason)
  }
}

extension SourceOrigin {
  /// Redacts every URL of a text.
  static func redactedAll(_ text: String) -> String {
    text.split(separator: " ", omittingEmptySubsequences: false).map { word in
      word.contains("://") ? redacted(String(word)) : String(word)
    }.joined(separator: " ")
  }
}
