import Cluster
import Control
import Fleet
import Foundation
import GitSource
import LocalEngine
import Logging
import Synchronization

/// One read pass over the fleet, without writing: what the one-shot commands print.
enum FleetReading {
  /// Seconds that a reading may take.
  static let patience = 60

  /// Reads every selected device once, or in a cluster what the operator read last; a device that does not answer in
  /// time is told as it is.
  static func once(_ options: SourceOptions, _ selection: DeviceSelection) async throws -> FleetView {
    switch try options.target() {
    case .local(let choice):
      let records = await StandingRecords.load(choice)
      return try await LocalSession.with(options, .observe) { session in
        let (snapshot, late) = try await reading(session.engine, selection, within: patience)
        return FleetView(records.applied(to: snapshot), late: late)
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
    _ engine: any FleetEngine, _ selection: DeviceSelection, within limit: Int = patience
  ) async throws -> FleetSnapshot {
    let (snapshot, late) = try await reading(engine, selection, within: limit)
    guard late.isEmpty else { throw tooLate(limit, late) }
    return snapshot
  }

  private static func tooLate(_ limit: Int, _ late: Set<DeviceID>) -> CommandFailure {
    let names = late.sorted().prefix(5).map { "\($0)" }.joined(separator: ", ")
    let more = late.count > 5 ? " and \(late.count - 5) more" : ""
    return CommandFailure(
      .timedOut,
      "fabctl: no answer within \(limit) s from \(names)\(more): busy, or slow; try again later, or name others"
    )
  }

  /// The same, but one that is late does not hide the others: it is named beside what is known by then.
  private static func reading(
    _ engine: any FleetEngine, _ selection: DeviceSelection, within limit: Int
  ) async throws -> (snapshot: FleetSnapshot, late: Set<DeviceID>) {
    let newest = Newest()
    let settled = try await withThrowingTaskGroup(of: FleetSnapshot?.self) { group in
      group.addTask {
        for await snapshot in engine.snapshots() {
          if try isSettled(snapshot, selection) { return snapshot }
          newest.snapshot.withLock { $0 = snapshot }
        }
        return nil
      }
      group.addTask {
        try await Task.sleep(for: .seconds(limit))
        return nil
      }
      defer { group.cancelAll() }
      return try await group.next() ?? nil
    }
    if let settled { return (settled, []) }
    // Without a source there are no devices that could be told.
    guard let snapshot = newest.snapshot.withLock({ $0 }), snapshot.source.state != .loading else {
      throw CommandFailure(.timedOut, "fabctl: the desired state could not be read within \(limit) s")
    }
    let late = snapshot.devices.filter { !isSettled($0, selection) }.map(\.id)
    return (snapshot, Set(late))
  }

  private final class Newest: Sendable {
    let snapshot = Mutex<FleetSnapshot?>(nil)
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
    return snapshot.devices.allSatisfy { isSettled($0, selection) }
  }

  private static func isSettled(_ device: DeviceSnapshot, _ selection: DeviceSelection) -> Bool {
    !selection.matches(device.spec) || device.view.lastRead != nil || device.view.phase == .failed
  }
}
