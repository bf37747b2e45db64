import Control
import Fleet
import Logging
import Manifest

/// Desired state from a Git repository: valid commits, one after the other.
///
/// A commit that does not validate is not applied, whole: the last good one stays in force. The same holds
/// when the branch or the directory disappears. A valid commit that has no manifests any more releases all
/// devices.
public actor GitSource {
  public struct Configuration: Sendable {
    public var origin: SourceOrigin
    /// Branch, tag or commit; `nil`: what HEAD is at.
    public var ref: String?
    /// Directory (or file) inside the repository; empty: all of it.
    public var path: String
    /// Where the mirror of a remote repository is kept.
    public var stateDirectory: String
    /// Between fetches of a remote repository.
    public var interval: Duration
    /// Accept only commits that `git verify-commit` accepts.
    public var requireSigned: Bool
    public var program: GitProgram

    public init(
      origin: SourceOrigin, ref: String? = nil, path: String = "", stateDirectory: String,
      interval: Duration = .seconds(15), requireSigned: Bool = false, program: GitProgram = GitProgram()
    ) {
      self.origin = origin
      self.ref = ref
      self.path = path
      self.stateDirectory = stateDirectory
      self.interval = interval
      self.requireSigned = requireSigned
      self.program = program
    }
  }

  public nonisolated let configuration: Configuration
  let log: Logger
  var repository: GitRepository?
  private var mirror: GitMirror?
  private var scan = ManifestScan()
  /// The last good commit.
  private(set) var inForce: SourceRevision?
  /// The commit looked at last, good or not.
  private var examined: String?
  private var failure: SourceFailure?
  private var unavailableSince: WallTime?
  var blames = BlameCache()
  private let now: @Sendable () -> WallTime

  /// - Parameter now: the civil clock, for how long a source has been away.
  public init(_ configuration: Configuration, log: Logger, now: @escaping @Sendable () -> WallTime) {
    self.configuration = configuration
    self.log = log
    self.now = now
  }

  /// Reads the source once.
  public func load() async throws(SourceFailure) -> SourceRevision {
    try await examine()
    guard let inForce else { throw failure ?? .git(.cancelled) }
    if let failure { throw failure }
    return inForce
  }

  /// The state now and every change of it, until the reader stops. The first element comes when the source
  /// has been read once, well or badly.
  public nonisolated func updates() -> AsyncStream<SourceUpdate> {
    let (stream, continuation) = AsyncStream.makeStream(of: SourceUpdate.self)
    let task = Task { await self.watch(continuation) }
    continuation.onTermination = { _ in task.cancel() }
    return stream
  }

  private func watch(_ continuation: AsyncStream<SourceUpdate>.Continuation) async {
    var told: SourceUpdate?
    while !Task.isCancelled {
      let signature = refs?.signature()
      do { try await examine() } catch {}
      if Task.isCancelled { break }
      var update = SourceUpdate(status: status, inForce: inForce, isNewRevision: false, failure: failure)
      update.isNewRevision = inForce?.commit.id != told?.inForce?.commit.id
      if told == nil || update.isNewRevision || update.status != told?.status {
        continuation.yield(update)
        told = update
      }
      await waitForChange(since: signature)
    }
    continuation.finish()
  }

  /// Local: within half a second after a ref file changed, else 30 s. Remote: the interval.
  private func waitForChange(since signature: RefWatch.Signature?) async {
    guard case .local = configuration.origin, failure?.isGit != true else {
      let pause =
        if case .local = configuration.origin { Duration.seconds(1) } else { configuration.interval }
      try? await Task.sleep(for: pause)
      return
    }
    guard let refs, let signature else {
      try? await Task.sleep(for: .milliseconds(500))
      return
    }
    await refs.wait(since: signature)
  }

  private var refs: RefWatch? { repository.map { RefWatch($0, ref: configuration.ref) } }
}

extension GitSource {
  /// For the screen.
  public var status: SourceStatus {
    var status = SourceStatus(origin: configuration.origin.displayName)
    if let inForce {
      status.revision = inForce.name
      status.author = inForce.commit.author
      status.time = inForce.commit.authored
      status.subject = inForce.commit.subject
      status.state = .good
    }
    switch failure {
    case nil: break
    case .git(let failure):
      status.state = .unavailable(reason: failure.description, since: unavailableSince ?? now())
    case .invalid(let revision, _, _), .unsigned(let revision, _, _):
      status.state = .invalid(revision: revision, problems: failure?.problems ?? [])
    }
    return status
  }

  private func examine() async throws(SourceFailure) {
    do {
      let (repository, remote) = try await open()
      let (commit, ref) = try await repository.resolve(configuration.ref, remote: remote)
      unavailableSince = nil
      if commit == examined, failure?.isGit != true {
        if let failure { throw failure }
        // The same commit by another name: HEAD was moved to a new branch.
        if var renamed = inForce, renamed.ref != ref {
          renamed.ref = ref
          renamed.name = renamed.commit.revision(ref: ref)
          inForce = renamed
        }
        return
      }
      let revision = try await read(repository, commit, ref)
      examined = commit
      failure = nil
      if inForce?.commit.id != commit { log.info("Desired state is now \(revision.name)") }
      inForce = revision
    } catch let problem as SourceFailure {
      remember(problem)
      throw problem
    } catch let problem as GitFailure {
      // The reader has gone away; that says nothing about the source.
      guard problem != .cancelled else { throw .git(problem) }
      examined = nil
      if unavailableSince == nil { unavailableSince = now() }
      remember(.git(problem))
      throw .git(problem)
    } catch {
      throw .git(.cancelled)
    }
  }

  private func remember(_ problem: SourceFailure) {
    if failure?.problems != problem.problems {
      for line in problem.problems.prefix(20) { log.warning("Desired state: \(line)") }
    }
    failure = problem
  }

  private func open() async throws(GitFailure) -> (GitRepository, remote: String?) {
    switch configuration.origin {
    case .local(let path):
      if let repository { return (repository, nil) }
      let opened = try await GitRepository(at: path, program: configuration.program)
      repository = opened
      return (opened, nil)
    case .remote(let url):
      let mirror =
        self.mirror
        ?? GitMirror(url: url, stateDirectory: configuration.stateDirectory, program: configuration.program)
      self.mirror = mirror
      let opened = try await mirror.fetch(ref: configuration.ref)
      repository = opened
      return (opened, GitMirror.remoteName)
    }
  }

  private func read(_ repository: GitRepository, _ commit: String, _ ref: String) async throws
    -> SourceRevision
  {
    let info = try await repository.info(of: commit)
    let name = info.revision(ref: ref)
    if configuration.requireSigned, let problem = try await repository.signatureProblem(of: commit) {
      examined = commit
      throw SourceFailure.unsigned(revision: name, commit: info, problem: problem)
    }
    let directory = try GitRepository.normalized(repository.prefix + configuration.path)
    var scan = self.scan
    let (reading, _) = try await scan.read(repository, directory: directory, commit: commit, revision: name)
    self.scan = scan
    guard reading.isValid else {
      examined = commit
      throw SourceFailure.invalid(revision: name, commit: info, diagnostics: reading.diagnostics)
    }
    var warnings = reading.diagnostics
    if reading.devices.isEmpty {
      let failure = GitFailure.noManifests(directory: directory, revision: "\(ref) (\(info.shortID))")
      guard inForce != nil else { throw failure }
      warnings.append(
        Diagnostic(
          severity: .warning, location: ManifestLocation(file: directory, line: 0, column: 0),
          message: "\(failure); all devices are released"))
    }
    return SourceRevision(name: name, ref: ref, commit: info, devices: reading.devices, warnings: warnings)
  }
}

extension SourceFailure {
  var isGit: Bool {
    if case .git = self { true } else { false }
  }
}
