import Control
import Fleet
import Kubernetes

/// A device as another process told it.
struct ReportedDevice: Hashable, Sendable {
  var spec: DeviceSpec
  var view: DeviceView
  var sources: [SourceLocation?] = []
  var acknowledgedBy: String?

  init(spec: DeviceSpec, view: DeviceView) {
    self.spec = spec
    self.view = view
  }

  /// From the API's JSON. What a later version adds is passed over; a phase or status it adds counts as pending.
  init(_ json: JSONValue) throws(FleetLineError) {
    let elements = json["registers"]?.arrayValue ?? []
    let registers = elements.prefix(Self.mostRegisters).map { RegisterView(reported: $0) }
    spec = DeviceSpec(
      id: try DeviceID(json), address: json.text("address"), port: Int(clamping: json.count("port")),
      unitID: UInt8(clamping: json["unitId"]?.integerValue ?? 1),
      timeout: json.seconds("timeoutSeconds") ?? .seconds(1),
      addressBase: Int(clamping: json.count("addressBase")),
      pollInterval: json.seconds("pollIntervalSeconds") ?? .seconds(5),
      autoCorrect: json["autoCorrect"]?.boolValue ?? true, suspend: json["suspend"]?.boolValue ?? false,
      registers: registers.map(\.spec), tags: (json["tags"]?.arrayValue ?? []).compactMap(\.stringValue),
      labels: Self.labels(json["labels"]))
    view = DeviceView(
      phase: Phase(rawValue: json.text("phase")) ?? .pending,
      status: DeviceStatus(rawValue: json.text("status")) ?? .pending, registers: registers,
      driftEvents: json.count("driftEvents"), corrections: json.count("corrections"),
      lastRead: json.time("lastRead"), lastTransition: json.time("lastTransition"),
      lastError: json["lastError"]?.stringValue, failures: Int(clamping: json.count("failures")),
      retryAt: json.time("retryAt"), stale: json["stale"]?.boolValue ?? false,
      suspendedBy: json["suspendedBy"]?.stringValue, shelf: json["shelf"].flatMap { Shelf(reported: $0) },
      uncertain: json["uncertain"]?.boolValue ?? false, message: json.text("message"))
    sources = elements.prefix(Self.mostRegisters).map { element in
      element["source"].map {
        SourceLocation(file: $0.text("file"), line: Int(clamping: $0.count("line")))
      }
    }
    acknowledgedBy = json["acknowledgedBy"]?.stringValue
  }

  /// A device has at most as many registers as a manifest may name.
  private static let mostRegisters = 10_000

  private static func labels(_ json: JSONValue?) -> [DeviceSpec.Label] {
    (json?.objectValue ?? [:]).compactMap { key, value in
      value.stringValue.map { DeviceSpec.Label(key: key, value: $0) }
    }.sorted { $0.key < $1.key }
  }
}

extension Shelf {
  init?(reported json: JSONValue) {
    guard let until = json.time("until") else { return nil }
    self.init(
      by: json.text("by"), since: json.time("since") ?? until, until: until, reason: json.text("reason"),
      register: json["register"]?.stringValue)
  }
}

extension RegisterView {
  init(reported json: JSONValue) {
    let spec = RegisterSpec(reported: json)
    let raw = json.words("raw")
    self.init(
      spec: spec, actual: RegisterValue(json["actual"], as: spec, raw: raw), rawWords: raw,
      lastRead: json.time("lastRead"), inSync: json["inSync"]?.boolValue,
      exception: json["exception"]?.integerValue.flatMap { UInt8(exactly: $0) },
      driftAfter: json.time("driftAfter"), driftSeen: json.time("driftSeen"),
      lastCorrection: json.time("lastCorrection"), driftEvents: json.count("driftEvents"),
      corrections: json.count("corrections"),
      refusals: (json["refusals"]?.arrayValue ?? []).prefix(32).map { Refusal(reported: $0) },
      contested: json["contested"]?.boolValue ?? false, shelf: json["shelf"].flatMap { Shelf(reported: $0) },
      budgetLeft: Int(clamping: json["writeBudgetLeft"]?.integerValue ?? -1))
    wear = json["writeWear"].map {
      WriteWear(
        written: $0.count("written"), endurance: $0.count("endurance"), perDay: $0["perDay"]?.doubleValue ?? 0
      )
    }
    lastOutcome = json["lastOutcome"].flatMap { WriteOutcome(reported: $0, as: spec) }
  }
}

extension RegisterSpec {
  init(reported json: JSONValue) {
    self.init(
      name: json.text("name"), address: UInt16(clamping: json["address"]?.integerValue ?? 0),
      table: RegisterTable(rawValue: json.text("table")) ?? .holding,
      type: RegisterType(rawValue: json.text("type")) ?? .uint16,
      order: ByteOrder(rawValue: json.text("order")) ?? .abcd,
      bit: json["bit"]?.integerValue.flatMap { UInt8(exactly: $0) },
      length: json["length"]?.integerValue.flatMap { Int(exactly: min(max($0, 1), 125)) },
      scale: json["scale"]?.doubleValue ?? 1, offset: json["offset"]?.doubleValue ?? 0,
      unit: json.text("unit"), tolerance: json["tolerance"]?.doubleValue ?? 0,
      minimum: json["min"]?.doubleValue, maximum: json["max"]?.doubleValue,
      maxStep: json["maxStep"]?.doubleValue, autoCorrect: json["autoCorrect"]?.boolValue)
    desired = RegisterValue(json["desired"], as: self)
  }
}

extension Refusal {
  init(reported json: JSONValue) {
    self = .reported(
      gate: Int(clamping: json["gate"]?.integerValue ?? 0), reason: json.text("reason"),
      explanation: json.text("explanation"))
  }
}

extension WriteOutcome {
  init?(reported json: JSONValue, as spec: RegisterSpec) {
    let actual = RegisterValue(json["actual"], as: spec) ?? .text("?")
    let problem = WireProblem(.local, json.text("detail"))
    switch json.text("result") {
    case "verified": self = .verified
    case "held": self = .heldAtNextPoll
    case "ignored": self = .ignored(actual: actual)
    case "reverted": self = .reverted(actual: actual, after: json.seconds("afterSeconds") ?? .zero)
    case "refused":
      self = .refusedByDevice(exception: UInt8(clamping: json["exception"]?.integerValue ?? 0))
    case "uncertain": self = .uncertain(problem)
    case "notSent": self = .notSent(reason: json.text("detail"))
    case "unverified": self = .unverified(problem)
    default: return nil
    }
  }
}
