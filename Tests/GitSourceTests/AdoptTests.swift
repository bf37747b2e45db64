import Control
import Fleet
import Foundation
import Testing

@testable import GitSource

private let when = WallTime(milliseconds: 1_767_323_045_000)

@Suite(.timeLimit(.minutes(3)))
struct AdoptTests {
  private func request(_ value: Int64, push: Bool = false) -> AdoptRequest {
    AdoptRequest(
      device: DeviceID(name: "line-1"),
      values: [.init(register: "holding-4001", actual: .integer(value), readAt: when)],
      reason:
        "New recipe for spelt,\n\tagreed with the night shift\u{7} and written down in the book of the line.",
      by: "carol", at: when, push: push)
  }

  @Test func realityBecomesACommitOnANewBranchAndNothingElseMoves() async throws {
    let repository = try await TestRepository()
    let text = "# ours\n" + manifest("line-1").replacing("2500", with: "2500   # agreed")
    let base = try await repository.commit("first", ["plants/a.yaml": text, "other.txt": "x"])
    try repository.write("plants/a.yaml", "dirty")
    try repository.write("staged.txt", "staged")
    try await repository.git("add", "staged.txt")
    let before = try await repository.git("status", "--porcelain")
    let source = try repository.source(path: "plants")
    _ = try await source.load()

    let outcome = await source.adopt(request(2400))
    guard case .committed(let branch, let commit, let summary) = outcome else {
      Issue.record("\(outcome)")
      return
    }
    #expect(branch == "adopt/line-1-20260102-030405")
    #expect(summary == "Adopt line-1 holding-4001: 2500 -> 2400")
    #expect(try await repository.git("rev-parse", "adopt/line-1-20260102-030405") == commit)
    #expect(try await repository.git("rev-parse", commit + "^") == base)
    #expect(try await repository.git("diff", "--name-only", base, commit) == "plants/a.yaml")
    #expect(
      try await repository.git("show", commit + ":plants/a.yaml") + "\n"
        == text.replacing("2500", with: "2400"))
    let message = try await repository.git("log", "-1", "--format=%B", commit)
    for part in [
      "\nNew recipe for spelt, agreed with the night shift",
      "- holding-4001: 2500 -> 2400, read at 2026-01-02T03:04:05Z", "Adopted-by: carol",
      "Device: default/line-1 at 192.0.2.1:502", "Based-on: main@sha1:" + base,
    ] {
      #expect(message.contains(part), "\(message)")
    }
    #expect(try await repository.git("symbolic-ref", "HEAD") == "refs/heads/main")
    #expect(try await repository.git("rev-parse", "HEAD") == base)
    #expect(try await repository.git("status", "--porcelain") == before)
    #expect(try String(contentsOfFile: repository.path + "/plants/a.yaml", encoding: .utf8) == "dirty")
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: repository.path + "/.git").allSatisfy {
        !$0.hasPrefix("adopt")
      })
    // The same once more: the branch is there already, and stays as it is.
    #expect(await source.adopt(request(2300)) != outcome)
    #expect(try await repository.git("rev-parse", branch) == commit)

    // Merged, it is the desired state.
    try await repository.git("reset", "--quiet", "--hard")
    try await repository.git("merge", "--quiet", "--ff-only", branch)
    #expect(try await source.load().devices[0].spec.registers[0].desired == .integer(2400))
    #expect(await source.provenance(of: DeviceID(name: "line-1"))["holding-4001"]?.commit == commit)
  }

  @Test func whatCannotBeAdoptedIsRefused() async throws {
    let repository = try await TestRepository()
    try await repository.commit("first", ["a.yaml": manifest("line-1")])
    let source = try repository.source()
    #expect(await source.adopt(request(1)) == .refused("no desired state has been read yet"))
    _ = try await source.load()
    for value in [2500, 70_000] as [Int64] {
      guard case .refused = await source.adopt(request(value)) else {
        Issue.record("\(value) was adopted")
        continue
      }
    }
    var unknown = request(1)
    unknown.device = DeviceID(name: "line-9")
    guard case .refused = await source.adopt(unknown) else {
      Issue.record("an unknown device was adopted")
      return
    }
    #expect(try await repository.git("branch", "--list", "adopt/*") == "")
  }

  @Test func theBranchIsPushedWhenAsked() async throws {
    let repository = try await TestRepository()
    try await repository.commit("first", ["a.yaml": manifest("line-1")])
    try await repository.git("clone", "--quiet", "--bare", ".", "../origin.git")
    try await repository.git("remote", "add", "origin", repository.root + "/origin.git")
    let source = try repository.source()
    _ = try await source.load()
    let outcome = await source.adopt(request(2400, push: true))
    guard case .committed(let branch, let commit, _) = outcome else {
      Issue.record("\(outcome)")
      return
    }
    #expect(try await repository.git("--git-dir=../origin.git", "rev-parse", branch) == commit)
  }

  /// A push asks the repository's own settings which programs to run.
  @Test(
    arguments: ["remote.origin.receivepack", "core.sshCommand", "credential.helper"],
    ["--local", "--worktree"])
  func aRepositoryThatNamesProgramsIsNotPushedFrom(_ setting: String, _ file: String) async throws {
    let repository = try await TestRepository()
    try await repository.commit("first", ["a.yaml": manifest("line-1")])
    try await repository.git("clone", "--quiet", "--bare", ".", "../origin.git")
    try await repository.git("remote", "add", "origin", repository.root + "/origin.git")
    let mark = repository.root + "/started"
    try await repository.git("config", "extensions.worktreeConfig", "true")
    try await repository.git("config", file, setting, "touch '\(mark)'; false")
    let source = try repository.source()
    _ = try await source.load()
    guard case .refused(let why) = await source.adopt(request(2400, push: true)) else {
      Issue.record("pushed")
      return
    }
    #expect(why.lowercased().contains(setting.lowercased()))
    #expect(!FileManager.default.fileExists(atPath: mark))
  }

  @Test func anAdoptionWithoutAGitIdentityIsTheOperators() async throws {
    let repository = try await TestRepository()
    try await repository.commit("first", ["a.yaml": manifest("line-1")])
    var program = TestRepository.program
    for name in ["GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL", "GIT_COMMITTER_NAME", "GIT_COMMITTER_EMAIL"] {
      program.environment[name] = .some(nil)
    }
    program.environment["GIT_CONFIG_COUNT"] = "1"
    program.environment["GIT_CONFIG_KEY_0"] = "user.useConfigOnly"
    program.environment["GIT_CONFIG_VALUE_0"] = "true"
    let source = GitSource(
      .init(origin: .local(path: repository.path), stateDirectory: repository.root, program: program),
      log: .init(label: "test"), now: { when })
    _ = try await source.load()
    guard case .committed(_, let commit, _) = await source.adopt(request(2400)) else {
      Issue.record("not adopted")
      return
    }
    #expect(try await repository.git("log", "-1", "--format=%an <%ae>", commit) == "carol <carol@localhost>")
  }
}
