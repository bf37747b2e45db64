/// A case-insensitive search pattern: a plain piece of text, or a small regular expression
/// (`. [a-z] * + ? | ( ) ^ $ \`).
///
/// The expression is compiled to a bit-parallel position automaton, so a search takes time
/// proportional to the text and never backtracks: it runs over 10,000 names on each key press.
/// An expression that does not parse, or with more than 62 positions, is searched for literally.
struct Pattern: Hashable, Sendable {
  private enum Form: Hashable, Sendable {
    case literal([UInt8])
    case automaton(Automaton)
  }
  let text: String
  private let form: Form

  init(_ text: String) {
    self.text = text
    let bytes = text.utf8.map(lowered)
    let special = Array(".[]*+?|()^$\\".utf8)
    if bytes.contains(where: special.contains), let automaton = Automaton(bytes) {
      form = .automaton(automaton)
    } else {
      form = .literal(bytes)
    }
  }

  func matches(_ candidate: String) -> Bool {
    var candidate = candidate
    return candidate.withUTF8 { bytes in
      switch form {
      case .literal(let needle): find(needle, in: bytes)
      case .automaton(let automaton): automaton.search(bytes)
      }
    }
  }

  private func find(_ needle: [UInt8], in bytes: UnsafeBufferPointer<UInt8>) -> Bool {
    guard let first = needle.first else { return true }
    guard bytes.count >= needle.count else { return false }
    for start in 0...(bytes.count - needle.count) where lowered(bytes[start]) == first {
      var length = 1
      while length < needle.count, lowered(bytes[start + length]) == needle[length] { length += 1 }
      if length == needle.count { return true }
    }
    return false
  }
}

private func lowered(_ byte: UInt8) -> UInt8 {
  byte >= UInt8(ascii: "A") && byte <= UInt8(ascii: "Z") ? byte + 32 : byte
}

/// Glushkov's automaton: one bit a position of the expression.
private struct Automaton: Hashable, Sendable {
  private var accepts: [UInt64]
  private var follow: [UInt64] = []
  private var first: UInt64 = 0
  private var last: UInt64 = 0
  private var nullable = false
  private var startAnchored = false
  private var endAnchored = false

  private struct Part {
    var nullable: Bool
    var first: UInt64
    var last: UInt64
    static let empty = Part(nullable: true, first: 0, last: 0)
  }

  init?(_ source: [UInt8]) {
    accepts = Array(repeating: 0, count: 256)
    var body = source[...]
    if body.first == UInt8(ascii: "^") {
      startAnchored = true
      body = body.dropFirst()
    }
    if body.last == UInt8(ascii: "$"), body.dropLast().last != UInt8(ascii: "\\") {
      endAnchored = true
      body = body.dropLast()
    }
    guard let whole = alternatives(&body, depth: 0), body.isEmpty else { return nil }
    first = whole.first
    last = whole.last
    nullable = whole.nullable
  }

  func search(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
    if nullable, !endAnchored || !startAnchored || bytes.isEmpty { return true }
    var state: UInt64 = 0
    for index in bytes.indices {
      var next: UInt64 = index == 0 || !startAnchored ? first : 0
      var rest = state
      while rest != 0 {
        next |= follow[rest.trailingZeroBitCount]
        rest &= rest &- 1
      }
      state = next & accepts[Int(lowered(bytes[index]))]
      if !endAnchored, state & last != 0 { return true }
    }
    return endAnchored && state & last != 0
  }

  private mutating func alternatives(_ source: inout ArraySlice<UInt8>, depth: Int) -> Part? {
    guard depth < 32, var whole = sequence(&source, depth: depth) else { return nil }
    while source.first == UInt8(ascii: "|") {
      source = source.dropFirst()
      guard let other = sequence(&source, depth: depth) else { return nil }
      whole = Part(
        nullable: whole.nullable || other.nullable, first: whole.first | other.first,
        last: whole.last | other.last)
    }
    return whole
  }

  private mutating func sequence(_ source: inout ArraySlice<UInt8>, depth: Int) -> Part? {
    var whole = Part.empty
    while let byte = source.first, byte != UInt8(ascii: "|"), byte != UInt8(ascii: ")") {
      guard let next = repeated(&source, depth: depth) else { return nil }
      connect(whole.last, to: next.first)
      whole = Part(
        nullable: whole.nullable && next.nullable, first: whole.first | (whole.nullable ? next.first : 0),
        last: next.last | (next.nullable ? whole.last : 0))
    }
    return whole
  }

  private mutating func repeated(_ source: inout ArraySlice<UInt8>, depth: Int) -> Part? {
    guard var part = atom(&source, depth: depth) else { return nil }
    while let byte = source.first {
      switch byte {
      case UInt8(ascii: "*"), UInt8(ascii: "+"):
        connect(part.last, to: part.first)
        if byte == UInt8(ascii: "*") { part.nullable = true }
      case UInt8(ascii: "?"): part.nullable = true
      default: return part
      }
      source = source.dropFirst()
    }
    return part
  }

  private mutating func atom(_ source: inout ArraySlice<UInt8>, depth: Int) -> Part? {
    guard let byte = source.popFirst() else { return nil }
    switch byte {
    case UInt8(ascii: "("):
      guard let inner = alternatives(&source, depth: depth + 1), source.popFirst() == UInt8(ascii: ")")
      else { return nil }
      return inner
    case UInt8(ascii: "["): return characterClass(&source)
    case UInt8(ascii: "."): return position { _ in true }
    case UInt8(ascii: "\\"):
      guard let escaped = source.popFirst() else { return nil }
      return position { $0 == escaped }
    case UInt8(ascii: "*"), UInt8(ascii: "+"), UInt8(ascii: "?"), UInt8(ascii: ")"), UInt8(ascii: "]"):
      return nil
    default: return position { $0 == byte }
    }
  }

  private mutating func characterClass(_ source: inout ArraySlice<UInt8>) -> Part? {
    var negated = false
    if source.first == UInt8(ascii: "^") {
      negated = true
      source = source.dropFirst()
    }
    var members: Set<UInt8> = []
    while let byte = source.popFirst(), byte != UInt8(ascii: "]") {
      if source.first == UInt8(ascii: "-"), let end = source.dropFirst().first, end != UInt8(ascii: "]") {
        guard byte <= end else { return nil }
        source = source.dropFirst(2)
        members.formUnion(byte...end)
      } else {
        members.insert(byte)
      }
      if source.isEmpty { return nil }
    }
    return members.isEmpty ? nil : position { members.contains($0) != negated }
  }

  private mutating func position(_ accept: (UInt8) -> Bool) -> Part? {
    guard follow.count < 62 else { return nil }
    let bit: UInt64 = 1 << UInt64(follow.count)
    follow.append(0)
    for byte in UInt8.min...UInt8.max where accept(byte) { accepts[Int(byte)] |= bit }
    return Part(nullable: false, first: bit, last: bit)
  }

  private mutating func connect(_ last: UInt64, to first: UInt64) {
    var rest = last
    while rest != 0 {
      follow[rest.trailingZeroBitCount] |= first
      rest &= rest &- 1
    }
  }
}
