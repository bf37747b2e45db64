import Control

/// One run of the simulator. The same options give the same run, step by step.
public struct SimulationOptions: Hashable, Sendable {
  public var seed: UInt64
  /// Simulated time with faults.
  public var duration: TimeSpan
  /// Simulated time after the faults have stopped, in which every permitted drift has to converge.
  public var calm: TimeSpan
  public var devices: Int
  public var planted: PlantedBug?
  /// Keep a line for every step, not only when something is wrong.
  public var trace: Bool

  public init(
    seed: UInt64, duration: TimeSpan = .seconds(3600), calm: TimeSpan = .seconds(900), devices: Int = 20,
    planted: PlantedBug? = nil, trace: Bool = false
  ) {
    self.seed = seed
    self.duration = duration
    self.calm = calm
    self.devices = max(1, devices)
    self.planted = planted
    self.trace = trace
  }
}

/// A bug built around the machines, to show that the simulator would find it. None touches the production
/// code: each bends what a machine is told or what it asks for.
public enum PlantedBug: String, CaseIterable, Hashable, Sendable {
  /// The machine does not know the minimum and maximum.
  case skipEnvelope
  /// A write that was not answered is sent once more.
  case replayAfterTimeout
  /// The machine is not told of holds.
  case writeWhileHeld
  /// Now and then a frame goes out without its audit record.
  case forgetAudit
  /// Every poll that sees a drift is told as a drift event.
  case countPollsAsEvents
  /// One device's timer is lost.
  case starveDevice
  /// A value of two words goes out in two frames.
  case tearWords
  /// The machine is told that the lease never ends.
  case ignoreLease
  /// The gates are not asked again between the audit record and the frame.
  case skipLastLook
}

/// What a run found.
public struct SimulationResult: Sendable {
  /// The first rule that was broken; the run stops there.
  public struct Violation: Hashable, Sendable {
    /// A stable word: `envelope`, `replay`, `held`, …
    public var rule: String
    public var detail: String
    /// Steps of machines before it.
    public var step: Int
    /// Since the run began.
    public var at: TimeSpan
    public var device: String
  }

  public var seed: UInt64
  public var violation: Violation?
  public var steps = 0
  public var polls = 0
  public var frames = 0
  public var corrections = 0
  public var crashes = 0
  /// The last lines before the violation; all, with `SimulationOptions.trace`.
  public var trace: [String] = []
}
