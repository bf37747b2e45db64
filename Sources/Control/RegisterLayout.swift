/// Where the words of each register lie in `Observation.words`: one register after the other, in the order of
/// the specification. A coil or discrete input takes one word, 0 or 1.
public struct RegisterLayout: Hashable, Sendable {
  /// First word of each register, and behind the last one the total.
  private let starts: [Int32]

  public init(_ registers: [RegisterSpec]) {
    var starts: [Int32] = []
    starts.reserveCapacity(registers.count &+ 1)
    var next: Int32 = 0
    for register in registers {
      starts.append(next)
      next = next &+ Int32(clamping: register.layoutWords)
    }
    starts.append(next)
    self.starts = starts
  }

  public var registerCount: Int { starts.count &- 1 }
  /// Words of all registers together.
  public var wordCount: Int { Int(starts[starts.count &- 1]) }

  /// Words of one register; empty for an index that is not there.
  public func range(of register: Int) -> Range<Int> {
    guard register >= 0, register < registerCount else { return 0..<0 }
    return Int(starts[register])..<Int(starts[register &+ 1])
  }
}

extension RegisterSpec {
  /// Words that this register takes in an observation.
  public var layoutWords: Int { table.isBits ? 1 : min(max(wordCount, 1), 125) }
}
