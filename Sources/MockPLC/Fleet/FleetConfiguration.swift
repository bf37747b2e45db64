/// What a fleet is made of.
public struct FleetConfiguration: Sendable {
  /// One device for each PLC.
  public var plcs: [MockDevice]
  /// Where a fleet's PLCs are.
  public enum Placement: Sendable, Hashable {
    /// One address, a port for each PLC.
    case consecutivePorts
    /// One port, an IPv4 address for each PLC, all behind one socket on every address of the machine;
    /// connections to other addresses are reset. The whole of 127.0.0.0/8 is there on Linux without being set
    /// up.
    case consecutiveAddresses
  }

  public var placement: Placement
  /// Address to listen on; with ``Placement/consecutiveAddresses`` of the first PLC.
  public var host: String
  /// Of the first PLC. 0: whatever the system gives each.
  public var firstPort: Int
  /// Everything random comes from it.
  public var seed: UInt64
  /// Chaos for the setpoints of devices that have none of their own.
  public var chaos: ChaosPlan?
  /// For every PLC.
  public var faults: [FaultSpec]
  /// Separate images for these unit ids, in devices that have one for all.
  public var unitIDs: [UInt8]?
  public var script: Script
  /// Also log each request.
  public var isVerbose: Bool
  /// How many of the latest writes to remember, at least.
  public var keepsWrites: Int
  /// Modbus/TCP Security on every port; nil: plain Modbus/TCP.
  public var security: FleetSecurity?
  /// Nothing that is scheduled for later than this happens.
  public var horizon: Elapsed

  public init(
    plcs: [MockDevice], placement: Placement = .consecutivePorts, host: String = "127.0.0.1",
    firstPort: Int = 0, seed: UInt64 = 1,
    chaos: ChaosPlan? = nil,
    faults: [FaultSpec] = [], unitIDs: [UInt8]? = nil, script: Script = Script(), isVerbose: Bool = false,
    keepsWrites: Int = 10_000, security: FleetSecurity? = nil,
    horizon: Elapsed = .never
  ) {
    self.plcs = plcs
    self.placement = placement
    self.host = host
    self.firstPort = firstPort
    self.seed = seed
    self.chaos = chaos
    self.faults = faults
    self.unitIDs = unitIDs
    self.script = script
    self.isVerbose = isVerbose
    self.keepsWrites = keepsWrites
    self.security = security
    self.horizon = horizon
  }
}
