import Control

/// How an engine runs; defaults suit a dashboard.
public struct EngineSettings: Sendable {
  /// `control` or `observe`.
  public var mode: FleetMode
  /// Why it observes, for the operator; empty when asked to.
  public var observeReason: String
  /// Who controls the devices instead, when somebody does.
  public var controller: String?
  /// Least time between two snapshots.
  public var snapshotInterval: TimeSpan
  /// Samples kept in memory for each device.
  public var historyCapacity: Int
  /// To spread polls and jitter; two engines with one seed behave alike.
  public var seed: UInt64

  /// Off: nothing is written but what an operator asks for, as if every `autoCorrect` were off.
  public var automaticCorrections = true

  /// Off: nothing is written until `LocalEngine.lead` says so.
  public var leadsFromTheStart = true

  /// Where the certificates for `mbaps://` devices are: a folder for each name that manifests use, with `tls.crt`,
  /// `tls.key` and `ca.crt`.
  public var credentialsDirectory = "/etc/fabgitops/tls"

  public init(
    mode: FleetMode = .control, observeReason: String = "", snapshotInterval: TimeSpan = .milliseconds(100),
    historyCapacity: Int = 600, seed: UInt64 = 0
  ) {
    self.mode = mode
    self.observeReason = observeReason
    self.snapshotInterval = snapshotInterval
    self.historyCapacity = historyCapacity
    self.seed = seed
  }
}
