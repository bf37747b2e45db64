import Control
import Fleet
import Foundation
import Manifest

/// Values that reality has and that shall become the desired ones.
public struct AdoptRequest: Hashable, Sendable {
  public struct Value: Hashable, Sendable {
    /// Name of the register.
    public var register: String
    public var actual: RegisterValue
    /// When it was read.
    public var readAt: WallTime?

    public init(register: String, actual: RegisterValue, readAt: WallTime? = nil) {
      self.register = register
      self.actual = actual
      self.readAt = readAt
    }
  }
  public var device: DeviceID
  public var values: [Value]
  /// Why, for the commit's message; empty: it says nothing.
  public var reason: String
  /// Who wants it, for the commit.
  public var by: String
  public var at: WallTime
  /// Push the branch to the remote it belongs to; always done for a remote source.
  public var push: Bool

  public init(
    device: DeviceID, values: [Value], reason: String = "", by: String, at: WallTime, push: Bool = false
  ) {
    self.device = device
    self.values = values
    self.reason = reason
    self.by = by
    self.at = at
    self.push = push
  }
}

extension GitSource {
  /// Makes a commit on a new branch, on top of the commit in force, in which the values are the desired ones.
  ///
  /// Touches neither the work tree nor the index nor any branch that exists. The manifest keeps its
  /// comments and layout.
  public func adopt(_ request: AdoptRequest) async -> AdoptOutcome {
    guard let repository, let inForce else { return .refused("no desired state has been read yet") }
    guard let device = inForce.devices.first(where: { $0.id == request.device }) else {
      return .refused("\(request.device): not in \(inForce.name)")
    }
    guard !request.values.isEmpty else { return .refused("\(request.device): no values to adopt") }
    do {
      let steps = try await AdoptSteps(repository, inForce, device, request)
      let commit = try await steps.commit()
      var summary = steps.subject
      if request.push || isRemote { summary += try await push(steps.branch, repository) }
      return .committed(branch: steps.branch, commit: commit, summary: summary)
    } catch let failure as GitFailure {
      return .refused(failure.description)
    } catch let failure as ManifestEditor.Failure {
      return .refused(failure.description)
    } catch {
      return .refused("\(error)")
    }
  }

  private var isRemote: Bool {
    if case .remote = configuration.origin { true } else { false }
  }

  private func push(_ branch: String, _ repository: GitRepository) async throws(GitFailure) -> String {
    let target: String
    if case .remote(let url) = configuration.origin { target = url } else { target = "origin" }
    try await requireNoPrograms(repository, target)
    let output = try await repository.git(
      [
        "push", "--quiet", "--no-recurse-submodules", "--no-verify", "--", target,
        "refs/heads/\(branch):refs/heads/\(branch)",
      ],
      timeout: .seconds(60))
    guard output.status == 0 else {
      throw .remote(
        SourceOrigin.redacted(target),
        reason: "branch \(branch) is made here, but cannot be pushed: "
          + SourceOrigin.redactedAll(GitRepository.firstLine(of: output.complaint)))
    }
    return ", pushed to \(SourceOrigin.redacted(target))"
  }

  /// A push asks the repository's own settings which programs to run. The user's are trusted, a repository's are not:
  /// it may come from anywhere.
  private func requireNoPrograms(_ repository: GitRepository, _ target: String) async throws(GitFailure) {
    let found = try await repository.git([
      "config", "--show-scope", "--includes", "--name-only", "--get-regexp",
      "^(core\\.(sshcommand|gitproxy|askpass)|ssh\\.variant|credential\\..*|remote\\..*\\.(receivepack|uploadpack|vcs)|gpg\\..*program)$",
    ])
    // A repository has a file for all of its work trees and one for each.
    let own = found.text.split(whereSeparator: \.isNewline).map { $0.split(separator: "\t") }
      .first { $0.count == 2 && ["local", "worktree"].contains($0[0]) }
    guard found.status == 0, let name = own?.last else { return }
    throw .remote(
      SourceOrigin.redacted(target),
      reason:
        "not pushed: the repository's own configuration sets \(PrintableText.escaped(String(name))), which could "
        + "start any program; set it in your own configuration (git config --global), or push by hand")
  }
}

/// The plumbing of one adoption.
private struct AdoptSteps {
  let repository: GitRepository
  let base: SourceRevision
  let device: ManifestDevice
  let request: AdoptRequest
  let file: TreeFile
  let mode: String
  let edited: [UInt8]
  let lines: [String]
  let branch: String

  init(
    _ repository: GitRepository, _ base: SourceRevision, _ device: ManifestDevice, _ request: AdoptRequest
  ) async throws {
    self.repository = repository
    self.base = base
    self.device = device
    self.request = request
    let path = device.location.file
    let listing = try await repository.require([
      "ls-tree", "-z", "-l", "--full-tree", base.commit.id, "--", path,
    ])
    guard let file = try GitRepository.entries(listing.bytes, prefix: "").first, file.kind == .file else {
      throw GitFailure.corrupted(repository.name, detail: "cannot find \(PrintableText.escaped(path))")
    }
    self.file = file
    mode = String(listing.text.prefix { $0 != " " })
    let contents = try await repository.contents(of: [file])
    edited = try ManifestEditor.apply(
      request.values.map { .init(device: request.device, register: $0.register, value: $0.actual) },
      to: ManifestFile(name: path, contents: contents.first ?? []))
    if edited == contents.first {
      throw ManifestEditor.Failure(description: "\(request.device): these are the desired values already")
    }
    lines = request.values.map { Self.line($0, device.spec) }
    branch = Self.branchName(request)
  }

  private static func line(_ value: AdoptRequest.Value, _ spec: DeviceSpec) -> String {
    let register = spec.registers.first { $0.name == value.register }
    let before = register?.desired.map { ManifestValue($0).json(pretty: false) } ?? "none"
    let unit = (register?.unit).map { $0.isEmpty ? "" : " " + $0 } ?? ""
    let read = value.readAt.map { ", read at \($0.rfc3339)" } ?? ""
    return "\(value.register): \(before) -> \(ManifestValue(value.actual).json(pretty: false))\(unit)\(read)"
  }

  /// `adopt/line-1-20260102-030405`.
  private static func branchName(_ request: AdoptRequest) -> String {
    let time = request.at.rfc3339.filter { $0.isNumber || $0 == "T" }.replacing("T", with: "-")
    return "adopt/\(request.device.name)-\(time)"
  }

  var subject: String {
    request.values.count == 1
      ? "Adopt \(device.id.name) \(lines[0].split(separator: ",").first ?? "")"
      : "Adopt \(request.values.count) values of \(device.id.name)"
  }

  /// A paragraph of its own, broken as commit messages are.
  private var why: String {
    let words = request.reason.prefix(2000).split(whereSeparator: \.isWhitespace).map {
      PrintableText.escaped(String($0))
    }
    guard !words.isEmpty else { return "" }
    var lines = [""]
    for word in words {
      let last = lines[lines.count - 1]
      if !last.isEmpty, last.count + 1 + word.count > 72 {
        lines.append(word)
      } else {
        lines[lines.count - 1] = last.isEmpty ? word : "\(last) \(word)"
      }
    }
    return "\n" + lines.joined(separator: "\n") + "\n"
  }

  private var message: String {
    """
    \(subject)

    What the device had was made the desired state.
    \(why)
    \(lines.map { "- " + $0 }.joined(separator: "\n"))

    Device: \(device.id) at \(device.spec.address):\(device.spec.port)
    Adopted-by: \(PrintableText.escaped(request.by, limit: 100))
    Adopted-at: \(request.at.rfc3339)
    Based-on: \(base.name)

    """
  }

  /// Blob, tree in an index of its own, commit, branch; the branch must not exist.
  func commit() async throws(GitFailure) -> String {
    let blob = try await repository.require(["hash-object", "-w", "--stdin"], input: edited).line
    let index = ["GIT_INDEX_FILE": repository.gitDirectory + "/adopt-\(UInt64.random(in: 0 ... .max)).index"]
    let tree: String
    do throws(GitFailure) {
      _ = try await repository.require(["read-tree", base.commit.id], environment: index)
      _ = try await repository.require(
        ["update-index", "-z", "--index-info"], input: Array("\(mode) \(blob)\t\(file.path)\0".utf8),
        environment: index)
      tree = try await repository.require(["write-tree"], environment: index).line
    } catch {
      Self.remove(index)
      throw error
    }
    Self.remove(index)
    let commit = try await repository.require(
      ["commit-tree", tree, "-p", base.commit.id, "-F", "-"], input: Array(message.utf8),
      environment: try await identity()
    ).line
    let none = String(repeating: "0", count: commit.utf8.count)
    _ = try await repository.require([
      "update-ref", "-m", "fabctl adopt", "--create-reflog", "refs/heads/" + branch, commit, none,
    ])
    return commit
  }

  /// Git's own idea of who the user is; where it has none, the operator's name.
  private func identity() async throws(GitFailure) -> [String: String] {
    if try await repository.git(["var", "GIT_AUTHOR_IDENT"]).status == 0,
      try await repository.git(["var", "GIT_COMMITTER_IDENT"]).status == 0
    {
      return [:]
    }
    let name = request.by.filter { $0.isASCII && ($0.isLetter || $0.isNumber || " -_.".contains($0)) }
    let user = name.isEmpty ? "operator" : name
    let mail = user.filter { $0 != " " } + "@localhost"
    return [
      "GIT_AUTHOR_NAME": user, "GIT_AUTHOR_EMAIL": mail, "GIT_COMMITTER_NAME": user,
      "GIT_COMMITTER_EMAIL": mail,
    ]
  }

  private static func remove(_ index: [String: String]) {
    for path in index.values { try? FileManager.default.removeItem(atPath: path) }
  }
}
