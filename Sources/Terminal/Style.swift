/// Rendering attributes that a style may add to what its role's look already has.
public struct Attributes: OptionSet, Hashable, Sendable {
  public let rawValue: UInt8

  public init(rawValue: UInt8) { self.rawValue = rawValue }

  public static let bold = Attributes(rawValue: 1)
  public static let dim = Attributes(rawValue: 2)
  public static let reverse = Attributes(rawValue: 4)
  public static let underline = Attributes(rawValue: 8)
  /// Only for alarms that nobody has acknowledged yet (ISA-18.2).
  public static let blink = Attributes(rawValue: 16)
}

/// How a cell is to look, in meanings: a role for the foreground, optionally another role whose
/// background it stands on (a drifted value on the selected row), and attributes.
public struct Style: Hashable, Sendable {
  public var role: Role
  /// The role that gives the background; `nil` is the role's own background.
  public var surface: Role?
  public var attributes: Attributes

  public init(_ role: Role, on surface: Role? = nil, _ attributes: Attributes = []) {
    self.role = role
    self.surface = surface
    self.attributes = attributes
  }

  public static let text = Style(.text)

  /// The same style on the background of `surface`.
  public func on(_ surface: Role?) -> Style { Style(role, on: surface, attributes) }

  /// The same style with `more` attributes.
  public func adding(_ more: Attributes) -> Style { Style(role, on: surface, attributes.union(more)) }
}
