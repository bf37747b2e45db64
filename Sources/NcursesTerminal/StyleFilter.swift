/// Says how text is to look in as few bytes as it can be said.
///
/// curses takes every attribute away before it gives a new one, sets both colours with each change of a pair, and
/// switches to a character set that is in force already: `ESC ( B`, `ESC [ 0 m`, `ESC [ 38;5;248 m`, `ESC [ 48;5;234 m`
/// for what `ESC [ 22;38;5;248 m` says too. Here such settings are collected, and only the difference goes out, when
/// something comes that shows it. What stands on the screen is the same, on half the bytes of a busy frame.
struct StyleFilter {
  /// Whether the terminal knows how to take single attributes back (22, 24, 25, 27): those with colours do.
  let takesBack: Bool

  private var actual = StyleState()
  private var wanted = StyleState()
  /// Whether the usual character set is known to be in force.
  private var isUsualSet = false
  private var result: [UInt8] = []

  init(takesBack: Bool) { self.takesBack = takesBack }

  /// How the terminal writes now is unknown: somebody else may have written on it.
  mutating func forget() {
    actual = StyleState()
    wanted = StyleState()
    isUsualSet = false
  }

  mutating func filter(_ bytes: [UInt8]) -> [UInt8] {
    result.removeAll(keepingCapacity: true)
    result.reserveCapacity(bytes.count)
    var index = 0
    while index < bytes.count {
      let byte = bytes[index]
      if byte == 0x1B, index + 1 < bytes.count {
        index = escape(bytes, index)
      } else if byte == 0x0F, isUsualSet {
        index += 1
      } else {
        if byte == 0x0E || byte == 0x0F { isUsualSet = byte == 0x0F }
        if !Self.isMove(byte) { flush() }
        result.append(byte)
        index += 1
      }
    }
    return result
  }

  /// Takes what begins with ESC at `index`; returns where to go on.
  private mutating func escape(_ bytes: [UInt8], _ index: Int) -> Int {
    let kind = bytes[index + 1]
    if kind == UInt8(ascii: "("), index + 2 < bytes.count {
      let isUsual = bytes[index + 2] == UInt8(ascii: "B")
      if !(isUsual && isUsualSet) { pass(bytes[index...index + 2]) }
      isUsualSet = isUsual
      return index + 3
    }
    guard kind == UInt8(ascii: "[") else {
      pass(bytes[index...index + 1])
      // Anything that may restore saved attributes (DECRC, RIS).
      if kind == UInt8(ascii: "8") || kind == UInt8(ascii: "c") { forget() }
      return index + 2
    }
    let body = bytes[(index + 2)...].prefix { $0 >= 0x20 && $0 < 0x40 }
    let end = min(body.endIndex, bytes.count - 1)
    switch bytes[end] {
    case UInt8(ascii: "m") where body.endIndex == end && wanted.apply(body): break
    case UInt8(ascii: "m"):
      pass(bytes[index...end])
      forget()
    case let final where Self.isMove(final: final) && body.endIndex == end: result += bytes[index...end]
    default:
      pass(bytes[index...end])
      // Switching screens restores attributes on some terminals.
      if body.first == UInt8(ascii: "?"), body.contains(UInt8(ascii: "4")) { forget() }
    }
    return end + 1
  }

  private mutating func pass(_ bytes: ArraySlice<UInt8>) {
    flush()
    result += bytes
  }

  private mutating func flush() {
    guard wanted != actual else { return }
    result += wanted.sequence(from: actual, takesBack: takesBack)
    actual = wanted
  }

  // Backspace, line feed and carriage return only move, like the CSI functions below.
  private static func isMove(_ byte: UInt8) -> Bool { byte == 0x08 || byte == 0x0A || byte == 0x0D }

  private static func isMove(final: UInt8) -> Bool {
    switch final {
    case UInt8(ascii: "A")...UInt8(ascii: "H"), UInt8(ascii: "d"), UInt8(ascii: "f"): true
    default: false
    }
  }
}

/// What SGR (ECMA-48, §8.3.117) has set. `nil`: not known.
struct StyleState: Equatable {
  /// Bold, faint, underlined, blinking, reverse, by their numbers in SGR.
  private var flags: [Bool?] = Array(repeating: nil, count: Self.numbers.count)
  private var ink: Color?
  private var ground: Color?

  /// Its parameters as they are sent; none for the terminal's own.
  private typealias Color = [Int]
  private static let numbers = [1, 2, 4, 5, 7]
  private static let ends = [22, 22, 24, 25, 27]

  /// Takes the parameters of an SGR sequence; false, and nothing is changed, when there is something unknown in them.
  mutating func apply(_ body: ArraySlice<UInt8>) -> Bool {
    var fields = body.split(separator: UInt8(ascii: ";"), omittingEmptySubsequences: false).map(Self.number)[
      ...]
    if fields.isEmpty { fields = [0] }
    var next = self
    while let field = fields.popFirst() {
      guard next.apply(field, &fields) else { return false }
    }
    self = next
    return true
  }

  private mutating func apply(_ field: Int, _ rest: inout ArraySlice<Int>) -> Bool {
    switch field {
    case 0:
      flags = Array(repeating: false, count: flags.count)
      (ink, ground) = ([], [])
    case 30...37, 90...97: ink = [field]
    case 40...47, 100...107: ground = [field]
    case 39: ink = []
    case 49: ground = []
    case 38, 48:
      let count = rest.first == 5 ? 2 : rest.first == 2 ? 4 : 0
      guard count > 0, rest.count >= count, rest.prefix(count).allSatisfy({ (0...255).contains($0) }) else {
        return false
      }
      let color = [field] + rest.prefix(count)
      rest = rest.dropFirst(count)
      if field == 38 { ink = color } else { ground = color }
    default:
      if let flag = Self.numbers.firstIndex(of: field) {
        flags[flag] = true
      } else if Self.ends.contains(field) {
        for flag in flags.indices where Self.ends[flag] == field { flags[flag] = false }
      } else {
        return false
      }
    }
    return true
  }

  // An empty field is 0; what is no number is -1.
  private static func number(_ field: ArraySlice<UInt8>) -> Int {
    guard field.count <= 3 else { return -1 }
    return field.reduce(0) { value, byte in
      value < 0 || !(0x30...0x39).contains(byte) ? -1 : value * 10 + Int(byte - 0x30)
    }
  }

  /// The shortest sequence that makes `before` this.
  func sequence(from before: StyleState, takesBack: Bool) -> [UInt8] {
    let (difference, isTakenBack) = difference(from: before)
    var best = difference
    if let whole, isTakenBack && !takesBack || Self.length(whole) < Self.length(difference) { best = whole }
    return Array("\u{1B}[\(best == [0] ? "" : best.map(String.init).joined(separator: ";"))m".utf8)
  }

  private func difference(from before: StyleState) -> (parameters: [Int], isTakenBack: Bool) {
    var ended: [Int] = []
    for flag in flags.indices where flags[flag] == false && before.flags[flag] != false {
      if !ended.contains(Self.ends[flag]) { ended.append(Self.ends[flag]) }
    }
    var parameters = ended
    for flag in flags.indices where flags[flag] == true {
      // 22 takes bold and faint back together.
      if before.flags[flag] != true || ended.contains(Self.ends[flag]) {
        parameters.append(Self.numbers[flag])
      }
    }
    if let ink, ink != before.ink { parameters += ink.isEmpty ? [39] : ink }
    if let ground, ground != before.ground { parameters += ground.isEmpty ? [49] : ground }
    return (parameters, !ended.isEmpty)
  }

  /// All of it, from nothing; `nil` when not all is known.
  private var whole: [Int]? {
    guard let ink, let ground, !flags.contains(nil) else { return nil }
    return [0] + flags.indices.filter { flags[$0] == true }.map { Self.numbers[$0] } + ink + ground
  }

  private static func length(_ parameters: [Int]) -> Int {
    parameters == [0] ? 0 : parameters.reduce(0) { $0 + ($1 > 99 ? 4 : $1 > 9 ? 3 : 2) }
  }
}
