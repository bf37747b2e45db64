import Control

/// What a dashboard or a command needs of an engine, whether it runs the control loop or watches a cluster's.
public protocol FleetEngine: Sendable {
  /// What the keys may do, and why not.
  var capabilities: Capabilities { get }

  /// States of the fleet, coalesced: a slow reader gets the newest and never a queue. The first element
  /// comes at once. Ends when the engine stops.
  func snapshots() -> AsyncStream<FleetSnapshot>

  /// As ``snapshots()``, for those who look at few devices of many: one that was only read again may stay the same
  /// object, with the readings in ``FleetSnapshot/rereads``.
  func leanSnapshots() -> AsyncStream<FleetSnapshot>

  /// Asks for something; whether it is done shows in later snapshots under the receipt.
  func submit(_ command: FleetCommand) async -> CommandOutcome

  /// What a sync would write now, and which gates refuse; reads nothing new and writes nothing.
  func plan(_ scope: SyncScope) async -> SyncPlan

  /// Samples, states and marks of the past, at most `maxPoints` a register.
  func history(_ query: HistoryQuery) async throws -> [DeviceHistory]

  /// Who wanted what: the commit behind each desired value, by register name.
  func provenance(of device: DeviceID) async -> [String: Provenance]

  /// Makes the actual values of these registers (empty: all drifted) the desired ones: a commit on a new branch.
  /// - Parameter reason: goes into the commit's message; empty says nothing.
  func adopt(
    _ device: DeviceID, registers: [String], reason: String, by operatorName: String
  ) async -> AdoptOutcome
}

extension FleetEngine {
  public func leanSnapshots() -> AsyncStream<FleetSnapshot> { snapshots() }
}

/// What may be asked of an engine.
public struct Capabilities: Sendable, Equatable {
  public enum Ability: Hashable, Sendable, CaseIterable {
    case sync, hold, shelve, suspend, adopt, history, refresh
  }

  public var mode: FleetMode
  /// Abilities that are missing, each with the reason to show.
  public var missing: [Ability: String]

  public init(mode: FleetMode, missing: [Ability: String] = [:]) {
    self.mode = mode
    self.missing = missing
  }

  /// Why an ability is missing; `nil`: it is there.
  public func refusal(of ability: Ability) -> String? { missing[ability] }
}

/// Which registers a sync is about.
public struct SyncScope: Hashable, Sendable {
  public var devices: [DeviceID]
  /// Empty: all.
  public var registers: [String]
  public var force: Bool

  public init(devices: [DeviceID], registers: [String] = [], force: Bool = false) {
    self.devices = devices
    self.registers = registers
    self.force = force
  }
}

/// What a sync would do.
public struct SyncPlan: Hashable, Sendable {
  public struct Step: Hashable, Sendable {
    public var device: DeviceID
    public var register: RegisterSpec
    public var before: RegisterValue?
    public var after: RegisterValue
    /// Empty: it would be written.
    public var refusals: [Refusal]
    public init(
      device: DeviceID, register: RegisterSpec, before: RegisterValue?, after: RegisterValue,
      refusals: [Refusal]
    ) {
      self.device = device
      self.register = register
      self.before = before
      self.after = after
      self.refusals = refusals
    }
  }
  /// Only registers that differ from what is desired (or whose actual value is unknown).
  public var steps: [Step]

  public init(steps: [Step]) { self.steps = steps }

  public var writes: [Step] { steps.filter(\.refusals.isEmpty) }
}

/// An operator's wish. `by` names who, for the audit.
public enum FleetCommand: Hashable, Sendable {
  case sync(SyncScope, by: String)
  /// While a hold stands, a reason that is not empty replaces its reason.
  case hold(reason: String, by: String)
  case release(by: String)
  case shelve([DeviceID], register: String?, for: TimeSpan, reason: String, by: String)
  case unshelve([DeviceID], register: String?, by: String)
  /// An empty reason says nothing.
  case suspend([DeviceID], reason: String, by: String)
  case resume([DeviceID], by: String)
  case refresh([DeviceID])
  case retryContested([DeviceID], by: String)
  /// An empty reason says nothing.
  case acknowledge([DeviceID], reason: String, by: String)
}

public enum CommandOutcome: Hashable, Sendable {
  case accepted(Receipt)
  /// One line each: what, on what, why.
  case refused([String])
}

/// Names an accepted command; its progress is in `FleetSnapshot.operations`.
public struct Receipt: Hashable, Sendable {
  public var id: UInt64
  public init(id: UInt64) { self.id = id }
}

/// What `adopt` made.
public enum AdoptOutcome: Hashable, Sendable {
  case committed(branch: String, commit: String, summary: String)
  case refused(String)
}
