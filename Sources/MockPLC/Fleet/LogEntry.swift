import Modbus

/// One line of a fleet's log, before it is text.
public struct LogEntry: Hashable, Sendable {
  /// Why something changed.
  public enum Cause: String, Hashable, Sendable {
    case chaos, script, rival, revert, watchdog, write, reboot, fault, connect, disconnect, request
  }

  /// When, since the fleet started. Of scheduled causes the time it was scheduled for.
  public var time: Elapsed
  /// Whether a client caused it, so that its time differs between runs.
  public var isClientCaused: Bool
  public var plc: String
  public var cause: Cause
  public var fields: [Field]

  public struct Field: Hashable, Sendable {
    public var key: String
    public var value: String

    init(_ key: String, _ value: some CustomStringConvertible) {
      self.key = key
      self.value = value.description
    }

    init(_ key: String, _ table: ModbusTable) {
      self.init(key, "\(table)")
    }
  }
}

/// Which lines of a log carry a time.
public enum LogTime: String, Hashable, Sendable, CaseIterable {
  /// All.
  case elapsed
  /// Those of scheduled causes; a client's have `t=-`, for client and network decide when those happen.
  case scheduled
  /// None.
  case none
}

extension LogEntry {
  /// `t=10.000 plc=plc-1 event=chaos unit=* table=holding address=4001 before=2500 after=2731`
  public func line(_ time: LogTime) -> String {
    var words: [String] = []
    switch time {
    case .elapsed: words.append("t=\(self.time.logText)")
    case .scheduled: words.append(isClientCaused ? "t=-" : "t=\(self.time.logText)")
    case .none: break
    }
    words.append("plc=\(plc)")
    words.append("event=\(cause.rawValue)")
    words += fields.map { "\($0.key)=\(Self.quoted($0.value))" }
    return words.joined(separator: " ")
  }

  /// Values with blanks in quotes, so that a line splits at blanks.
  private static func quoted(_ value: String) -> String {
    guard value.isEmpty || value.contains(where: { $0 == " " || $0 == "\"" || $0 == "\n" }) else {
      return value
    }
    let escaped = value.map { $0 == "\"" ? "\\\"" : $0 == "\n" ? "\\n" : String($0) }.joined()
    return "\"\(escaped)\""
  }

  /// `2500`, or `1,2,3`; long runs are cut.
  static func words(_ words: [UInt16]) -> String {
    let shown = words.prefix(16).map(String.init).joined(separator: ",")
    return words.count > 16 ? "\(shown),...(\(words.count))" : shown
  }
}

/// A write that a client asked for.
public struct WriteRecord: Hashable, Sendable {
  public enum Outcome: String, Hashable, Sendable {
    /// It took effect.
    case applied
    /// It was acknowledged and had no effect.
    case ignored
    /// An exception was answered.
    case refused
    /// It was lost before it took effect.
    case lost
  }

  /// Since the fleet started.
  public var time: Elapsed
  /// Index in the fleet, from 0.
  public var plc: Int
  /// Counts the PLC's connections, from 1.
  public var connection: UInt64
  public var unit: UInt8
  /// Such as 6 or 16.
  public var function: UInt8
  public var table: ModbusTable
  public var address: UInt16
  public var before: [UInt16]
  public var asked: [UInt16]
  public var outcome: Outcome
}
