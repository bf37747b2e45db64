import Cluster
import Control
import Fleet
import Foundation
import GitSource
import LocalEngine
import Logging

/// One read pass over the fleet, without writing: what the one-shot commands print.
enum FleetReading {
  /// Reads every selected device once, or in a cluster what the operator read last; a device that does not answer in
  /// time is told as it is.
  static func once(_ options: SourceOptions, _ selection: DeviceSelection) async throws -> FleetView {
    switch try options.target() {
    case .local(let choice):
      let records = await StandingRecords.load(choice)
      return try await LocalSession.with(options, .observe) { session in
        FleetView(records.applied(to: try await settled(session.engine, selection)))
      }
    case .cluster(let choices):
      let view = FleetView(try await ClusterListing.read(choices))
      try selection.requireAll(in: view.snapshot.devices.map(\.id))
      return view
    }
  }

  /// The desired state alone: no device is touched.
  static func desired(_ options: SourceOptions) async throws -> SourceRevision {
    let choice = try options.choice()
    let source = GitSource(
      try LocalSession.configuration(choice), log: quietLogger, now: DashboardRuntime.now)
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
  static func settled(
    _ engine: any FleetEngine, _ selection: DeviceSelection, within limit: Int = 60
  ) async throws -> FleetSnapshot {
    try await withThrowingTaskGroup(of: FleetSnapshot?.self) { group in
      group.addTask {
        for await snapshot in engine.snapshots() where try isSettled(snapshot, selection) { return snapshot }
        return nil
      }
      group.addTask {
        try await Task.sleep(for: .seconds(limit))
        return nil
      }
      defer { group.cancelAll() }
      guard let first = try await group.next(), let snapshot = first else {
        throw CommandFailure(
          .timedOut, "fabctl: some devices gave no answer within \(limit) s; try fewer of them, by name")
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
    try selection.requireAll(in: snapshot.devices.map(\.id))
    // Attached, nothing is asked of a device: what is known is known.
    if snapshot.mode == .attached { return true }
    return snapshot.devices.allSatisfy { device in
      !selection.matches(device.spec) || device.view.lastRead != nil || device.view.phase == .failed
    }
  }
}
