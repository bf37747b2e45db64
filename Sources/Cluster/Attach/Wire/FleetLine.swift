import Control
import Fleet
import Kubernetes

/// One line of `/api/v1/stream` (docs/reference/openapi.yaml).
enum FleetLine: Sendable {
  case fleet(FleetHeader)
  /// With the number that `reads` lines call it, when there are any.
  case device(ReportedDevice, number: Int? = nil)
  /// Devices that were read again and found as they were, by number.
  case reads([NumberedReading])
  case removed(DeviceID)
  case event(FleetEvent)
  /// Everything that exists has been told.
  case synced
  case ping
  /// Of a type that a later version may add.
  case unknown

  /// Throws for what is not a line of the stream at all.
  init(_ bytes: [UInt8]) throws(FleetLineError) {
    let json: JSONValue
    do {
      json = try JSONValue(parsing: bytes, limits: .init(depth: 16, values: 100_000))
    } catch {
      throw FleetLineError(message: "\(error)")
    }
    guard let type = json["type"]?.stringValue else { throw FleetLineError(message: "a line without a type") }
    switch type {
    case "fleet": self = .fleet(FleetHeader(json))
    case "device":
      self = .device(
        try ReportedDevice(json), number: json["number"]?.integerValue.flatMap { Int(exactly: $0) })
    case "reads": self = .reads(try NumberedReading.all(json))
    case "removed": self = .removed(try DeviceID(json))
    case "event": self = .event(FleetEvent(json))
    case "synced": self = .synced
    case "ping": self = .ping
    default: self = .unknown
    }
  }
}

/// A line that does not fit the API.
struct FleetLineError: Error, Hashable, Sendable, CustomStringConvertible {
  var message: String
  var description: String { "not a line of the read-only API: \(message)" }
}

/// Everything of a fleet but its devices.
struct FleetHeader: Hashable, Sendable {
  /// The other side's clock when it wrote this.
  var at: WallTime?
  var mode: FleetMode
  var source: SourceStatus
  var isLeading: Bool
  var leader: String
  var hold: Hold?
  var journalProblem: String?
  var trustProblem: String?
  var health: EngineHealth

  init(_ json: JSONValue) {
    at = json.time("at")
    mode = FleetMode(rawValue: json.text("mode")) ?? .control
    source = SourceStatus(json["source"] ?? [:])
    let gates = json["gates"] ?? [:]
    isLeading = gates["leading"]?.boolValue ?? false
    leader = gates.text("leader")
    hold = gates["hold"].map {
      Hold(by: $0.text("by"), since: $0.time("since") ?? WallTime(milliseconds: 0), reason: $0.text("reason"))
    }
    journalProblem = gates["journalProblem"]?.stringValue
    trustProblem = gates["trustProblem"]?.stringValue
    let health = json["health"] ?? [:]
    self.health = EngineHealth(
      pollLag: health.seconds("pollLagSeconds") ?? .zero,
      pollsPerSecond: health["pollsPerSecond"]?.doubleValue ?? 0,
      connections: Int(clamping: health["connections"]?.integerValue ?? 0),
      problems: (health["problems"]?.arrayValue ?? []).compactMap(\.stringValue),
      controller: health["controller"]?.stringValue)
  }
}

extension SourceStatus {
  init(_ json: JSONValue) {
    self.init(
      origin: json.text("origin"), revision: json.text("revision"), author: json.text("author"),
      time: json.time("time"), subject: json.text("subject"))
    switch json.text("state") {
    case "good": state = .good
    case "invalid":
      state = .invalid(
        revision: json.text("invalidRevision"),
        problems: (json["problems"]?.arrayValue ?? []).compactMap(\.stringValue))
    case "unavailable":
      state = .unavailable(
        reason: json.text("reason"), since: json.time("since") ?? WallTime(milliseconds: 0))
    default: state = .loading
    }
  }
}

extension DeviceID {
  init(_ json: JSONValue) throws(FleetLineError) {
    guard let namespace = json["namespace"]?.stringValue, let name = json["name"]?.stringValue, !name.isEmpty
    else { throw FleetLineError(message: "a device without namespace and name") }
    self.init(namespace: namespace, name: name)
  }
}

extension FleetEvent {
  init(_ json: JSONValue) {
    let severity: Severity =
      switch json.text("severity") {
      case "alarm": .alarm
      case "warning": .warning
      case "notice": .notice
      default: .info
      }
    self.init(
      sequence: json.count("sequence"), at: json.time("at") ?? WallTime(milliseconds: 0), severity: severity,
      device: try? DeviceID(json), register: json["register"]?.stringValue, reason: json.text("reason"),
      message: json.text("message"))
  }
}
