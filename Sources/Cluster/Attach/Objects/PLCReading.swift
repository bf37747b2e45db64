import Control
import Fleet
import Kubernetes
import Manifest

/// What an `IndustrialPLC` and its status tell of a device.
struct PLCReading: Sendable {
  var device: ReportedDevice
  /// Last successful read, as the operator wrote it.
  var lastUpdate: WallTime?
  /// The sync request that the operator last acted on.
  var handledSync: String?
  /// `main@sha1:…`, author and time of the specification, when they are known.
  var source: PLCStatusContext.Source?
  /// When the object itself was made; shown as the time of a specification whose source does not tell its own.
  var createdAt: WallTime?

  /// - Parameter now: to tell which shelves are over.
  init(_ object: DynamicObject, at now: WallTime) {
    let resource = PLCResource(object)
    let status = resource.status
    handledSync = resource.handledSync
    lastUpdate = status.time("lastUpdate")
    source = Self.source(status["source"]) ?? resource.source
    createdAt = resource.meta.creationTimestamp.map {
      WallTime(milliseconds: $0.seconds.multipliedReportingOverflow(by: 1000).partialValue)
    }
    guard let declared = resource.device else {
      device = Self.invalid(resource)
      return
    }
    var reader = StatusReader(spec: declared.spec, status: status, resource: resource, now: now)
    device = ReportedDevice(spec: declared.spec, view: reader.view())
  }

  private static func source(_ json: JSONValue?) -> PLCStatusContext.Source? {
    guard let json, !json.text("revision").isEmpty else { return nil }
    return .init(revision: json.text("revision"), author: json.text("author"), time: json.time("time"))
  }

  /// A specification that does not validate: shown with what is wrong, never as if it were understood.
  private static func invalid(_ resource: PLCResource) -> ReportedDevice {
    let labels = (resource.meta.labels ?? [:]).map { DeviceSpec.Label(key: $0.key, value: $0.value) }
    var spec = DeviceSpec(id: resource.id, address: "?", registers: [])
    spec.labels = labels.sorted { $0.key < $1.key }
    let first = resource.problems.first ?? "the specification cannot be read"
    let more = resource.problems.count > 1 ? " (and \(resource.problems.count - 1) more)" : ""
    return ReportedDevice(
      spec: spec, view: DeviceView(status: .invalid, lastError: first, message: "invalid: \(first)\(more)"))
  }
}

/// Turns a status into what people look at.
private struct StatusReader {
  let spec: DeviceSpec
  let status: JSONValue
  let resource: PLCResource
  let now: WallTime

  mutating func view() -> DeviceView {
    let conditions = PLCCondition.read(ManifestValue(status))
    func condition(_ kind: PLCCondition.Kind) -> PLCCondition? { conditions.first { $0.kind == kind } }
    let shelves = resource.shelves.filter { now < $0.until }
    var view = DeviceView(
      phase: Phase(rawValue: status.text("phase")) ?? .pending, driftEvents: status.count("driftEvents"),
      corrections: status.count("correctionsApplied"), lastRead: status.time("lastUpdate"),
      lastTransition: conditions.map(\.lastTransition).max(),
      lastError: status["lastError"]?.stringValue.flatMap { $0.isEmpty ? nil : $0 },
      stale: condition(.ready)?.reason == "Stale", shelf: shelves.first { $0.register == nil },
      uncertain: condition(.uncertain)?.status == .true, message: status.text("message"))
    if view.phase == .failed || condition(.reachable)?.status == .false { view.failures = 1 }
    view.suspendedBy = suspendedBy(condition(.suspended))
    let contested = condition(.contested).flatMap { $0.status == .true ? $0.message : nil }
    view.registers = spec.registers.map { register($0, contested: contested, shelves: shelves) }
    view.status = word(view, ready: condition(.ready))
    if status == [:] {
      view.message = "no status yet: does an operator look after namespace \(spec.id.namespace)?"
    } else if let seen = status["observedGeneration"]?.integerValue, seen < resource.generation {
      view.message += "; the newest specification is not taken up yet"
    }
    return view
  }

  private func suspendedBy(_ condition: PLCCondition?) -> String? {
    if spec.suspend { return resource.meta.annotations?[PLCAnnotation.suspendedBy] ?? "the manifest" }
    // As the operator takes it: nobody knows what must not be written.
    if let problem = resource.shelfProblem { return "the operator: \(problem)" }
    guard let condition, condition.status == .true else { return nil }
    let words = "suspended by "
    guard condition.message.hasPrefix(words) else { return "the operator" }
    return String(condition.message.dropFirst(words.count).prefix { $0 != ":" })
  }

  private func register(_ spec: RegisterSpec, contested: String?, shelves: [Shelf]) -> RegisterView {
    let told = status["registers"]?.arrayValue?.first { $0["name"]?.stringValue == spec.name }
    guard let told else { return RegisterView(spec: spec, budgetLeft: -1) }
    let raw = told.words("raw")
    var view = RegisterView(
      spec: spec, actual: RegisterValue(told["actual"], as: spec, raw: raw), rawWords: raw,
      lastRead: told.time("lastReadTime"), driftSeen: told.time("lastDriftTime"),
      lastCorrection: told.time("lastCorrectionTime"), driftEvents: told.count("driftEvents"),
      corrections: told.count("corrections"), budgetLeft: -1)
    view.inSync = isInSync(spec, told, view.actual)
    view.contested = contested.map { names($0).contains(spec.name) } ?? false
    view.shelf = shelves.first { $0.register == nil || $0.register == spec.name }
    if view.inSync == false { view.refusals = refusals(spec, view) }
    return view
  }

  /// As the operator saw it, unless it compared with another desired value than the one that stands now.
  private func isInSync(_ spec: RegisterSpec, _ told: JSONValue, _ actual: RegisterValue?) -> Bool? {
    guard let desired = spec.desired else { return nil }
    if RegisterValue(told["desired"], as: spec) == desired { return told["inSync"]?.boolValue }
    return actual.map { RegisterCodec.matches($0, desired, tolerance: spec.tolerance, as: spec) }
  }

  /// `something else keeps writing: a, b`
  private func names(_ message: String) -> Set<String> {
    let list = message.split(separator: ":", maxSplits: 1).last ?? ""
    return Set(list.split(separator: ",").map { $0.drop { $0 == " " } }.map(String.init))
  }

  /// What can be told of the reasons without asking the operator itself.
  private func refusals(_ register: RegisterSpec, _ view: RegisterView) -> [Refusal] {
    var reasons: [Refusal] = []
    if let by = suspendedBy(nil) { reasons.append(.suspended(by: by)) }
    if let shelf = view.shelf { reasons.append(.shelved(shelf)) }
    if !(register.autoCorrect ?? spec.autoCorrect) { reasons.append(.autoCorrectOff) }
    if view.contested {
      let text = "contested: something else keeps writing it"
      reasons.append(.reported(gate: 11, reason: "Contested", explanation: text))
    }
    return reasons
  }

  /// The same order of precedence as the operator's own (`DeviceMachine.status`).
  private func word(_ view: DeviceView, ready: PLCCondition?) -> DeviceStatus {
    if ready?.status == .false, ready?.reason == "InvalidSpec" || ready?.reason == "Invalid" {
      return .invalid
    }
    if view.failures > 0 { return .unreachable }
    if view.stale { return .stale }
    if view.shelf != nil { return .shelved }
    if view.suspendedBy != nil { return .suspended }
    let drifted = view.registers.filter { $0.inSync == false }
    if drifted.contains(where: { $0.contested && $0.shelf == nil }) { return .contested }
    if drifted.contains(where: { $0.shelf == nil }) { return .drifted }
    if !drifted.isEmpty { return .shelved }
    return view.lastRead == nil ? .pending : .inSync
  }
}
