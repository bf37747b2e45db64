import Modbus

/// What happens to a fleet at given times.
public struct Script: Sendable {
  public var events: [ScriptEvent]

  public init(_ events: [ScriptEvent] = []) {
    self.events = events
  }
}

/// One event of a script, once or again and again.
public struct ScriptEvent: Sendable {
  /// First time, since the fleet started.
  public var at: Elapsed
  /// `nil`: once.
  public var every: Elapsed?
  /// No later than this.
  public var until: Elapsed
  /// The PLC's name, or its number in the fleet, from 1; `nil`: all.
  public var plc: String?
  /// `nil`: every unit.
  public var unit: UInt8?
  public var action: ScriptAction

  public init(
    at: Elapsed, every: Elapsed? = nil, until: Elapsed = .never, plc: String? = nil, unit: UInt8? = nil,
    _ action: ScriptAction
  ) {
    self.at = at
    self.every = every.map { max($0, .milliseconds(1)) }
    self.until = until
    self.plc = plc
    self.unit = unit
    self.action = action
  }

  /// When repetition `count` (0, 1, ...) happens; `nil` after the last.
  func time(of count: Int64) -> Elapsed? {
    guard count > 0 else { return at }
    guard let every else { return nil }
    let time = at + every.times(count)
    return time <= until && time < .never ? time : nil
  }
}

/// What a script does.
public enum ScriptAction: Sendable {
  /// The PLC's own program, or somebody at its panel, sets a register.
  case set(ScriptTarget, MockValue)
  /// Another client does.
  case rival(ScriptTarget, MockValue)
  case enable([FaultSpec])
  /// Names; empty: all.
  case disable([String])
  /// Every connection closes and the image is as at power-up; for so long no connection is let in.
  case reboot(down: Elapsed)
  /// Every connection closes.
  case disconnect
}

/// A register, by name or by address.
public enum ScriptTarget: Sendable, Hashable {
  case named(String)
  case address(ModbusTable, UInt16, ValueFormat)
}
