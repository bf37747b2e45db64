import Control
import Kubernetes
import Manifest

/// One `IndustrialPLC` as the API server has it, validated.
struct PLCResource: Sendable {
  let meta: ObjectMeta
  let id: DeviceID
  /// The specification, or what is wrong with it; never half of it.
  let reading: Reading
  let sync: SyncAnnotation?
  let shelves: [Shelf]
  /// The annotation of shelves cannot be read, so that nobody knows what must not be written.
  let shelfProblem: String?
  let status: JSONValue

  enum Reading: Sendable {
    case valid(ManifestDevice)
    /// One line each; not empty.
    case invalid([String])
  }

  /// - Parameter old: the same object as it was before; what has not changed is not validated again. Most changes are
  ///   our own writes of its status.
  init(_ object: DynamicObject, after old: PLCResource? = nil) {
    meta = object.metadata
    id = object.id
    status = object.json["status"] ?? [:]
    let annotations = meta.annotations ?? [:]
    sync = SyncAnnotation(annotations: annotations)
    var shelfProblem: String?
    var shelves: [Shelf] = []
    if let text = annotations[PLCAnnotation.shelves] {
      do throws(ShelfAnnotation.Problem) {
        shelves = try ShelfAnnotation.shelves(text)
      } catch {
        shelfProblem = error.description
      }
    }
    self.shelves = shelves
    if let old, old.meta.uid == meta.uid, old.meta.generation == meta.generation,
      old.meta.labels == meta.labels, old.meta.annotations == meta.annotations
    {
      reading = old.reading
      self.shelfProblem = shelfProblem
      return
    }
    let found = PLCValidation.read(object.json)
    self.shelfProblem = shelfProblem
    if let device = found.device {
      reading = .valid(device)
    } else {
      reading = .invalid(found.errors)
    }
  }

  var device: ManifestDevice? {
    if case .valid(let device) = reading { return device }
    return nil
  }

  var problems: [String] {
    if case .invalid(let problems) = reading { return problems }
    return []
  }

  var generation: Int64 { meta.generation ?? 0 }

  /// Somebody has asked for its deletion; a finalizer of somebody else may keep it in existence.
  var isGoing: Bool { meta.deletionTimestamp != nil }

  /// Points events at it.
  var reference: ObjectReference {
    ObjectReference(
      apiVersion: ResourceType.industrialPLCs.apiVersion, kind: ResourceType.industrialPLCs.kind,
      namespace: meta.namespace, name: meta.name, uid: meta.uid)
  }

  /// The sync request that some operator last acted on.
  var handledSync: String? { status["lastHandledSyncRequest"]?.stringValue }

  /// Where the specification came from, if whatever applied it says so.
  var source: PLCStatusContext.Source? {
    let annotations = meta.annotations ?? [:]
    guard let revision = annotations[PLCAnnotation.sourceRevision], !revision.isEmpty else { return nil }
    return .init(
      revision: revision, author: annotations[PLCAnnotation.sourceAuthor] ?? "",
      time: annotations[PLCAnnotation.sourceTime].flatMap(WallTime.init(rfc3339:)))
  }

  /// Since when a register has been in the drift that the last operator saw; `nil`: it was in sync, or something else
  /// is desired now.
  private func openDrift(_ name: String, _ register: JSONValue) -> WallTime? {
    guard register["inSync"]?.boolValue == false,
      let desired = device?.spec.registers.first(where: { $0.name == name })?.desired,
      Self.isSame(register["desired"], JSONValue(ManifestValue(desired)))
    else { return nil }
    return register["lastDriftTime"]?.stringValue.flatMap(WallTime.init(rfc3339:))
  }

  /// The server writes 90.0 as 90.
  private static func isSame(_ a: JSONValue?, _ b: JSONValue) -> Bool {
    guard let number = a?.doubleValue, let other = b.doubleValue else { return a == b }
    return number == other
  }

  /// Counters as the last operator left them.
  var counters: DeviceCounters {
    func count(_ value: JSONValue?) -> UInt64 { UInt64(clamping: value?.integerValue ?? 0) }
    let registers = (status["registers"]?.arrayValue ?? []).compactMap {
      register -> DeviceCounters.RegisterCounters? in
      guard let name = register["name"]?.stringValue else { return nil }
      var counters = DeviceCounters.RegisterCounters(
        name: name, driftEvents: count(register["driftEvents"]), corrections: count(register["corrections"]))
      counters.driftSeen = openDrift(name, register)
      return counters
    }
    return DeviceCounters(
      driftEvents: count(status["driftEvents"]), corrections: count(status["correctionsApplied"]),
      registers: registers)
  }
}

/// The one validator, asked about an object of the API server.
enum PLCValidation {
  struct Outcome {
    var device: ManifestDevice?
    /// One line each; empty exactly when there is a device.
    var errors: [String]
    var warnings: [String]
    /// Fields at fault, for machines.
    var diagnostics: [Diagnostic]
  }

  static func read(_ json: JSONValue) -> Outcome {
    var json = json
    // Fields that the validator would only pass over; managedFields can be larger than all the rest.
    json["status"] = nil
    if var metadata = json["metadata"] {
      metadata["managedFields"] = nil
      json["metadata"] = metadata
    }
    let reading = ManifestReader.read(object: ManifestValue(json))
    let errors = reading.errors
    let warnings = reading.diagnostics.filter { $0.severity == .warning }.map(\.summary)
    var lines = errors.map(\.summary)
    let device = lines.isEmpty ? reading.devices.first : nil
    if device == nil, lines.isEmpty { lines = ["is no IndustrialPLC that this operator knows"] }
    return Outcome(device: device, errors: lines, warnings: warnings, diagnostics: errors)
  }
}

extension DynamicObject {
  /// The device that a resource describes.
  var id: DeviceID { DeviceID(namespace: metadata.namespace ?? "", name: metadata.name ?? "") }
}
