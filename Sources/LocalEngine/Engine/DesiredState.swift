import Control
import Fleet

/// What the engine is to hold the fleet to: one valid revision, whole.
public struct DesiredState: Sendable {
  public struct Device: Sendable {
    public var spec: DeviceSpec
    /// Where each register's desired value is written, in the order of the registers.
    public var sources: [SourceLocation?]
    /// What the source itself keeps of the device's past and of operators' words, instead of the journal. Looked
    /// at when the device appears.
    public var restored: RestoredDevice?
    public init(spec: DeviceSpec, sources: [SourceLocation?] = [], restored: RestoredDevice? = nil) {
      self.spec = spec
      self.sources = sources
      self.restored = restored
    }
  }
  public var devices: [Device]

  public init(devices: [Device]) { self.devices = devices }

  /// The same with every `autoCorrect` off: for commands that write only what they were asked to.
  var withoutAutoCorrect: DesiredState {
    DesiredState(
      devices: devices.map { device in
        var device = device
        device.spec.autoCorrect = false
        for index in device.spec.registers.indices { device.spec.registers[index].autoCorrect = nil }
        return device
      })
  }
}

/// Something the source has to say: a new revision in force, or only news about the source itself.
public struct DesiredUpdate: Sendable {
  public var status: SourceStatus
  /// `nil`: what was in force stays.
  public var state: DesiredState?
  /// Why corrections must wait (an unsigned commit, …); `nil`: trusted.
  public var trustProblem: String?

  public init(status: SourceStatus, state: DesiredState?, trustProblem: String? = nil) {
    self.status = status
    self.state = state
    self.trustProblem = trustProblem
  }
}

/// Where desired state comes from: a Git repository, a cluster, or a test.
public protocol DesiredSource: Sendable {
  /// The updates, newest last; the first comes as soon as there is one.
  func updates() -> AsyncStream<DesiredUpdate>
  func provenance(of device: DeviceID) async -> [String: Provenance]
  /// Makes a commit of these values on a new branch; the reason, unless empty, is in its message.
  func adopt(
    _ device: DeviceID, values: [String: RegisterValue], reason: String, by operatorName: String
  ) async -> AdoptOutcome
}
