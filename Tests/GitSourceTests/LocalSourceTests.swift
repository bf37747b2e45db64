import Control
import Foundation
import Testing

@testable import GitSource

@Suite(.timeLimit(.minutes(3)))
struct LocalSourceTests {
  @Test func readsTheCommitNotTheWorkTree() async throws {
    let repository = try await TestRepository()
    let commit = try await repository.commit("set the line", ["plants/a.yaml": manifest("line-1")])
    try repository.write("plants/a.yaml", manifest("line-1", value: 1))
    try repository.write("plants/b.yaml", manifest("line-2"))
    let revision = try await repository.source(path: "plants").load()
    #expect(revision.name == "main@sha1:" + commit)
    #expect(revision.devices.map(\.id.description) == ["default/line-1"])
    #expect(revision.devices[0].spec.registers[0].desired == .integer(2500))
    #expect(revision.commit.author == "Ada Example")
    #expect(revision.commit.authored.rfc3339 == "2026-01-02T03:04:05Z")
    #expect(revision.commit.subject == "set the line")
  }

  @Test func provenanceNamesCommitAuthorFileAndLine() async throws {
    let repository = try await TestRepository()
    let first = try await repository.commit("first", ["a.yaml": manifest("line-1") + "# end\n"])
    try await repository.commit("unrelated", ["a.yaml": manifest("line-1") + "# the end\n"])
    let source = try repository.source()
    _ = try await source.load()
    let provenance = await source.provenance(of: DeviceID(name: "line-1"))
    let value = try #require(provenance["holding-4001"])
    #expect(value.commit == first)
    #expect(value.author == "Ada Example")
    #expect(value.subject == "first")
    #expect(value.location.file == "a.yaml")
    #expect(value.location.line == 8)
    #expect(await source.provenance(of: DeviceID(name: "other")).isEmpty)
  }

  @Test func aNewCommitIsSeenAndAnInvalidOneKeepsTheLastGood() async throws {
    let repository = try await TestRepository()
    try await repository.commit("first", ["a.yaml": manifest("line-1")])
    let updates = UpdateReader(try repository.source())
    let first = try #require(await updates.next())
    #expect(first.isNewRevision)
    #expect(first.status.state == .good)

    let second = try await repository.commit("second", ["a.yaml": manifest("line-1", value: 7)])
    let changed = try #require(await updates.next())
    #expect(changed.inForce?.commit.id == second)
    #expect(changed.inForce?.devices[0].spec.registers[0].desired == .integer(7))

    let bad = try await repository.commit("third", ["a.yaml": manifest("line-1", value: 70_000)])
    let refused = try #require(await updates.next())
    #expect(refused.inForce?.commit.id == second)
    #expect(!refused.isNewRevision)
    #expect(
      refused.status.state
        == .invalid(
          revision: "main@sha1:" + bad, problems: ["a.yaml:8:16: spec.targetValue: 70000 is above 65535"]))
    #expect(refused.status.revision == "main@sha1:" + second)

    let fixed = try await repository.commit("fourth", ["a.yaml": manifest("line-1", value: 9)])
    let good = try #require(await updates.next())
    #expect(good.inForce?.commit.id == fixed)
    #expect(good.status.state == .good)
  }

  @Test func movedBranchesAreSeenHoweverRefsAreStored() async throws {
    let repository = try await TestRepository()
    try await repository.commit("first", ["a.yaml": manifest("line-1", value: 1)])
    try await repository.commit("second", ["a.yaml": manifest("line-1", value: 2)])
    try await repository.git("pack-refs", "--all")
    let updates = UpdateReader(try repository.source())
    #expect(await updates.next()?.inForce?.devices[0].spec.registers[0].desired == .integer(2))
    // Rewritten history: back to the first commit, then packed again.
    try await repository.git("reset", "--quiet", "--hard", "HEAD~1")
    try await repository.git("pack-refs", "--all")
    #expect(await updates.next()?.inForce?.devices[0].spec.registers[0].desired == .integer(1))
    // Another branch at HEAD.
    try await repository.git("checkout", "--quiet", "-b", "other")
    try await repository.commit("third", ["a.yaml": manifest("line-1", value: 3)])
    let other = await updates.next { $0.inForce?.ref == "other" && $0.inForce?.commit.subject == "third" }
    #expect(other?.inForce?.devices[0].spec.registers[0].desired == .integer(3))
  }

  @Test func worksInLinkedWorkTreesBareRepositoriesAndSubdirectories() async throws {
    let repository = try await TestRepository()
    try await repository.commit("first", ["plants/a.yaml": manifest("line-1")])
    try await repository.git("worktree", "add", "--quiet", "-b", "wt", "../tree")
    try await repository.git("clone", "--quiet", "--bare", ".", "../bare.git")

    let inBare = try await repository.source(at: repository.root + "/bare.git").load()
    #expect(inBare.ref == "main")
    let inDirectory = try await repository.source(at: repository.path + "/plants").load()
    #expect(inDirectory.devices.count == 1)
    #expect(inDirectory.devices[0].location.file == "plants/a.yaml")

    let tree = repository.root + "/tree"
    let updates = UpdateReader(try repository.source(at: tree))
    #expect(await updates.next()?.inForce?.ref == "wt")
    try await repository.git("commit", "--quiet", "--allow-empty", "-m", "in the tree", in: tree)
    #expect(await updates.next()?.inForce?.commit.subject == "in the tree")
  }

  @Test func refsAndPathsThatAreMissingAreNamed() async throws {
    let repository = try await TestRepository()
    try await repository.commit("first", ["plants/a.yaml": manifest("line-1"), "docs/x.md": "x"])
    try await repository.git("branch", "production")
    let noRef = await failure(of: try repository.source(ref: "prodcution"))
    #expect(
      noRef?.description
        == "prodcution: no such branch, tag or commit, did you mean production? (branches: main, production)")
    #expect(
      await failure(of: try repository.source(path: "plant"))?.description.hasPrefix(
        "plant: no such directory in main@sha1:") == true)
    #expect(await failure(of: try repository.source(path: "../etc"))?.description.contains("..") == true)
    #expect(
      await failure(of: try repository.source(path: "docs"))?.description.hasPrefix(
        "no IndustrialPLC manifests under docs in main (") == true)
    #expect(await failure(of: try repository.source(ref: "--upload-pack=x"))?.isGit == true)
  }

  @Test func placesThatAreNoRepositoryAreNamed() async throws {
    let plain = try await TestRepository(empty: true)
    #expect(
      await failure(of: try plain.source())?.description
        == "\(plain.path): not a Git repository (create one with: git init \(plain.path))")
    #expect(
      await failure(of: try plain.source(at: plain.root + "/none"))?.description
        == plain.root + "/none: no such directory")
    let empty = try await TestRepository()
    #expect(
      await failure(of: try empty.source())?.description
        == "\(empty.path): the repository has no commits yet (commit a manifest first)")
    #expect(
      await failure(of: try empty.source(ref: "main"))?.description
        == "\(empty.path): the repository has no commits yet (commit a manifest first)")
  }

  @Test func aMissingGitIsNamed() async throws {
    let repository = try await TestRepository()
    var program = TestRepository.program
    program.executable = "git-that-is-not-there"
    await #expect(throws: GitFailure.gitMissing("git-that-is-not-there")) {
      _ = try await GitRepository(at: repository.path, program: program)
    }
  }

  @Test func aCommandThatHangsIsEnded() async throws {
    let repository = try await TestRepository()
    let script = repository.root + "/slow"
    try "#!/bin/sh\nsleep 1000 &\necho $! > \(repository.root)/pid\nwait\n".write(
      toFile: script, atomically: true, encoding: .utf8)
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: script)
    var program = TestRepository.program
    program.executable = script
    await #expect(throws: GitFailure.timedOut(command: "status", after: .seconds(1))) {
      _ = try await program.run(["status"], timeout: .seconds(1))
    }
    let pid = try #require(
      Int32(
        try String(contentsOfFile: repository.root + "/pid", encoding: .utf8)
          .trimmingCharacters(in: .whitespacesAndNewlines)))
    // The grandchild belongs to the session and is gone as well.
    let deadline = ContinuousClock.now + .seconds(30)
    while kill(pid, 0) == 0, ContinuousClock.now < deadline { try await Task.sleep(for: .milliseconds(20)) }
    #expect(kill(pid, 0) != 0)
  }

  @Test func aCommitWithoutManifestsReleasesAllDevicesWithAWarning() async throws {
    let repository = try await TestRepository()
    try await repository.commit("first", ["plants/a.yaml": manifest("line-1"), "plants/x.md": "x"])
    let source = try repository.source(path: "plants")
    #expect(try await source.load().devices.count == 1)
    try FileManager.default.removeItem(atPath: repository.path + "/plants/a.yaml")
    try await repository.commit("second")
    let released = try await source.load()
    #expect(released.devices.isEmpty)
    #expect(released.warnings.map(\.message).first?.contains("all devices are released") == true)
    // The directory itself gone is more likely a mistake: what was in force stays.
    try FileManager.default.removeItem(atPath: repository.path + "/plants")
    try await repository.commit("third")
    #expect(await failure(of: source)?.description.hasPrefix("plants: no such directory") == true)
    #expect(await source.inForce?.commit.subject == "second")
  }

  @Test func onlySignedCommitsAreTakenWhenSignaturesAreRequired() async throws {
    let repository = try await TestRepository()
    try await repository.commit("unsigned", ["a.yaml": manifest("line-1")])
    let plain = try repository.source(requireSigned: true)
    #expect(await failure(of: plain)?.description.contains("no signature that git accepts") == true)
    #expect(await plain.inForce == nil)

    // An SSH key made for this test, and the list of those who may sign.
    let key = repository.root + "/key"
    var keygen = TestRepository.program
    keygen.executable = "ssh-keygen"
    let made = try await keygen.runBare(["-q", "-t", "ed25519", "-N", "", "-C", "ada", "-f", key])
    try #require(made.status == 0, "\(made.complaint)")
    let publicKey = try String(contentsOfFile: key + ".pub", encoding: .utf8)
    let allowed = repository.root + "/allowed"
    try ("bob@example.com " + publicKey).write(toFile: allowed, atomically: true, encoding: .utf8)
    let settings = repository.root + "/settings"
    try "[gpg]\nformat = ssh\n[user]\nsigningKey = \(key)\n[gpg \"ssh\"]\nallowedSignersFile = \(allowed)\n"
      .write(
        toFile: settings, atomically: true, encoding: .utf8)
    var git = TestRepository.program
    git.environment["GIT_CONFIG_GLOBAL"] = settings
    func sign(_ subject: String) async throws {
      let done = try await git.run(
        ["-C", repository.path, "commit", "--quiet", "--allow-empty", "-S", "-m", subject])
      try #require(done.status == 0, "\(done.complaint)")
    }
    try await sign("signed")
    let source = try repository.source(requireSigned: true, program: git)
    #expect(try await source.load().commit.subject == "signed")

    // Signed, but by nobody who may.
    try "".write(toFile: allowed, atomically: true, encoding: .utf8)
    try await sign("stranger")
    #expect(await failure(of: source)?.isGit == false)
    #expect(await source.inForce?.commit.subject == "signed")
    let status = await source.status
    guard case .invalid(_, let problems) = status.state else {
      Issue.record("\(status)")
      return
    }
    #expect(problems.count == 1)
  }

  /// As one out of an archive may: with a program of its own to say that a signature is good, or its own list.
  @Test(arguments: ["gpg.ssh.program", "gpg.program", "gpg.ssh.allowedSignersFile"])
  func aRepositoryDoesNotVouchForItself(setting: String) async throws {
    let repository = try await TestRepository()
    try await repository.commit("signed by nobody", ["a.yaml": manifest("line-1")])
    let trap = repository.root + "/trap"
    try "#!/bin/sh\ntouch \(repository.root)/sprung\necho '[GNUPG:] GOODSIG 0 x'\n".write(
      toFile: trap, atomically: true, encoding: .utf8)
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: trap)
    try
      "[\(setting.split(separator: ".").count == 3 ? "gpg \"ssh\"" : "gpg")]\n\(setting.split(separator: ".").last ?? "") = \(trap)\n"
      .write(toFile: repository.root + "/included", atomically: true, encoding: .utf8)
    try await repository.git("config", "include.path", repository.root + "/included")
    let problem = await failure(of: try repository.source(requireSigned: true))?.description ?? ""
    #expect(
      problem.contains("the repository itself says who may sign (\(setting.lowercased()))"), "\(problem)")
    #expect(!FileManager.default.fileExists(atPath: repository.root + "/sprung"))
  }
}
