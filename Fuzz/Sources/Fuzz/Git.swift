import Dispatch
import Manifest

@testable import GitSource

/// What the git program wrote, in as many answers as the bytes hold: 0xFF 0xFE between two of them.
func fuzzGit(_ bytes: [UInt8]) {
  for line in GitRepository.blamedLines(bytes) {
    requireFit(line.author)
    requireFit(line.subject)
  }
  if let files = try? GitRepository.entries(bytes, prefix: "p/") {
    require(files.allSatisfy { $0.path.hasPrefix("p/") }, "a file outside of the directory")
  }
  requireFit(GitRepository.firstLine(of: text(bytes)))
  let program = GitProgram(answers: answers(bytes))
  let repository = GitRepository(
    name: "r", program: program, gitDirectory: "/g", commonDirectory: "/g", prefix: "")
  wait { await read(repository) }
}

private func read(_ repository: GitRepository) async {
  do throws(GitFailure) {
    let commit = try await repository.resolve("main").commit
    require(GitRepository.isObjectName(commit), "no object name")
    let info = try await repository.info(of: commit)
    requireFit(info.subject + info.author + info.email)
    var scan = ManifestScan()
    let found = try await scan.read(repository, directory: "", commit: commit, revision: "r")
    for diagnostic in found.reading.diagnostics { requireFit(diagnostic.description) }
  } catch {
    requireFit(error.description)
  }
}

private func answers(_ bytes: [UInt8]) -> [GitProgram.Output] {
  var answers: [GitProgram.Output] = []
  var rest = bytes[...]
  while answers.count < 16 {
    let end = rest.indices.first { rest[$0] == 0xFF && $0 + 1 < rest.endIndex && rest[$0 + 1] == 0xFE }
    let part = rest[..<(end ?? rest.endIndex)]
    let failed = part.first == 0xFD
    answers.append(
      GitProgram.Output(
        bytes: failed ? [] : Array(part), complaint: failed ? text(part.dropFirst()) : "",
        status: failed ? 128 : 0))
    guard let end else { break }
    rest = rest[(end + 2)...]
  }
  return answers
}

/// libFuzzer calls from a thread that is nobody's.
private func wait(_ body: @escaping @Sendable () async -> Void) {
  let done = DispatchSemaphore(value: 0)
  Task.detached {
    await body()
    done.signal()
  }
  done.wait()
}
