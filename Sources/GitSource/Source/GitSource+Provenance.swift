import Control
import Fleet
import Manifest

/// What `git blame` said, of the commit in force.
struct BlameCache: Sendable {
  private var commit = ""
  private var files: [String: [BlamedLine]] = [:]

  mutating func lines(of file: String, at commit: String) -> [BlamedLine]? {
    if commit != self.commit {
      self.commit = commit
      files = [:]
    }
    return files[file]
  }

  mutating func store(_ lines: [BlamedLine], of file: String, at commit: String) {
    guard commit == self.commit else { return }
    files[file] = lines
  }
}

extension GitSource {
  /// Who wanted each value of a device, by register name; empty for a device that is not in force, and when
  /// git cannot tell. The first call for a file takes as long as `git blame` does.
  public func provenance(of device: DeviceID) async -> [String: Provenance] {
    guard let repository, let inForce, let manifest = inForce.devices.first(where: { $0.id == device }) else {
      return [:]
    }
    var result: [String: Provenance] = [:]
    for (register, source) in zip(manifest.spec.registers, manifest.sources) {
      let file = source.location.file
      guard let lines = await blamed(file, at: inForce.commit.id, repository),
        lines.indices.contains(source.location.line - 1)
      else { continue }
      let line = lines[source.location.line - 1]
      result[register.name] = Provenance(
        commit: line.commit, author: line.author, time: line.time, subject: line.subject,
        location: SourceLocation(file: file, line: source.location.line))
    }
    return result
  }

  private func blamed(_ file: String, at commit: String, _ repository: GitRepository) async -> [BlamedLine]? {
    if let known = blames.lines(of: file, at: commit) { return known }
    guard let lines = try? await repository.blame(file, at: commit) else { return nil }
    blames.store(lines, of: file, at: commit)
    return lines
  }
}
