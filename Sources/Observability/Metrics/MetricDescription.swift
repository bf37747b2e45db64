/// What a metric family is called, what it is, and what it tells.
public struct MetricDescription: Hashable, Sendable {
  public enum Kind: String, Hashable, Sendable {
    case counter, gauge, histogram
  }

  /// Of counters with `_total`, as in the 0.0.4 text format.
  public var name: String
  public var kind: Kind
  public var help: String
  /// Upper bounds of a histogram, ascending, without +Inf.
  public var buckets: [Double]

  public init(_ name: String, _ kind: Kind, _ help: String, buckets: [Double] = []) {
    self.name = name
    self.kind = kind
    self.help = help
    self.buckets = buckets
  }
}

/// Every metric with a name that others may rely on (docs/reference/metrics.md).
public enum MetricCatalog {
  // MARK: From the snapshots of the fleet

  static let driftEvents = MetricDescription(
    "drift_events_total", .counter,
    "Times a register of the PLC went from in sync to drifted; survives restarts.")
  static let corrections = MetricDescription(
    "corrections_total", .counter, "Verified writes that ended a drift; survives restarts.")
  static let managed = MetricDescription("managed_plcs", .gauge, "PLCs in the desired state.")
  static let connection = MetricDescription(
    "plc_connection_status", .gauge, "1: the PLC is connected, 0: it is not.")
  static let value = MetricDescription(
    "register_value", .gauge, "Value of the register, in engineering units; none while the device is stale.")
  static let desired = MetricDescription(
    "fabgitops_register_desired_value", .gauge, "Value wanted by the source, in engineering units.")
  static let inSync = MetricDescription(
    "fabgitops_register_in_sync", .gauge,
    "1: actual and desired differ by no more than the tolerance, 0: drifted.")
  static let readAge = MetricDescription(
    "fabgitops_read_age_seconds", .gauge, "Time since the last complete read of the PLC.")
  static let stale = MetricDescription(
    "fabgitops_stale", .gauge, "1: no successful read for three poll intervals.")
  static let contested = MetricDescription(
    "fabgitops_contested", .gauge,
    "1: something else keeps writing a register back; corrections of it have stopped.")
  static let shelved = MetricDescription(
    "fabgitops_shelved", .gauge, "1: an operator has shelved the PLC or one of its registers.")
  static let suspended = MetricDescription(
    "fabgitops_suspended", .gauge, "1: the PLC is read but never written.")
  static let budget = MetricDescription(
    "fabgitops_write_budget_remaining", .gauge, "Writes left to a register in the present hour.")
  static let status = MetricDescription("fabgitops_plcs", .gauge, "PLCs by status.")
  static let held = MetricDescription("fabgitops_held", .gauge, "1: an operator holds all writes.")
  static let leader = MetricDescription(
    "fabgitops_leader", .gauge, "1: this process may write to the PLCs (lock or lease held).")
  static let journal = MetricDescription(
    "fabgitops_journal_up", .gauge, "1: the audit journal takes records; without it nothing is corrected.")
  static let source = MetricDescription(
    "fabgitops_source_up", .gauge, "1: the newest revision of the source could be read and is valid.")
  static let sourceInfo = MetricDescription(
    "fabgitops_source_info", .gauge, "The revision of the desired state in force; always 1.")
  static let pollLag = MetricDescription(
    "fabgitops_poll_lag_seconds", .gauge, "How late polls start, the worst of the last 15 s.")
  static let pollRate = MetricDescription("fabgitops_polls_per_second", .gauge, "Polls begun a second.")
  static let connections = MetricDescription("fabgitops_connections", .gauge, "Open connections to PLCs.")
  static let buildInfo = MetricDescription(
    "fabgitops_build_info", .gauge, "Version of the program; always 1.")
  static let refusedSeries = MetricDescription(
    "fabgitops_metric_series_refused_total", .counter,
    "Times an instrument was made beyond the most series that are kept.")

  /// Taken from snapshots, which know them across restarts and for every PLC from the first scrape on. An
  /// instrument of the same name made through swift-metrics is ignored, so that no series appears twice.
  public static let fromSnapshots: [MetricDescription] = [
    driftEvents, corrections, managed, connection, value, desired, inSync, readAge, stale, contested, shelved,
    suspended, budget, status, held, leader, journal, source, sourceInfo, pollLag, pollRate, connections,
    buildInfo, refusedSeries,
  ]

  // MARK: From instruments, through swift-metrics

  /// From a register's answer within a millisecond to a poll that waited for a timeout.
  static let latency: [Double] = [
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
  ]

  public static let instruments: [MetricDescription] = [
    MetricDescription(
      "reconciliation_duration_seconds", .histogram, "One poll of a PLC: read, decide, write, verify.",
      buckets: latency),
    MetricDescription(
      "fabgitops_writes_total", .counter, "Writes by how they ended on the wire."),
    MetricDescription(
      "fabgitops_writes_refused_total", .counter, "Corrections wanted but refused, by the gate that refused."),
    MetricDescription(
      "fabgitops_modbus_request_duration_seconds", .histogram, "Modbus requests by function code.",
      buckets: latency),
    MetricDescription(
      "fabgitops_modbus_errors_total", .counter, "Failed Modbus requests and connection attempts by kind."),
    MetricDescription(
      "fabgitops_poll_delay_seconds", .histogram, "How late polls start.",
      buckets: [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]),
  ]
}
