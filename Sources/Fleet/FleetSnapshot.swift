import Control

/// The whole fleet at one moment. Value type; devices are shared, immutable objects, so a copy is cheap.
public struct FleetSnapshot: Sendable {
  /// Grows with each snapshot of an engine.
  public var sequence: UInt64
  public var at: WallTime
  public var mode: FleetMode
  public var source: SourceStatus
  public var gates: FleetGates
  public var health: EngineHealth
  /// Sorted by id.
  public var devices: [DeviceSnapshot]
  /// How often each of ``devices`` was read again since, in the same order, or empty. Only in a lean snapshot
  /// (``FleetEngine/leanSnapshots()``): what is shown of a device is then ``device(at:)``.
  public var rereads: [Reread] = []
  /// The latest events, oldest first.
  public var events: [FleetEvent]
  /// Commands under way and recently done, oldest first.
  public var operations: [Operation]
  public var totals: Totals

  /// - Parameter totals: of these very devices, when they are known; counted otherwise.
  public init(
    sequence: UInt64, at: WallTime, mode: FleetMode, source: SourceStatus, gates: FleetGates = .init(),
    health: EngineHealth = .init(), devices: [DeviceSnapshot] = [], events: [FleetEvent] = [],
    operations: [Operation] = [], totals: Totals? = nil
  ) {
    self.sequence = sequence
    self.at = at
    self.mode = mode
    self.source = source
    self.gates = gates
    self.health = health
    self.devices = devices
    self.events = events
    self.operations = operations
    self.totals = totals ?? Totals(devices)
  }

  /// Devices by status.
  public struct Totals: Hashable, Sendable {
    public var devices = 0
    public var byStatus: [DeviceStatus: Int] = [:]

    public init(_ devices: [DeviceSnapshot]) {
      self.devices = devices.count
      // Counted without hashing: a large fleet is counted many times a second.
      var counts = [Int](repeating: 0, count: DeviceStatus.allCases.count)
      for device in devices { counts[device.view.status.number] += 1 }
      for status in DeviceStatus.allCases where counts[status.number] > 0 {
        byStatus[status] = counts[status.number]
      }
    }

    public subscript(_ status: DeviceStatus) -> Int { byStatus[status] ?? 0 }
  }
}

extension DeviceStatus {
  /// A number of its own, from 0 on.
  fileprivate var number: Int {
    switch self {
    case .inSync: 0
    case .pending: 1
    case .suspended: 2
    case .shelved: 3
    case .drifted: 4
    case .contested: 5
    case .stale: 6
    case .unreachable: 7
    case .invalid: 8
    }
  }
}

/// One device, immutable.
public final class DeviceSnapshot: Sendable {
  public let spec: DeviceSpec
  public let view: DeviceView
  public let sources: [SourceLocation?]
  /// The last values of the first register with a number, oldest first, for a tiny sparkline; NaN: not read.
  public let trend: [Float]
  /// So many values there are in ``trend``, once there were so many polls.
  public static let trendCapacity = 32
  /// When the present status began; `nil`: not known.
  public let since: WallTime?
  /// An operator has seen the present trouble.
  public let acknowledgedBy: String?

  public init(
    spec: DeviceSpec, view: DeviceView, sources: [SourceLocation?] = [], trend: [Float] = [],
    since: WallTime? = nil, acknowledgedBy: String? = nil
  ) {
    self.spec = spec
    self.view = view
    self.sources = sources
    self.trend = trend
    self.since = since
    self.acknowledgedBy = acknowledgedBy
  }

  public var id: DeviceID { spec.id }
}

/// Where a desired value is written down.
public struct SourceLocation: Hashable, Sendable {
  /// Relative to the repository's root.
  public var file: String
  /// 1-based.
  public var line: Int
  public init(file: String, line: Int) {
    self.file = file
    self.line = line
  }

  /// `plant/line-1.yaml:7`; without a line where there is none.
  public var text: String { line > 0 ? "\(file):\(line)" : file }
}

/// Who wanted a value, when and in which commit.
public struct Provenance: Hashable, Sendable {
  public var commit: String
  public var author: String
  public var time: WallTime
  public var subject: String
  public var location: SourceLocation

  public init(commit: String, author: String, time: WallTime, subject: String, location: SourceLocation) {
    self.commit = commit
    self.author = author
    self.time = time
    self.subject = subject
    self.location = location
  }
}

/// Where the desired state comes from, and whether it is good.
public struct SourceStatus: Hashable, Sendable {
  public enum State: Hashable, Sendable {
    case loading
    case good
    /// The newest commit does not validate; the last good one stays in force.
    case invalid(revision: String, problems: [String])
    /// The repository or the API server cannot be reached; since when.
    case unavailable(reason: String, since: WallTime)
  }
  /// Repository path or URL, or cluster context.
  public var origin: String
  /// As `main@sha1:0123…`, of the revision in force.
  public var revision: String
  public var author: String
  public var time: WallTime?
  public var subject: String
  public var state: State

  public init(
    origin: String, revision: String = "", author: String = "", time: WallTime? = nil, subject: String = "",
    state: State = .loading
  ) {
    self.origin = origin
    self.revision = revision
    self.author = author
    self.time = time
    self.subject = subject
    self.state = state
  }
}

/// How the engine itself is doing.
public struct EngineHealth: Hashable, Sendable {
  /// How late polls start, worst of the last seconds.
  public var pollLag: TimeSpan
  public var pollsPerSecond: Double
  /// Open connections.
  public var connections: Int
  /// What an operator should know, one line each.
  public var problems: [String]
  /// Who controls the devices when this process does not (`user pid 1234 since 14:02`).
  public var controller: String?

  public init(
    pollLag: TimeSpan = .zero, pollsPerSecond: Double = 0, connections: Int = 0, problems: [String] = [],
    controller: String? = nil
  ) {
    self.pollLag = pollLag
    self.pollsPerSecond = pollsPerSecond
    self.connections = connections
    self.problems = problems
    self.controller = controller
  }
}

/// One line of the events pane.
public struct FleetEvent: Hashable, Sendable {
  public enum Severity: Int, Hashable, Sendable, Comparable {
    case info, notice, warning, alarm
    public static func < (a: Severity, b: Severity) -> Bool { a.rawValue < b.rawValue }
  }
  /// Grows by one with each event.
  public var sequence: UInt64
  public var at: WallTime
  public var severity: Severity
  /// `nil`: about the fleet or the source.
  public var device: DeviceID?
  public var register: String?
  /// Stable word, as a Kubernetes event's reason: `DriftDetected`, `DriftCorrected`, `ConnectionFailed`, …
  public var reason: String
  public var message: String

  public init(
    sequence: UInt64, at: WallTime, severity: Severity, device: DeviceID?, register: String? = nil,
    reason: String, message: String
  ) {
    self.sequence = sequence
    self.at = at
    self.severity = severity
    self.device = device
    self.register = register
    self.reason = reason
    self.message = message
  }
}

/// A command and how far it is.
public struct Operation: Hashable, Sendable {
  public enum State: Hashable, Sendable {
    case running
    case done
  }
  public struct Line: Hashable, Sendable {
    public var device: DeviceID
    public var result: SyncResult?
    public init(device: DeviceID, result: SyncResult?) {
      self.device = device
      self.result = result
    }
  }
  public var receipt: Receipt
  public var title: String
  public var by: String
  public var startedAt: WallTime
  public var state: State
  /// One per register, or one with `result == nil` per device still under way.
  public var lines: [Line]

  public init(
    receipt: Receipt, title: String, by: String, startedAt: WallTime, state: State, lines: [Line]
  ) {
    self.receipt = receipt
    self.title = title
    self.by = by
    self.startedAt = startedAt
    self.state = state
    self.lines = lines
  }
}
