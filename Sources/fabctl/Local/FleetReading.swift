import Control
import Fleet
import Foundation
import GitSource
import LocalEngine
import Logging

/// One read pass over the fleet, without writing: what the one-shot commands print.
enum FleetReading {
  /// Reads every selected device once; a device that does not answer in time is told as it is.
  static func once(_ options: SourceOptions, _ selection: DeviceSelection) async throws -> FleetSnapshot {
    var session = try await LocalSession.open(options, .observe, logger: quietLogger)
    do {
      let snapshot = try await settled(session.engine, selection)
      await session.close()
      return snapshot
    } catch {
      await session.close()
      throw error
    }
  }

  /// The desired state alone: no device is touched.
  static func desired(_ options: SourceOptions) async throws -> SourceRevision {
    let directory = StateDirectory(
      origin: try options.origin(), subPath: options.path, environment: ProcessInfo.processInfo.environment)
    let source = GitSource(
      GitSource.Configuration(
        origin: try options.parsedOrigin(), ref: options.ref, path: options.path,
        stateDirectory: directory.path,
        requireSigned: options.requireSigned), log: quietLogger, now: DashboardRuntime.now)
    do throws(SourceFailure) {
      return try await source.load()
    } catch {
      switch error {
      case .git(.noManifests): throw CommandFailure(.sourceInvalid, error.problems.map { "fabctl: \($0)" })
      case .git: throw CommandFailure(.sourceUnreachable, error.problems.map { "fabctl: \($0)" })
      case .invalid, .unsigned: throw CommandFailure(.sourceInvalid, error.problems)
      }
    }
  }

  static var quietLogger: Logger { Logger(label: "fabctl") { _ in SwiftLogNoOpLogHandler() } }

  /// Waits until the source is loaded and every selected device has been read or has failed.
  static func settled(_ engine: LocalEngine, _ selection: DeviceSelection) async throws -> FleetSnapshot {
    try await withThrowingTaskGroup(of: FleetSnapshot?.self) { group in
      group.addTask {
        for await snapshot in engine.snapshots() where try isSettled(snapshot, selection) { return snapshot }
        return nil
      }
      group.addTask {
        try await Task.sleep(for: .seconds(60))
        return nil
      }
      defer { group.cancelAll() }
      guard let first = try await group.next(), let snapshot = first else {
        throw CommandFailure(.timedOut, "fabctl: some devices gave no answer within 60 s")
      }
      return snapshot
    }
  }

  private static func isSettled(_ snapshot: FleetSnapshot, _ selection: DeviceSelection) throws -> Bool {
    switch snapshot.source.state {
    case .loading: return false
    case .good: break
    case .invalid(let revision, let problems):
      guard snapshot.source.revision.isEmpty else { break }
      let count = problems.count == 1 ? "1 problem" : "\(problems.count) problems"
      throw CommandFailure(.sourceInvalid, ["fabctl: \(revision) cannot be applied, \(count):"] + problems)
    case .unavailable(let reason, _):
      guard snapshot.source.revision.isEmpty else { break }
      throw CommandFailure(.sourceUnreachable, "fabctl: \(reason)")
    }
    let missing = selection.missing(from: snapshot.devices.map(\.id))
    guard missing.isEmpty else {
      let known = snapshot.devices.prefix(5).map(\.id.name).joined(separator: ", ")
      throw CommandFailure(
        .usage,
        "fabctl: no such device: \(missing.joined(separator: ", ")) (there are \(known)\(snapshot.devices.count > 5 ? ", …" : ""))"
      )
    }
    return snapshot.devices.allSatisfy { device in
      !selection.matches(device.id) || device.view.lastRead != nil || device.view.phase == .failed
    }
  }
}
