import Control

/// What to look up of the past.
public struct HistoryQuery: Hashable, Sendable {
  public var devices: [DeviceID]
  /// `nil`: the first register of each.
  public var register: String?
  public var from: WallTime
  public var to: WallTime
  /// At most this many samples a device.
  public var maxPoints: Int

  public init(devices: [DeviceID], register: String? = nil, from: WallTime, to: WallTime, maxPoints: Int) {
    self.devices = devices
    self.register = register
    self.from = from
    self.to = to
    self.maxPoints = maxPoints
  }
}

/// The past of one register of one device.
public struct DeviceHistory: Hashable, Sendable {
  /// A read value, or the least, mean and greatest of those in one step of a coarser grid.
  public struct Sample: Hashable, Sendable {
    public var at: WallTime
    public var minimum: Double
    public var mean: Double
    public var maximum: Double
    public init(at: WallTime, minimum: Double, mean: Double, maximum: Double) {
      self.at = at
      self.minimum = minimum
      self.mean = mean
      self.maximum = maximum
    }
    public init(at: WallTime, value: Double) {
      self.init(at: at, minimum: value, mean: value, maximum: value)
    }
  }
  /// A state that held from `at` until the next change.
  public struct StateChange: Hashable, Sendable {
    public var at: WallTime
    /// `nil`: nothing is known (the engine was not running).
    public var status: DeviceStatus?
    public init(at: WallTime, status: DeviceStatus?) {
      self.at = at
      self.status = status
    }
  }
  public struct Mark: Hashable, Sendable {
    public enum Kind: Hashable, Sendable {
      case drift, correction, commit, failure
    }
    public var at: WallTime
    public var kind: Kind
    public var text: String
    public init(at: WallTime, kind: Kind, text: String) {
      self.at = at
      self.kind = kind
      self.text = text
    }
  }
  public var device: DeviceID
  public var register: String
  /// Oldest first. A gap longer than three poll intervals was not read.
  public var samples: [Sample]
  /// Oldest first; the first tells the state at `from`.
  public var states: [StateChange]
  public var marks: [Mark]

  public init(
    device: DeviceID, register: String, samples: [Sample] = [], states: [StateChange] = [], marks: [Mark] = []
  ) {
    self.device = device
    self.register = register
    self.samples = samples
    self.states = states
    self.marks = marks
  }
}
