import Control
import Fleet

/// Names one plotted register (or, internally, the states of one device); valid for the writer that made it.
public struct Series: Hashable, Sendable {
  let index: Int32
}

/// One read value. Only finite numbers are kept.
public struct Sample: Hashable, Sendable {
  public var series: Series
  public var at: WallTime
  public var value: Double

  public init(series: Series, at: WallTime, value: Double) {
    self.series = series
    self.at = at
    self.value = value
  }
}

/// Who writes this journal, for the table of sessions and the audit's `started` and `stopped` records.
public struct JournalSession: Hashable, Sendable {
  /// With version: `fabctl 2.0.0`.
  public var program: String
  /// `alice@jump-1`, or the pod's name.
  public var actor: String
  public var pid: Int32
  /// It holds the lock and drives the devices. A one-shot command that only shelves does not: it neither closes
  /// the writes that a killed controller left open nor counts as a time of observation.
  public var controls: Bool

  public init(program: String, actor: String, pid: Int32, controls: Bool = true) {
    self.program = program
    self.actor = actor
    self.pid = pid
    self.controls = controls
  }
}

/// Limits and periods of the writer; the defaults are the documented ones.
public struct JournalOptions: Hashable, Sendable {
  /// How often samples, events and counters are written.
  public var flushEvery: TimeSpan = .seconds(1)
  /// How long an unchanged value may stay in memory only; also the most of a steady history that a kill loses.
  public var runSpan: TimeSpan = .seconds(10)
  public var retryEvery: TimeSpan = .seconds(5)
  public var rawFor: TimeSpan = .seconds(3600)
  public var minutesFor: TimeSpan = .seconds(30 * 86_400)
  /// Above this size of the file the oldest samples go first, then the oldest events; the audit stays.
  public var maxBytes: Int64 = 2 << 30
  /// The newest so many are kept.
  public var maxEvents: Int64 = 1_000_000
  /// What may wait in memory for a slow or broken disk.
  public var maxWaitingSamples = 200_000
  /// A fleet of 10,000 devices that starts or is cut off tells two states each at once.
  public var maxWaitingEvents = 50_000
  public var maxWaitingAudits = 20_000

  public init() {}
}

/// A line of the events table.
struct EventEntry: Hashable, Sendable {
  var event: FleetEvent
  var mark: DeviceHistory.Mark.Kind?
}

/// A device's status from here on.
struct StateEntry: Hashable, Sendable {
  var device: DeviceID
  var at: WallTime
  var status: DeviceStatus?
}

extension DeviceHistory.Mark.Kind {
  /// The mark that an event leaves in the timeline, by its stable reason; `nil`: none.
  public init?(reason: String) {
    switch reason {
    case "DriftDetected": self = .drift
    case "DriftCorrected": self = .correction
    case "ConnectionFailed", "ConnectionLost": self = .failure
    case "RevisionApplied", "DesiredChanged": self = .commit
    default: return nil
    }
  }

  var word: String {
    switch self {
    case .drift: "drift"
    case .correction: "correction"
    case .commit: "commit"
    case .failure: "failure"
    }
  }

  init?(word: String) {
    switch word {
    case "drift": self = .drift
    case "correction": self = .correction
    case "commit": self = .commit
    case "failure": self = .failure
    default: return nil
    }
  }
}
