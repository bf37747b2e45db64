import Control
import Fleet
import Foundation
import Testing

@testable import GitSource

@Suite(.timeLimit(.minutes(3)))
struct RemoteSourceTests {
  @Test func theMirrorFollowsTheRemote() async throws {
    let repository = try await TestRepository()
    try await repository.commit("first", ["a.yaml": manifest("line-1", value: 1)])
    let source = try repository.source(at: "file://" + repository.path)
    let updates = UpdateReader(source)
    let first = try #require(await updates.next())
    #expect(first.inForce?.ref == "main")
    #expect(first.status.origin == "file://" + repository.path)

    let second = try await repository.commit("second", ["a.yaml": manifest("line-1", value: 2)])
    #expect(await updates.next { $0.isNewRevision }?.inForce?.commit.id == second)

    // Rewritten history.
    try await repository.git("commit", "--quiet", "--amend", "-m", "amended")
    #expect(await updates.next { $0.isNewRevision }?.inForce?.commit.subject == "amended")
    #expect(await source.provenance(of: DeviceID(name: "line-1")).count == 1)

    // Away and back: what was in force stays, and the state says so.
    try FileManager.default.moveItem(atPath: repository.path, toPath: repository.root + "/away")
    let away = try #require(await updates.next())
    guard case .unavailable = away.status.state else {
      Issue.record("\(away.status)")
      return
    }
    #expect(away.inForce?.commit.subject == "amended")
    try FileManager.default.moveItem(atPath: repository.root + "/away", toPath: repository.path)
    let back = try #require(await updates.next())
    #expect(back.status.state == .good && !back.isNewRevision)

    let mirrors = try FileManager.default.contentsOfDirectory(atPath: repository.root + "/state/mirrors")
    let mirror = repository.root + "/state/mirrors/" + (mirrors.first ?? "")
    let mode = try FileManager.default.attributesOfItem(atPath: mirror)[.posixPermissions] as? Int
    #expect(mode == 0o700)
  }

  @Test func aDamagedMirrorIsMadeAnew() async throws {
    let repository = try await TestRepository()
    try await repository.commit("first", ["a.yaml": manifest("line-1")])
    _ = try await repository.source(at: "file://" + repository.path).load()
    let mirrors = repository.root + "/state/mirrors/"
    let mirror = mirrors + (try FileManager.default.contentsOfDirectory(atPath: mirrors).first ?? "")
    try FileManager.default.removeItem(atPath: mirror + "/objects")
    try await repository.commit("second", ["a.yaml": manifest("line-1", value: 2)])
    let revision = try await repository.source(at: "file://" + repository.path).load()
    #expect(revision.commit.subject == "second")
  }

  @Test func branchesTagsAndWhatIsMissing() async throws {
    let repository = try await TestRepository()
    let first = try await repository.commit("first", ["a.yaml": manifest("line-1")])
    try await repository.git("tag", "-a", "v1", "-m", "release")
    try await repository.git("branch", "production")
    try await repository.commit("second", ["a.yaml": manifest("line-1", value: 2)])
    let url = "file://" + repository.path
    #expect(try await repository.source(ref: "v1", at: url).load().commit.id == first)
    #expect(try await repository.source(ref: "production", at: url).load().name == "production@sha1:" + first)
    #expect(
      await failure(of: try repository.source(ref: "prodution", at: url))?.description
        == "prodution: no such branch, tag or commit, did you mean production?"
        + " (branches: main, production, v1)"
    )
    #expect(
      await failure(of: try repository.source(at: url + "-none"))?.description.hasPrefix(
        "cannot fetch file://") == true)
  }

  @Test func anEmptyRemoteIsNamed() async throws {
    let repository = try await TestRepository()
    #expect(
      await failure(of: try repository.source(at: "file://" + repository.path))?.description
        == "file://\(repository.path): the repository has no commits yet (commit a manifest first)")
  }

  @Test func anAdoptionGoesToTheRemote() async throws {
    let repository = try await TestRepository()
    try await repository.commit("first", ["a.yaml": manifest("line-1")])
    let source = try repository.source(at: "file://" + repository.path)
    _ = try await source.load()
    let outcome = await source.adopt(
      AdoptRequest(
        device: DeviceID(name: "line-1"), values: [.init(register: "holding-4001", actual: .integer(7))],
        by: "carol",
        at: WallTime(milliseconds: 0)))
    guard case .committed(let branch, let commit, _) = outcome else {
      Issue.record("\(outcome)")
      return
    }
    #expect(try await repository.git("rev-parse", branch) == commit)
    // The next fetch leaves the branch in the mirror alone.
    try await repository.commit("second", ["a.yaml": manifest("line-1", value: 2)])
    #expect(try await source.load().commit.subject == "second")
  }
}
