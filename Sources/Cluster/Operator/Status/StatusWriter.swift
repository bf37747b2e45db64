import Control
import Fleet
import Kubernetes
import LocalEngine
import Manifest
import Metrics

/// Keeps the statuses in the API server in step with the engine. Decides nothing: the schedule says when, the
/// document says what.
actor StatusWriter {
  /// What is known of one device's status.
  private struct Record {
    var entry: ResourceBook.Entry
    var device: DeviceSnapshot?
    var handledSync: String?
    var told: StatusDigest?
    var toldProblems: [String]?
    /// The status and version in the API server, as last heard of.
    var stored: JSONValue
    var resourceVersion: String?
  }

  private enum Result: String, Hashable {
    case written, conflict, failed
  }

  private let client: KubernetesClient
  private let mayWrite: @Sendable () -> Bool
  private let report: @Sendable (String) -> Void
  private let now: @Sendable () -> WallTime
  private var schedule: StatusSchedule
  private var records: [DeviceID: Record] = [:]
  private var counters: [Result: Counter] = [:]
  private var lastTrouble: ClientError?

  init(
    _ client: KubernetesClient, mayWrite: @escaping @Sendable () -> Bool,
    now: @escaping @Sendable () -> WallTime, report: @escaping @Sendable (String) -> Void
  ) {
    self.client = client
    self.mayWrite = mayWrite
    self.report = report
    self.now = now
    schedule = StatusSchedule(at: .now())
  }

  // MARK: What there is to tell

  /// The resource has changed in the API server (also by our own hand).
  func know(_ entry: ResourceBook.Entry) {
    let id = entry.resource.id
    var record =
      records[id]
      ?? Record(entry: entry, handledSync: entry.resource.handledSync, stored: entry.resource.status)
    if record.entry.resource.meta.uid != entry.resource.meta.uid {
      record = Record(entry: entry, handledSync: entry.resource.handledSync, stored: entry.resource.status)
    }
    record.entry = entry
    // What a watch brings may be older than the answer to our own last write.
    if !Self.isOlder(entry.resource.meta.resourceVersion, than: record.resourceVersion) {
      record.stored = entry.resource.status
      record.resourceVersion = entry.resource.meta.resourceVersion
    }
    records[id] = record
    weigh(id)
  }

  /// Versions of one resource grow (KEP-5504); what is no number is taken as newer.
  private static func isOlder(_ version: String?, than other: String?) -> Bool {
    guard let version = version.flatMap(UInt64.init), let other = other.flatMap(UInt64.init) else {
      return false
    }
    return version < other
  }

  func forget(_ id: DeviceID) {
    records[id] = nil
    schedule.forget(id)
  }

  func handled(_ request: String, of id: DeviceID) {
    records[id]?.handledSync = request
    weigh(id)
  }

  func handledSync(of id: DeviceID) -> String? { records[id]?.handledSync }

  func digest(_ snapshot: FleetSnapshot) {
    for device in snapshot.devices {
      guard let record = records[device.id], record.device !== device else { continue }
      records[device.id]?.device = device
      weigh(device.id)
    }
  }

  /// Is there anything new about this device?
  private func weigh(_ id: DeviceID) {
    guard let record = records[id] else { return }
    guard record.entry.inForce != nil else {
      // Never valid: only its problems can be told.
      if record.toldProblems != record.entry.problems { schedule.note(id, .soon, at: .now()) }
      return
    }
    guard let digest = Self.digest(record) else { return }
    guard let told = record.told else {
      // At the beginning of a term the whole fleet connects at once: what is told first is how that went.
      if let view = record.device?.view, view.failures == 0, view.lastRead == nil,
        view.phase == .pending || view.phase == .connecting
      {
        return
      }
      return schedule.note(id, .soon, at: .now())
    }
    if let urgency = told.urgency(of: digest) { schedule.note(id, urgency, at: .now()) }
  }

  private static func digest(_ record: Record) -> StatusDigest? {
    // What the engine says of another specification than the one in force is not to be told as if it were.
    guard let device = record.device, let inForce = record.entry.inForce, device.spec == inForce.device.spec
    else { return nil }
    return StatusDigest(
      device.spec, device.view, generation: inForce.generation,
      handledSync: record.handledSync, problems: record.entry.problems)
  }

  // MARK: Writing

  /// Writes what is due, until cancelled.
  func run() async {
    await withDiscardingTaskGroup { group in
      while !Task.isCancelled {
        if mayWrite() {
          for id in schedule.due(at: .now()) { group.addTask { await self.write(id) } }
        }
        try? await Task.sleep(for: .milliseconds(100))
      }
    }
  }

  /// At the end: what waits is written without waiting for its turn, for at most so long.
  func flush(within limit: Duration) async {
    let end = MonotonicInstant.now().advanced(by: limit)
    await withDiscardingTaskGroup { group in
      while !schedule.isIdle, MonotonicInstant.now() < end, mayWrite() {
        for id in schedule.due(at: .now(), rushed: true) { group.addTask { await self.write(id) } }
        try? await Task.sleep(for: .milliseconds(20))
      }
      group.cancelAll()
    }
  }

  private func write(_ id: DeviceID) async {
    guard let record = records[id] else { return }
    let digest = Self.digest(record)
    if digest == nil, record.entry.inForce != nil {
      return schedule.finished(id, .failed(retryAfter: .milliseconds(200)), at: .now())
    }
    let device = digest == nil ? nil : record.device
    let document = StatusDocument(
      entry: record.entry, spec: device?.spec, view: device?.view, previous: record.stored,
      handledSync: record.handledSync, now: now())
    let patch = document.patch(resourceVersion: record.resourceVersion)
    do throws(ClientError) {
      let stored: DynamicObject = try await client.patch(
        .industrialPLCs, namespace: id.namespace, name: id.name, subresource: "status", .merge, patch,
        retry: .never)
      counter(.written).increment()
      settle(id, stored, digest, record.entry.problems)
    } catch {
      fail(id, error)
    }
  }

  private func counter(_ result: Result) -> Counter {
    let counter =
      counters[result]
      ?? Counter(label: "fabgitops_status_writes_total", dimensions: [("result", result.rawValue)])
    counters[result] = counter
    return counter
  }

  private func settle(_ id: DeviceID, _ stored: DynamicObject, _ digest: StatusDigest?, _ problems: [String])
  {
    schedule.finished(id, .written, at: .now())
    lastTrouble = nil
    guard var record = records[id] else { return }
    record.stored = stored.json["status"] ?? [:]
    record.resourceVersion = stored.metadata.resourceVersion
    record.told = digest
    record.toldProblems = problems
    records[id] = record
    // It may have gone on while the request was under way.
    weigh(id)
  }

  private func fail(_ id: DeviceID, _ error: ClientError) {
    if error.isNotFound {
      // Deleted; the watch says so as well.
      return forget(id)
    }
    var wait: Duration?
    if error.isConflict {
      // Somebody else has changed the resource: the watch brings the new version in a moment.
      counter(.conflict).increment()
    } else {
      counter(.failed).increment()
      if case .refused(let refusal) = error { wait = refusal.retryAfter }
      if lastTrouble != error, !error.isCancelled {
        lastTrouble = error
        report("cannot write the status of \(id): \(error)")
      }
    }
    schedule.finished(id, .failed(retryAfter: wait), at: .now())
  }
}
