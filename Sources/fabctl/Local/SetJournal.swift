import Control
import Fleet
import Foundation
import Journal
import LocalEngine

/// The journal of the device set that a source names.
enum SetJournal {
  static func location(_ choice: SourceChoice) throws -> JournalLocation {
    let url = LocalSession.directory(choice).url
    do throws(JournalProblem) {
      return try JournalLocation(state: url.deletingLastPathComponent().path, set: url.lastPathComponent)
    } catch {
      throw failure(error)
    }
  }

  /// `nil`: nothing has been recorded yet.
  static func reader(_ choice: SourceChoice) throws -> JournalReader? {
    let place = try location(choice)
    do throws(JournalProblem) {
      return try JournalReader(place)
    } catch {
      if case .missing = error { return nil }
      throw failure(error)
    }
  }

  static func failure(_ problem: JournalProblem) -> CommandFailure {
    CommandFailure(.sourceInvalid, "fabctl: \(problem)")
  }

  static func nothingYet(_ choice: SourceChoice) -> String {
    "fabctl: nothing has been recorded for \(choice.git) yet: `fabctl watch` and `fabctl sync` keep the journal"
  }
}

/// What earlier runs left for the devices: counters, shelves, suspensions, a hold. A one-shot that only reads has no
/// journal of its own, so what it shows is completed from here.
struct StandingRecords {
  private var restore = JournalRestore()
  private(set) var loadedAt = WallTime(milliseconds: 0)
  /// Why they could not be read.
  private(set) var problem: String?

  static func load(_ choice: SourceChoice) async -> StandingRecords {
    var records = StandingRecords()
    records.loadedAt = DashboardRuntime.now()
    do {
      guard let reader = try SetJournal.reader(choice) else { return records }
      records.restore = try await reader.restore(now: records.loadedAt)
    } catch let failure as CommandFailure {
      records.problem = failure.lines.first
    } catch {
      records.problem = "\(error)"
    }
    return records
  }

  var hold: Hold? { restore.hold }

  func applied(to snapshot: FleetSnapshot) -> FleetSnapshot {
    var gates = snapshot.gates
    gates.hold = gates.hold ?? restore.hold
    var health = snapshot.health
    if let problem { health.problems.append(problem) }
    return FleetSnapshot(
      sequence: snapshot.sequence, at: snapshot.at, mode: snapshot.mode, source: snapshot.source,
      gates: gates,
      health: health, devices: snapshot.devices.map(applied), events: snapshot.events,
      operations: snapshot.operations)
  }

  private func applied(to device: DeviceSnapshot) -> DeviceSnapshot {
    var view = device.view
    if let counters = restore.counters[device.id] {
      // A read pass that finds a drift counts it for itself; the journal knows whether it is the same one.
      view.driftEvents = max(view.driftEvents, counters.driftEvents)
      view.corrections = max(view.corrections, counters.corrections)
      for counted in counters.registers {
        guard let index = view.registers.firstIndex(where: { $0.spec.name == counted.name }) else { continue }
        let register = view.registers[index]
        view.registers[index].driftEvents = max(register.driftEvents, counted.driftEvents)
        view.registers[index].corrections = max(register.corrections, counted.corrections)
        if let wear = register.wear {
          view.registers[index].wear = WriteWear(counted, endurance: wear.endurance)
        }
      }
    }
    var silenced = false
    for entry in restore.overrides {
      switch entry {
      case .shelf(device.id, let shelf) where shelf.until > loadedAt:
        silenced = true
        if let register = shelf.register {
          guard let index = view.registers.firstIndex(where: { $0.spec.name == register }) else { continue }
          view.registers[index].shelf = shelf
          view.registers[index].refusals.append(.shelved(shelf))
        } else {
          view.shelf = shelf
          for index in view.registers.indices { view.registers[index].refusals.append(.shelved(shelf)) }
        }
      case .suspend(device.id, let by, _):
        silenced = true
        view.suspendedBy = by
        for index in view.registers.indices { view.registers[index].refusals.append(.suspended(by: by)) }
      default: break
      }
    }
    if let hold = restore.hold {
      for index in view.registers.indices { view.registers[index].refusals.append(.held(hold)) }
    }
    if silenced { Self.retell(&view) }
    return DeviceSnapshot(
      spec: device.spec, view: view, sources: device.sources, trend: device.trend,
      acknowledgedBy: device.acknowledgedBy)
  }

  /// The status word once an operator's silence is known; what cannot be seen still stands before it.
  private static func retell(_ view: inout DeviceView) {
    switch view.status {
    case .unreachable, .stale, .invalid, .pending: return
    case .inSync, .suspended, .shelved, .drifted, .contested: break
    }
    let drifted = view.registers.filter { $0.inSync == false }
    if let shelf = view.shelf {
      view.status = .shelved
      view.message = "shelved by \(shelf.by): \(shelf.reason)"
    } else if let by = view.suspendedBy {
      view.status = .suspended
      view.message = "suspended by \(by)"
    } else if !drifted.isEmpty, drifted.allSatisfy({ $0.shelf != nil }), let shelf = drifted.first?.shelf {
      view.status = .shelved
      view.message = "shelved by \(shelf.by): \(shelf.reason)"
    }
  }
}
