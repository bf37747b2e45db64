import ChildProcesses
import Foundation
import Synchronization

/// Notices that a ref may have moved, without starting a process: looks at the files in which git keeps refs.
///
/// Git replaces these files by renaming, so the inode changes even where the clock is coarse. Covers loose
/// refs, packed refs and the reftable format, linked work trees and bare repositories.
struct RefWatch: Sendable {
  fileprivate struct Trace: Equatable, Sendable {
    var inode: UInt64
    var size: Int64
    var seconds: Int64
    var nanoseconds: Int64
  }

  private let files: [String]
  private let head: String
  private let commonDirectory: String

  init(_ repository: GitRepository, ref: String?) {
    head = repository.gitDirectory + "/HEAD"
    commonDirectory = repository.commonDirectory
    var files = [
      head, repository.commonDirectory + "/packed-refs", repository.commonDirectory + "/reftable/tables.list",
      repository.gitDirectory + "/reftable/tables.list",
    ]
    if let ref, !ref.isEmpty, ref != "HEAD" {
      // Of `main~3` and the like, the name.
      let name = ref.prefix { !"^~@:".contains($0) }
      files += ["", "refs/", "refs/tags/", "refs/heads/", "refs/remotes/"].map { commonPath($0 + name) }
    }
    self.files = files

    func commonPath(_ name: String) -> String { repository.commonDirectory + "/" + name }
  }

  /// Equal as long as nothing moved. The branch that HEAD names is read again only when HEAD was written since `last`.
  func signature(after last: Signature? = nil) -> Signature {
    var traces = files.map(Self.trace)
    var branch = last?.branch
    if last == nil || last?.traces.first != traces.first { branch = branchOfHEAD() }
    if let branch { traces.append(Self.trace(commonDirectory + "/" + branch)) }
    return Signature(traces: traces, branch: branch)
  }

  private func branchOfHEAD() -> String? {
    guard let text = try? String(contentsOfFile: head, encoding: .utf8), text.hasPrefix("ref: "),
      text.utf8.count < 4096
    else { return nil }
    return String(text.dropFirst(5).prefix { !$0.isNewline })
  }

  /// Returns within half a second after something moved, after 10 s, or when the task is cancelled.
  ///
  /// Waits on a thread of its own: that wakes for a tenth of what a task takes to wake.
  func wait(since signature: Signature) async {
    let ended = Ended()
    let hasWaited = await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let failure = OwnThread.start {
          for _ in 0..<20 where !ended.flag.load(ordering: .relaxed) {
            usleep(500_000)
            if self.signature(after: signature) != signature { break }
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

  struct Signature: Equatable, Sendable {
    fileprivate let traces: [Trace?]
    fileprivate let branch: String?
  }

  private static func trace(_ path: String) -> Trace? {
    var status = stat()
    guard lstat(path, &status) == 0 else { return nil }
    return Trace(
      inode: UInt64(status.st_ino), size: Int64(status.st_size), seconds: Int64(status.st_mtim.tv_sec),
      nanoseconds: Int64(status.st_mtim.tv_nsec))
  }
}
