import Control

/// What a status says beyond what is known of the device itself.
public struct PLCStatusContext: Hashable, Sendable {
  /// Where the desired state came from.
  public struct Source: Hashable, Sendable {
    /// As `main@sha1:0123…`.
    public var revision: String
    public var author: String
    public var time: WallTime?
    public init(revision: String, author: String = "", time: WallTime? = nil) {
      self.revision = revision
      self.author = author
      self.time = time
    }
  }
  public var now: WallTime
  /// `metadata.generation` of the object that is in force; `nil` outside a cluster.
  public var observedGeneration: Int64?
  /// Echo of the sync request last acted on.
  public var lastHandledSyncRequest: String?
  public var source: Source?
  /// Conditions of the status before this one.
  public var previousConditions: [PLCCondition]

  public init(
    now: WallTime, observedGeneration: Int64? = nil, lastHandledSyncRequest: String? = nil,
    source: Source? = nil,
    previousConditions: [PLCCondition] = []
  ) {
    self.now = now
    self.observedGeneration = observedGeneration
    self.lastHandledSyncRequest = lastHandledSyncRequest
    self.source = source
    self.previousConditions = previousConditions
  }
}

/// The Kubernetes shape of what is known of a device, the same in a cluster and from `fabctl get-status`.
public enum PLCStatus {
  /// The `status` of one device.
  public static func status(of spec: DeviceSpec, _ view: DeviceView, _ context: PLCStatusContext)
    -> ManifestValue
  {
    let conditions = PLCCondition.all(
      of: spec, view, previous: context.previousConditions, now: view.lastTransition ?? context.now)
    var status = ObjectBuilder()
    status.add("phase", .string(view.phase.rawValue))
    status.add(
      "currentValue",
      view.registers.first?.actual.map { ManifestValue($0) }.flatMap { $0 == .null ? nil : $0 })
    switch conditions.first(where: { $0.kind == .inSync })?.status {
    case .true: status.add("inSync", true)
    case .false: status.add("inSync", false)
    default: break
    }
    status.add("driftEvents", ManifestValue(view.driftEvents))
    status.add("correctionsApplied", ManifestValue(view.corrections))
    status.add("lastUpdate", view.lastRead.map { ManifestValue($0) })
    if let error = view.lastError, !error.isEmpty {
      status.add("lastError", .string(PrintableText.escaped(error, limit: 1000)))
    }
    let message = view.message.isEmpty ? view.status.rawValue : view.message
    status.add("message", .string(PrintableText.escaped(message, limit: 1000)))
    status.add("observedGeneration", context.observedGeneration.map(ManifestValue.integer))
    status.add("lastHandledSyncRequest", context.lastHandledSyncRequest.map(ManifestValue.string))
    status.add("registers", .array(view.registers.map(register)))
    status.add("conditions", .array(conditions.map { $0.value(generation: context.observedGeneration) }))
    if let source = context.source { status.add("source", self.source(source)) }
    return status.value
  }

  private static func register(_ view: RegisterView) -> ManifestValue {
    var object = ObjectBuilder()
    object.add("name", .string(view.spec.name))
    object.add("desired", view.spec.desired.map { ManifestValue($0) })
    object.add("actual", view.actual.map { ManifestValue($0) })
    if !view.rawWords.isEmpty { object.add("raw", .array(view.rawWords.map { .integer(Int64($0)) })) }
    object.add("inSync", view.inSync.map(ManifestValue.bool))
    object.add("lastReadTime", view.lastRead.map { ManifestValue($0) })
    object.add("lastDriftTime", view.driftSeen.map { ManifestValue($0) })
    object.add("lastCorrectionTime", view.lastCorrection.map { ManifestValue($0) })
    object.add("driftEvents", ManifestValue(view.driftEvents))
    object.add("corrections", ManifestValue(view.corrections))
    return object.value
  }

  private static func source(_ source: PLCStatusContext.Source) -> ManifestValue {
    var object = ObjectBuilder()
    object.add("revision", .string(source.revision))
    if !source.author.isEmpty { object.add("author", .string(source.author)) }
    object.add("time", source.time.map { ManifestValue($0) })
    return object.value
  }

  /// The whole `IndustrialPLC`.
  public static func object(_ spec: DeviceSpec, _ view: DeviceView, _ context: PLCStatusContext)
    -> ManifestValue
  {
    var document = ManifestEncoder.document(spec)
    if case .object(var members) = document {
      members.append(.init("status", status(of: spec, view, context)))
      document = .object(members)
    }
    return document
  }

  /// A `v1` `List`, as `kubectl get -o json` prints it.
  public static func list(_ items: [ManifestValue]) -> ManifestValue {
    [
      "apiVersion": "v1", "kind": "List", "metadata": ["resourceVersion": ""], "items": .array(items),
    ]
  }
}
