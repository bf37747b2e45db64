import Control
import Fleet
import Kubernetes
import LocalEngine
import Manifest

/// What the API server says, resource by resource, and what follows for the engine. Pure.
///
/// A resource whose specification does not validate keeps its last good one in force for reading, and is not
/// written until it validates again.
struct ResourceBook: Sendable {
  struct Entry: Sendable {
    var resource: PLCResource
    /// The last good specification, and the generation it came with.
    var inForce: (device: ManifestDevice, generation: Int64)?
    /// A conflict with another resource over a register: this one is the newer of the two.
    var conflict: [String] = []

    /// What is wrong with the newest specification; empty: nothing.
    var problems: [String] { resource.problems + conflict }
  }

  /// What a change is about.
  struct Change: OptionSet, Sendable {
    let rawValue: Int
    /// Specification or overrides: the engine must hear of it.
    static let desired = Change(rawValue: 1)
    /// A sync was asked for.
    static let sync = Change(rawValue: 2)
    /// The specification has become invalid, or is wrong in another way than before.
    static let invalid = Change(rawValue: 4)
  }

  let shard: Shard
  private(set) var entries: [DeviceID: Entry] = [:]

  init(shard: Shard) { self.shard = shard }

  subscript(id: DeviceID) -> Entry? { entries[id] }

  mutating func upsert(_ object: DynamicObject) -> Change {
    let resource = PLCResource(object, after: entries[object.id]?.resource)
    guard shard.contains(resource.id) else { return [] }
    guard !resource.isGoing else { return delete(resource.id) }
    let old = entries[resource.id]
    // The same name, but another object: nothing of the old one counts for it.
    let previous = old?.resource.meta.uid == resource.meta.uid ? old : nil
    var entry = Entry(resource: resource, inForce: previous?.inForce, conflict: previous?.conflict ?? [])
    if let device = resource.device { entry.inForce = (device, resource.generation) }
    entries[resource.id] = entry
    return Self.change(from: previous, to: entry)
  }

  private static func change(from old: Entry?, to new: Entry) -> Change {
    var change: Change = []
    if old?.inForce?.device.spec != new.inForce?.device.spec
      || old?.inForce?.generation != new.inForce?.generation
      || old?.resource.shelves != new.resource.shelves || old?.problems.isEmpty != new.problems.isEmpty
      || suspender(old) != suspender(new)
    {
      change.insert(.desired)
    }
    if let sync = new.resource.sync, sync != old?.resource.sync { change.insert(.sync) }
    if !new.problems.isEmpty, new.problems != old?.problems { change.insert(.invalid) }
    return change
  }

  mutating func delete(_ id: DeviceID) -> Change { entries.removeValue(forKey: id) == nil ? [] : .desired }

  /// Two resources that both decide what one register should be would undo each other for ever: the newer one
  /// is invalid. Returns the resources of which that is news.
  mutating func settleConflicts() -> [DeviceID] {
    let found = RegisterClaims.conflicts(
      entries.values.compactMap { entry in
        entry.inForce.map {
          .init(device: $0.device, created: entry.resource.meta.creationTimestamp?.seconds ?? 0)
        }
      })
    var news: [DeviceID] = []
    for id in entries.keys.sorted() {
      let conflict = found[id] ?? []
      guard entries[id]?.conflict != conflict else { continue }
      entries[id]?.conflict = conflict
      news.append(id)
    }
    return news
  }

  // MARK: For the engine

  /// Every device that has a specification in force, sorted by id.
  func desired(at now: WallTime) -> DesiredState {
    DesiredState(
      devices: entries.values.compactMap { entry in
        guard let spec = entry.inForce?.device.spec else { return nil }
        return .init(spec: spec, restored: Self.restored(entry, at: now))
      }.sorted { $0.spec.id < $1.spec.id })
  }

  func overrides(of id: DeviceID, at now: WallTime) -> Overrides? {
    entries[id].map { Overrides(Self.restored($0, at: now)) }
  }

  /// Where specifications came from, as far as whatever applied them says so.
  var commits: [DeviceID: Provenance] {
    var commits: [DeviceID: Provenance] = [:]
    for (id, entry) in entries {
      guard let source = entry.resource.source else { continue }
      commits[id] = Provenance(
        commit: source.revision, author: source.author, time: source.time ?? WallTime(milliseconds: 0),
        subject: "", location: SourceLocation(file: id.description, line: 0))
    }
    return commits
  }

  private static func restored(_ entry: Entry, at now: WallTime) -> RestoredDevice {
    RestoredDevice(
      counters: entry.resource.counters, shelves: entry.resource.shelves.filter { now < $0.until },
      suspendedBy: suspender(entry))
  }

  /// Who keeps the device from being written, beside `spec.suspend` itself.
  static func suspender(_ entry: Entry?) -> String? {
    guard let entry else { return nil }
    if !entry.problems.isEmpty {
      return "the operator: the specification of generation \(entry.resource.generation) is invalid"
    }
    if let problem = entry.resource.shelfProblem { return "the operator: \(problem)" }
    guard entry.inForce?.device.spec.suspend == true else { return nil }
    return entry.resource.meta.annotations?[PLCAnnotation.suspendedBy]
  }
}
