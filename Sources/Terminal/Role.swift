/// What a cell *means*. A theme says how each role looks; nothing else ever names a colour.
///
/// The first group is the furniture of the screen, the second the states of a register or device,
/// the third marks and values. A role's case name is its name in a theme file.
public enum Role: UInt8, CaseIterable, Hashable, Sendable {
  // Furniture
  case text, dim, title, border, borderFocused, header, headerStrong
  case selection, selectionUnfocused, marked, match
  case tab, tabActive, badge, badgeWarning
  case keyHint, keyHintKey, keyDisabled
  case dialog, dialogTitle, dialogDanger, button, buttonFocused, input, inputCursor
  // States of a register, a device or the engine
  case good, drifted, unreachable, stale, pending, contested, suspended, shelved
  case correcting, corrected, invalid, uncertain, hold, observing
  case info, warning, alarm
  // Values and marks
  case desired, actual, delta, unit, age, provenance
  case sparkline, sparkTarget, sparkBand, sparkGap, axis
  case cursor, commitMark, correctionMark, added, removed

  /// The name in theme files.
  public var name: String { Role.names[Int(rawValue)] }

  /// The role a theme file calls `name`.
  public init?(name: String) {
    guard let index = Role.names.firstIndex(of: name) else { return nil }
    self.init(rawValue: UInt8(truncatingIfNeeded: index))
  }

  /// The roles whose distinction carries meaning: a theme must keep them apart for every reader.
  public static let states: [Role] = [
    .good, .drifted, .unreachable, .stale, .pending, .contested, .suspended, .shelved,
    .correcting, .corrected, .invalid, .uncertain, .hold,
  ]

  /// Lines and shades that carry no text of their own: they may be fainter than text may.
  public var isDecoration: Bool {
    switch self {
    case .border, .sparkBand, .sparkGap: true
    default: false
    }
  }

  private static let names = allCases.map { String(describing: $0) }
}
