import Control
import Fleet
import Foundation
import GitSource
import Journal
import LocalEngine
import Logging
import NIOPosix

/// A local engine and what belongs to it, from command-line options: source, lock, journal.
struct LocalSession {
  var engine: LocalEngine
  var source: GitSource
  var group: MultiThreadedEventLoopGroup
  var mode: FleetMode
  /// Why it only observes though control was asked for; empty otherwise.
  var observeReason: String
  private var lock: ControllerLock?

  enum Wish {
    /// Control if nobody else does, else observe and say who does.
    case control
    /// Control or fail.
    case mustControl
    case observe
    /// Observe, and know what the journal holds: what control would do can be told.
    case rehearse
  }

  static func open(
    _ options: SourceOptions, _ wish: Wish, logger: Logger = FleetReading.quietLogger,
    settings: EngineSettings = EngineSettings(), waiting signals: StopSignals? = nil
  ) async throws -> LocalSession {
    let choice = try options.choice()
    let directory = Self.directory(choice)
    var lock: ControllerLock?
    var reason = ""
    var controller: String?
    if wish == .control || wish == .mustControl {
      switch try await LockPatience.acquire(directory, signals) {
      case .acquired(let taken): lock = taken
      case .heldBy(let holder), .heldElsewhere(let holder):
        controller = holder
        reason = "\(holder) controls these devices"
      case .unavailable(let problem): reason = "\(problem.reason); start again when that is mended"
      }
      if wish == .mustControl, lock == nil {
        let way =
          controller == nil
          ? ""
          : "; use that process's screen (`fabctl watch`, or `--attach` to a `fabctl run`), or end it and try again"
        throw CommandFailure(.refused, "fabctl: not writing: \(reason)\(way)")
      }
    }
    var settings = settings
    settings.controller = controller
    settings.mode = lock == nil ? .observe : .control
    settings.observeReason = reason
    settings.credentialsDirectory = CredentialsDirectory.standard()
    let git = GitSource(try configuration(choice), log: logger, now: DashboardRuntime.now)
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    let journal =
      lock == nil && wish != .rehearse
      ? nil
      : JournalChoice(
        directory: directory, actor: Operator.name, program: Build.line, readOnly: lock == nil)
    let engine = try await LocalEngine(
      source: GitDesiredSource(git), origin: choice.git, settings: settings, journal: journal,
      loop: group.next(), logger: logger)
    return LocalSession(
      engine: engine, source: git, group: group, mode: settings.mode, observeReason: reason, lock: lock)
  }

  /// Opens, does the work and closes, whatever happens.
  static func with<Result>(
    _ options: SourceOptions, _ wish: Wish, settings: EngineSettings = EngineSettings(),
    _ work: (LocalSession) async throws -> Result
  ) async throws -> Result {
    var session = try await open(options, wish, settings: settings)
    do {
      let result = try await work(session)
      await session.close()
      return result
    } catch {
      await session.close()
      throw error
    }
  }

  /// Where this source's lock, journal and mirror are.
  static func directory(_ choice: SourceChoice) -> StateDirectory {
    StateDirectory(
      origin: choice.git, subPath: choice.path, environment: ProcessInfo.processInfo.environment)
  }

  static func configuration(_ choice: SourceChoice) throws -> GitSource.Configuration {
    GitSource.Configuration(
      origin: try choice.parsedOrigin(), ref: choice.ref, path: choice.path,
      stateDirectory: directory(choice).path, interval: .seconds(choice.interval),
      requireSigned: choice.requireSigned)
  }

  /// Ends the engine, lets writes in flight be verified, and gives the lock back.
  mutating func close() async {
    await engine.stop()
    try? await group.shutdownGracefully()
    lock = nil
  }
}

/// Who sits at the keyboard, for the audit.
enum Operator {
  static let name: String = {
    let environment = ProcessInfo.processInfo.environment
    for variable in ["SUDO_USER", "USER", "LOGNAME"] {
      if let user = environment[variable], !user.isEmpty { return user }
    }
    return NSUserName().isEmpty ? "uid \(getuid())" : NSUserName()
  }()
}
