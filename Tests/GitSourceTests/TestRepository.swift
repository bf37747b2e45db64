import Foundation
import Logging
import Testing

@testable import GitSource

/// A real repository in a temporary directory, independent of the user's configuration.
final class TestRepository: Sendable {
  let root: String
  var path: String { root + "/repo" }
  static let environment: [String: String?] = [
    "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null", "HOME": "/nonexistent",
    "GIT_AUTHOR_NAME": "Ada Example", "GIT_AUTHOR_EMAIL": "ada@example.com",
    "GIT_COMMITTER_NAME": "Bob Example", "GIT_COMMITTER_EMAIL": "bob@example.com",
    "GIT_AUTHOR_DATE": "2026-01-02T03:04:05Z", "GIT_COMMITTER_DATE": "2026-01-02T03:04:06Z",
  ]
  static let program = GitProgram(environment: environment)

  init(bare: Bool = false, empty: Bool = false) async throws {
    root = FileManager.default.temporaryDirectory.path + "/gitsource-" + UUID().uuidString
    try FileManager.default.createDirectory(atPath: root + "/repo", withIntermediateDirectories: true)
    if !empty { try await git("init", "--quiet", "--initial-branch=main") }
  }

  deinit { try? FileManager.default.removeItem(atPath: root) }

  @discardableResult
  func git(_ arguments: String..., in directory: String? = nil) async throws -> String {
    let output = try await Self.program.run(["-C", directory ?? path] + arguments, timeout: .seconds(60))
    try #require(output.status == 0, "git \(arguments): \(output.complaint)")
    return output.line
  }

  func write(_ name: String, _ text: String) throws {
    let file = path + "/" + name
    try FileManager.default.createDirectory(
      atPath: (file as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
    try text.write(toFile: file, atomically: true, encoding: .utf8)
  }

  @discardableResult
  func commit(_ message: String = "change", _ files: [String: String] = [:]) async throws -> String {
    for (name, text) in files { try write(name, text) }
    try await git("add", "-A")
    try await git("commit", "--quiet", "--allow-empty", "-m", message)
    return try await git("rev-parse", "HEAD")
  }

  func source(
    ref: String? = nil, path subPath: String = "", requireSigned: Bool = false, at location: String? = nil,
    interval: Duration = .milliseconds(300), program: GitProgram = TestRepository.program
  ) throws -> GitSource {
    GitSource(
      GitSource.Configuration(
        origin: try SourceOrigin(location ?? path), ref: ref, path: subPath, stateDirectory: root + "/state",
        interval: interval, requireSigned: requireSigned, program: program),
      log: .init(label: "test") { _ in SwiftLogNoOpLogHandler() as any LogHandler },
      now: { .init(milliseconds: 1_000) })
  }
}

/// A valid manifest of one device.
func manifest(_ name: String, value: Int = 2500, register: Int = 4001) -> String {
  """
  apiVersion: fabgitops.io/v1
  kind: IndustrialPLC
  metadata:
    name: \(name)
  spec:
    deviceAddress: 192.0.2.1
    targetRegister: \(register)
    targetValue: \(value)

  """
}

/// The failure of a load that must fail.
func failure(of source: GitSource) async -> SourceFailure? {
  do {
    _ = try await source.load()
    return nil
  } catch {
    return error
  }
}

/// The updates of a source, one at a time, each within a deadline.
final class UpdateReader {
  private var iterator: AsyncStream<SourceUpdate>.Iterator

  init(_ source: GitSource) { iterator = source.updates().makeAsyncIterator() }

  /// The next update that meets a condition; earlier ones are passed over.
  func next(where matches: (SourceUpdate) -> Bool = { _ in true }) async -> SourceUpdate? {
    while let update = await iterator.next() {
      if matches(update) { return update }
    }
    return nil
  }
}
