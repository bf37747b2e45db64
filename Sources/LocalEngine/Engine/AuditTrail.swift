import Control
import Fleet
import Journal

/// Where the engine writes down what it does. Confined to the engine's loop: every completion comes there.
protocol AuditTrail: AnyObject {
  /// The intent to write, durable before `done(nil)`; `done(problem)` when it could not be made so.
  func intend(_ order: WriteOrder, revision: String, at time: WallTime, _ done: @escaping (String?) -> Void)
  /// How an order ended whose device is gone.
  func settle(_ order: WriteOrder, _ input: Input, at time: WallTime)
  func note(_ transition: Transition, of spec: DeviceSpec, revision: String, at time: WallTime)
  /// What an operator asked for. With `reasons` it was refused and changes nothing.
  func note(_ command: FleetCommand, refused reasons: [String], at time: WallTime)
  /// Operators' words up to this audit record, said through other processes, are in force.
  func noteTakenUp(upTo sequence: Int64, at time: WallTime)
  /// A hold as it is in force from here on, and who made it so.
  func note(_ hold: Hold, by: String, at time: WallTime)
  func note(_ event: FleetEvent)
  /// Reality was made a commit.
  func adopted(_ device: DeviceID, branch: String, commit: String, by: String, at time: WallTime)
  func note(_ counters: DeviceCounters, of device: DeviceID)
  func note(status: DeviceStatus?, of device: DeviceID, at time: WallTime)
  /// One poll's numbers, in the order of the registers; NaN was not read.
  func sample(_ device: DeviceID, registers: [RegisterSpec], at time: WallTime, _ value: (Int) -> Double)
  /// The device has gone, or its registers are others: what was sampled under their places means nothing now.
  func forgetSeries(of device: DeviceID)
  /// Something the restored journal holds for a device that appears now.
  func restored(_ device: DeviceID) -> RestoredDevice
  /// Another journal has taken the place of the one that knew this.
  func carryOver(_ standing: RestoredDevice, of device: DeviceID, at time: WallTime)
  /// The journal could not be read at the start, and now it can.
  func adopt(_ restore: JournalRestore)
  var wantsSamples: Bool { get }
  func close()
}

/// What an earlier process left for one device.
public struct RestoredDevice: Hashable, Sendable {
  public var counters: DeviceCounters?
  public var shelves: [Shelf]
  public var suspendedBy: String?

  public init(counters: DeviceCounters? = nil, shelves: [Shelf] = [], suspendedBy: String? = nil) {
    self.counters = counters
    self.shelves = shelves
    self.suspendedBy = suspendedBy
  }

  /// What a source keeps goes before what the journal has, except for the writes made, which only the journal
  /// knows and which the wear budget must not forget.
  func overridden(by source: RestoredDevice?) -> RestoredDevice {
    guard var merged = source else { return self }
    guard let kept = counters?.registers, merged.counters != nil else { return merged }
    for register in kept where !register.recentWrites.isEmpty || register.writes > 0 {
      var counters = DeviceCounters.RegisterCounters(name: register.name)
      let index = merged.counters?.registers.firstIndex { $0.name == register.name }
      if let index, let found = merged.counters?.registers.remove(at: index) { counters = found }
      counters.recentWrites = register.recentWrites
      counters.writes = register.writes
      counters.writesByAge = register.writesByAge
      merged.counters?.registers.append(counters)
    }
    return merged
  }
}

extension DeviceMachine {
  /// What is to be remembered of a device that goes.
  func left(at now: Moment) -> RestoredDevice {
    RestoredDevice(
      counters: counters(at: now), shelves: standingShelves(at: now), suspendedBy: operatorSuspension)
  }
}

extension JournalRestore {
  func standing(of device: DeviceID) -> RestoredDevice {
    var found = RestoredDevice(counters: counters[device])
    for entry in overrides {
      switch entry {
      case .shelf(let id, let shelf) where id == device: found.shelves.append(shelf)
      case .suspend(let id, let by, _) where id == device: found.suspendedBy = by
      default: break
      }
    }
    return found
  }
}

/// Nothing is kept beyond this process; what one before it kept may be known.
final class NoAuditTrail: AuditTrail {
  private let restore: JournalRestore

  init(_ restore: JournalRestore = JournalRestore()) { self.restore = restore }

  func intend(_ order: WriteOrder, revision: String, at time: WallTime, _ done: @escaping (String?) -> Void) {
    done(nil)
  }
  func settle(_ order: WriteOrder, _ input: Input, at time: WallTime) {}
  func note(_ transition: Transition, of spec: DeviceSpec, revision: String, at time: WallTime) {}
  func note(_ command: FleetCommand, refused reasons: [String], at time: WallTime) {}
  func noteTakenUp(upTo sequence: Int64, at time: WallTime) {}
  func note(_ hold: Hold, by: String, at time: WallTime) {}
  func note(_ event: FleetEvent) {}
  func adopted(_ device: DeviceID, branch: String, commit: String, by: String, at time: WallTime) {}
  func note(_ counters: DeviceCounters, of device: DeviceID) {}
  func note(status: DeviceStatus?, of device: DeviceID, at time: WallTime) {}
  func sample(_ device: DeviceID, registers: [RegisterSpec], at time: WallTime, _ value: (Int) -> Double) {}
  func forgetSeries(of device: DeviceID) {}
  func restored(_ device: DeviceID) -> RestoredDevice { restore.standing(of: device) }
  func carryOver(_ standing: RestoredDevice, of device: DeviceID, at time: WallTime) {}
  func adopt(_ restore: JournalRestore) {}
  var wantsSamples: Bool { false }
  func close() {}
}
