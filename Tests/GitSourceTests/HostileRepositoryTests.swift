import Control
import Foundation
import Testing

@testable import GitSource

/// Repositories made to do harm: nothing of them is followed, run, or shown raw.
@Suite(.timeLimit(.minutes(3)))
struct HostileRepositoryTests {
  @Test func symbolicLinksAndSubmodulesAreNotFollowed() async throws {
    let repository = try await TestRepository()
    try await repository.commit("good", ["plants/a.yaml": manifest("line-1")])
    try FileManager.default.createSymbolicLink(
      atPath: repository.path + "/plants/passwd.yaml", withDestinationPath: "/etc/passwd")
    try FileManager.default.createSymbolicLink(
      atPath: repository.path + "/plants/out.yaml", withDestinationPath: "../../outside.yaml")
    let commit = try await repository.git("rev-parse", "HEAD")
    try await repository.git("update-index", "--add", "--cacheinfo", "160000,\(commit),plants/sub.yaml")
    try await repository.git("add", "plants/passwd.yaml", "plants/out.yaml")
    try await repository.git("commit", "--quiet", "-m", "links")
    let revision = try await repository.source(path: "plants").load()
    #expect(revision.devices.map(\.id.name) == ["line-1"])
    #expect(
      revision.warnings.map(\.description) == [
        "plants/out.yaml: warning: symbolic link, not followed",
        "plants/passwd.yaml: warning: symbolic link, not followed",
        "plants/sub.yaml: warning: submodule, not read",
      ])
    // A link as the path itself leads nowhere either.
    #expect(await failure(of: try repository.source(path: "plants/passwd.yaml"))?.isGit == true)
  }

  /// A repository that says it is a partial clone would have missing objects fetched, by programs that it names itself.
  @Test(arguments: ["ssh", "file"]) func missingObjectsAreNotFetched(_ scheme: String) async throws {
    let repository = try await TestRepository()
    let commit = try await repository.commit("good", ["a.yaml": manifest("line-1")])
    let mark = repository.path + "/../started-\(scheme)-\(commit.prefix(8))"
    defer { try? FileManager.default.removeItem(atPath: mark) }
    for (name, value) in [
      ("core.repositoryformatversion", "1"), ("extensions.partialClone", "origin"),
      ("remote.origin.promisor", "true"), ("remote.origin.url", "\(scheme)://host/none"),
      ("core.sshCommand", "touch '\(mark)'; false --"),
      ("remote.origin.uploadpack", "touch '\(mark)'; false --"),
    ] {
      try await repository.git("config", name, value)
    }
    for missing in [try await repository.git("rev-parse", "HEAD:a.yaml"), commit] {
      let object = "\(repository.path)/.git/objects/\(missing.prefix(2))/\(missing.dropFirst(2))"
      try FileManager.default.removeItem(atPath: object)
      #expect(await failure(of: try repository.source())?.isGit == true)
      #expect(!FileManager.default.fileExists(atPath: mark))
    }
    #expect(
      await failure(of: try repository.source())?.problems.first?.contains("the commit it names is missing")
        == true)
  }

  @Test func aFileThatIsTooLargeStopsTheCommitUnread() async throws {
    let repository = try await TestRepository()
    try await repository.commit("good", ["a.yaml": manifest("line-1")])
    let source = try repository.source()
    _ = try await source.load()
    try await repository.commit("huge", ["b.yaml": String(repeating: "# fabgitops\n", count: 400_000)])
    #expect(
      await failure(of: source)?.problems == ["b.yaml: file is 4800000 bytes, the limit is 4194304"])
    #expect(await source.inForce?.commit.subject == "good")
  }

  @Test func escapeSequencesNeverComeThrough() async throws {
    let repository = try await TestRepository()
    try repository.write("bad\u{1B}[2J.yaml", manifest("line-1"))
    try repository.write("a.yaml", manifest("line-\u{1B}[31m"))
    try await repository.git("add", "-A")
    try await repository.git(
      "-c", "user.name=x", "commit", "--quiet", "--author", "Eve \u{1B}]0;owned\u{07} <e\u{1B}@x>", "-m",
      "subject \u{1B}[31m\u{9B}5m\u{202E}red")
    let wrong = try #require(await failure(of: try repository.source()))
    #expect(wrong.problems.count == 2)
    try await repository.git("rm", "--quiet", "-f", "--cached", "bad\u{1B}[2J.yaml")
    try FileManager.default.removeItem(atPath: repository.path + "/bad\u{1B}[2J.yaml")
    try repository.write("a.yaml", manifest("line-1"))
    try await repository.git("add", "-A")
    try await repository.git(
      "commit", "--quiet", "--author", "Eve \u{1B}]0;owned\u{07} <e\u{1B}@x>", "-m",
      "subject \u{1B}[31m\u{9B}5m\u{202E}red")
    try await repository.git("branch", "other\u{202E}branch")
    let source = try repository.source()
    let revision = try await source.load()
    let provenance = await source.provenance(of: DeviceID(name: "line-1"))
    let noRef = await failure(of: try repository.source(ref: "no\u{1B}[2Jref"))
    let texts =
      wrong.problems + [
        revision.commit.author, revision.commit.email, revision.commit.subject, revision.name,
      ]
      + provenance.values.flatMap { [$0.author, $0.subject] } + [noRef?.description ?? ""]
    #expect(provenance.count == 1)
    for text in texts {
      #expect(
        !text.unicodeScalars.contains {
          $0.value < 0x20 || (0x7F...0x9F).contains($0.value) || $0 == "\u{202E}"
        },
        "\(text.debugDescription)")
    }
    #expect(revision.commit.subject.contains("\\u{1b}[31m"))
  }

  @Test func hooksFiltersAndConfiguredProgramsAreNotRun() async throws {
    let repository = try await TestRepository()
    let trap = repository.root + "/trap"
    let marker = repository.root + "/sprung"
    try "#!/bin/sh\ntouch \(marker)\ncat\n".write(toFile: trap, atomically: true, encoding: .utf8)
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: trap)
    try await repository.commit(
      "first", ["a.yaml": manifest("line-1"), ".gitattributes": "*.yaml diff=trap filter=trap\n"])
    let hooks = repository.path + "/.git/hooks"
    try FileManager.default.createDirectory(atPath: hooks, withIntermediateDirectories: true)
    for hook in [
      "reference-transaction", "post-index-change", "pre-push", "post-commit", "pre-commit", "commit-msg",
    ] {
      try FileManager.default.copyItem(atPath: trap, toPath: hooks + "/" + hook)
    }
    for (key, value) in [
      ("core.fsmonitor", trap), ("core.pager", trap), ("diff.trap.textconv", trap),
      ("filter.trap.smudge", trap),
      ("filter.trap.clean", trap), ("diff.external", trap), ("core.alternateRefsCommand", trap),
    ] {
      let config = repository.path + "/.git/config"
      let parts = key.split(separator: ".")
      let section =
        parts.count == 3 ? "[\(parts[0]) \"\(parts[1])\"]" : "[\(parts[0])]"
      let text = try String(contentsOfFile: config, encoding: .utf8)
      try (text + "\(section)\n\t\(parts[parts.count - 1]) = \(value)\n").write(
        toFile: config, atomically: true, encoding: .utf8)
    }
    let source = try repository.source()
    _ = try await source.load()
    #expect(await source.provenance(of: DeviceID(name: "line-1")).count == 1)
    let outcome = await source.adopt(
      AdoptRequest(
        device: DeviceID(name: "line-1"), values: [.init(register: "holding-4001", actual: .integer(1))],
        by: "ada",
        at: WallTime(milliseconds: 0)))
    guard case .committed = outcome else {
      Issue.record("\(outcome)")
      return
    }
    #expect(!FileManager.default.fileExists(atPath: marker))
  }

  @Test func remoteHelpersAndOptionsAreNotTakenForURLs() async throws {
    for origin in [
      "ext::sh -c touch% /tmp/x", "--upload-pack=touch /tmp/x", "", "ftp://host/x", "a\u{1B}b", "fd::3",
    ] {
      #expect(throws: GitFailure.self, "\(origin)") { try SourceOrigin(origin) }
    }
    #expect(try SourceOrigin("git@host:plants.git") == .remote(url: "git@host:plants.git"))
    #expect(try SourceOrigin("./plants") == .local(path: "./plants"))
    #expect(
      try SourceOrigin("https://ada@host/plants.git").displayName == "https://ada@host/plants.git")
    #expect(SourceOrigin.redacted("https://ada:secret@host/plants.git") == "https://ada@host/plants.git")
    // What is given on a command line is everybody's to see.
    let refused = #expect(throws: GitFailure.self) { try SourceOrigin("https://ada:secret@host/plants.git") }
    #expect(refused?.description.contains("credential helper") == true)
    #expect(refused?.description.contains("secret") == false)
  }

  @Test func brokenObjectsAreReportedAndLeaveTheLastGood() async throws {
    let repository = try await TestRepository()
    try await repository.commit("first", ["a.yaml": manifest("line-1")])
    let source = try repository.source()
    _ = try await source.load()
    try await repository.commit("second", ["a.yaml": manifest("line-1", value: 3)])
    let blob = try await repository.git("rev-parse", "HEAD:a.yaml")
    let object = repository.path + "/.git/objects/\(blob.prefix(2))/\(blob.dropFirst(2))"
    try FileManager.default.removeItem(atPath: object)
    try Data("garbage".utf8).write(to: URL(fileURLWithPath: object))
    #expect(await failure(of: source)?.isGit == true)
    #expect(await source.inForce?.commit.subject == "first")
  }
}
