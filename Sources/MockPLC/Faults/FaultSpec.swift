/// A fault as a user writes it, with the units it is meant for: `latency=20ms±5ms`, `hang@3`, `drop=0.1@2-5`.
public struct FaultSpec: Sendable {
  public let fault: any Fault
  /// `nil`: every unit.
  public let units: ClosedRange<UInt8>?

  public var name: String { type(of: fault).name }

  public init(_ fault: any Fault, units: ClosedRange<UInt8>? = nil) {
    self.fault = fault
    self.units = units
  }

  public init(_ text: String) throws(FaultProblem) {
    let sections = text.split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false)
    let parts = sections[0].split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
    let name = String(parts[0])
    guard let kind = knownFaults.first(where: { $0.name == name }) else {
      let hint = Spelling.suggestion(for: name, among: knownFaults.map { $0.name })
      throw FaultProblem("unknown fault '\(name)'" + (hint ?? ", one of: " + Self.usages))
    }
    let fault = try kind.init(argument: parts.count > 1 ? String(parts[1]) : nil)
    var units: ClosedRange<UInt8>?
    if sections.count > 1 {
      guard let range = UnitRange.parse(sections[1]) else {
        throw FaultProblem("\(name): '@\(sections[1])' is not a unit id or range in 0...255")
      }
      units = range
    }
    self.init(fault, units: units)
  }

  /// Several, separated by blanks or commas.
  public static func list(_ text: String) throws(FaultProblem) -> [FaultSpec] {
    var specs: [FaultSpec] = []
    for word in text.split(whereSeparator: { $0 == " " || $0 == "," || $0 == "\t" }) {
      specs.append(try FaultSpec(String(word)))
    }
    guard !specs.isEmpty else { throw FaultProblem("an empty fault, one of: " + usages) }
    return specs
  }

  func concerns(_ unit: UInt8?) -> Bool {
    guard let units else { return true }
    return unit.map(units.contains) ?? true
  }

  /// Every fault's usage in one line.
  public static var usages: String { knownFaults.map { $0.usage }.joined(separator: " ") }
}

/// `3` or `1-16`.
enum UnitRange {
  static func parse(_ text: some StringProtocol) -> ClosedRange<UInt8>? {
    let ends = text.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false).map { UInt8($0) }
    guard let first = ends[0] else { return nil }
    guard ends.count > 1 else { return first...first }
    guard let last = ends[1], first <= last else { return nil }
    return first...last
  }
}

extension MockUnit {
  /// Reads unit ids: `1-16`, `1,3,7`. `nil` when it is anything else.
  public static func ids(_ text: String) -> [UInt8]? {
    var ids: Set<UInt8> = []
    for part in text.split(separator: ",", omittingEmptySubsequences: false) {
      guard let range = UnitRange.parse(part) else { return nil }
      ids.formUnion(range)
    }
    return ids.sorted()
  }
}
