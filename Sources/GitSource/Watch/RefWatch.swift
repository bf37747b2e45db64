import CFileTrace
import ChildProcesses
import Foundation
import Synchronization

/// Notices that a ref may have moved, without starting a process: looks at the files in which git keeps refs.
///
/// Git replaces these files by renaming, so the inode changes even where the clock is coarse. Covers loose
/// refs, packed refs and the reftable format, linked work trees and bare repositories.
struct RefWatch: Sendable {
  private let files: [String]
  private let head: String
  private let commonDirectory: String

  init(_ repository: GitRepository, ref: String?) {
    head = repository.gitDirectory + "/HEAD"
    commonDirectory = repository.commonDirectory
    var files = [head, repository.commonDirectory + "/packed-refs"]
    for tables in [repository.commonDirectory + "/reftable", repository.gitDirectory + "/reftable"]
    where access(tables, F_OK) == 0 { files.append(tables + "/tables.list") }
    if let ref, !ref.isEmpty, ref != "HEAD" {
      // Of `main~3` and the like, the name.
      let name = ref.prefix { !"^~@:".contains($0) }
      files += ["", "refs/", "refs/tags/", "refs/heads/", "refs/remotes/"].map { commonPath($0 + name) }
    }
    self.files = files

    func commonPath(_ name: String) -> String { repository.commonDirectory + "/" + name }
  }

  /// What the files are like now.
  func signature() -> Signature {
    func look(at file: String) -> (path: [CChar], trace: FileTrace) {
      let path = Array(file.utf8CString)
      var trace = FileTrace()
      _ = linkOrFileChanged(path, &trace)
      return (path, trace)
    }
    var seen = files.map(look)
    // Read after HEAD was looked at: when it names another one, HEAD has changed since.
    if let branch = branchOfHEAD() { seen.append(look(at: commonDirectory + "/" + branch)) }
    return Signature(files: seen)
  }

  private func branchOfHEAD() -> String? {
    guard let text = try? String(contentsOfFile: head, encoding: .utf8), text.hasPrefix("ref: "),
      text.utf8.count < 4096
    else { return nil }
    return String(text.dropFirst(5).prefix { !$0.isNewline })
  }

  /// Returns within half a second after something moved, after 30 s, or when the task is cancelled.
  ///
  /// Waits on a thread of its own: that wakes for a tenth of what a task takes to wake.
  func wait(since signature: Signature) async {
    let ended = Ended()
    let hasWaited = await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let failure = OwnThread.start {
          for _ in 0..<60 where !ended.flag.load(ordering: .relaxed) {
            usleep(500_000)
            if signature.isOutdated { break }
          }
          continuation.resume(returning: true)
        }
        if failure != 0 { continuation.resume(returning: false) }
      }
    } onCancel: {
      ended.flag.store(true, ordering: .relaxed)
    }
    if !hasWaited { try? await Task.sleep(for: .milliseconds(500)) }
  }

  private final class Ended: Sendable {
    let flag = Atomic(false)
  }

  struct Signature: Sendable {
    /// Paths as the system wants them.
    fileprivate let files: [(path: [CChar], trace: FileTrace)]

    /// Whether something moved since.
    var isOutdated: Bool {
      for file in files {
        var trace = file.trace
        if linkOrFileChanged(file.path, &trace) { return true }
      }
      return false
    }
  }
}
