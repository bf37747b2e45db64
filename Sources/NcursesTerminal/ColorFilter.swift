/// Leaves out colour settings that the terminal has already.
///
/// curses sets foreground and background with every change of a colour pair. On a page with one
/// background half of those bytes say nothing new: about a third of a busy frame.
struct ColorFilter {
  private enum Known: Equatable {
    case unknown, standard
    case set(ArraySlice<UInt8>)

    /// Whether `new` says something new.
    mutating func update(_ new: Known) -> Bool {
      defer { self = new }
      return self != new
    }
  }

  private var foreground = Known.unknown
  private var background = Known.unknown

  /// The terminal's colours are unknown: somebody else may have written on it.
  mutating func forget() {
    foreground = .unknown
    background = .unknown
  }

  mutating func filter(_ bytes: [UInt8]) -> [UInt8] {
    var result: [UInt8] = []
    result.reserveCapacity(bytes.count)
    var index = 0
    while index < bytes.count {
      guard bytes[index] == 0x1B, index + 1 < bytes.count else {
        result.append(bytes[index])
        index += 1
        continue
      }
      guard bytes[index + 1] == UInt8(ascii: "[") else {
        // Anything that may restore saved attributes (DECRC, RIS).
        if bytes[index + 1] == UInt8(ascii: "8") || bytes[index + 1] == UInt8(ascii: "c") { forget() }
        result += bytes[index...index + 1]
        index += 2
        continue
      }
      let body = bytes[(index + 2)...].prefix { $0 >= 0x20 && $0 < 0x40 }
      let end = min(body.endIndex, bytes.count - 1)
      if bytes[end] != UInt8(ascii: "m") || !isKnown(body) {
        if bytes[end] == UInt8(ascii: "h") || bytes[end] == UInt8(ascii: "l") { noteMode(body) }
        result += bytes[index...end]
      }
      index = end + 1
    }
    return result
  }

  // Switching screens restores attributes on some terminals.
  private mutating func noteMode(_ body: ArraySlice<UInt8>) {
    if body.first == UInt8(ascii: "?") && body.contains(UInt8(ascii: "4")) { forget() }
  }

  /// Whether a colour setting says what is known; remembers it if not.
  private mutating func isKnown(_ body: ArraySlice<UInt8>) -> Bool {
    let fields = body.split(separator: UInt8(ascii: ";"), omittingEmptySubsequences: false).map(number)
    switch fields {
    case [39, 49]:
      if foreground == .standard && background == .standard { return true }
      (foreground, background) = (.standard, .standard)
    case _ where isColor(fields, 38, 30...37, 90...97): return !foreground.update(.set(body))
    case _ where isColor(fields, 48, 40...47, 100...107): return !background.update(.set(body))
    case [39]: return !foreground.update(.standard)
    case [49]: return !background.update(.standard)
    case [0]: (foreground, background) = (.standard, .standard)
    default:
      let touchesColor = fields.contains { $0 >= 30 || $0 < 0 }
      if touchesColor {
        forget()
      } else if fields.contains(0) {
        (foreground, background) = (.standard, .standard)
      }
    }
    return false
  }

  private func isColor(_ fields: [Int], _ indexed: Int, _ dark: ClosedRange<Int>, _ light: ClosedRange<Int>)
    -> Bool
  {
    if fields.count == 3 { return fields[0] == indexed && fields[1] == 5 && fields[2] >= 0 }
    return fields.count == 1 && (dark.contains(fields[0]) || light.contains(fields[0]))
  }

  // An empty field is 0; what is no number is -1.
  private func number(_ field: ArraySlice<UInt8>) -> Int {
    guard field.count <= 3 else { return -1 }
    return field.reduce(0) { value, byte in
      value < 0 || !(0x30...0x39).contains(byte) ? -1 : value * 10 + Int(byte - 0x30)
    }
  }
}
