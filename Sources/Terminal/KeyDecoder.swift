/// Turns the bytes a terminal sends into events: a pure state machine, fed from the outside.
///
/// Knows the sequences of xterm, screen, tmux, the Linux console, rxvt and the DEC terminals, SGR and
/// X10 mouse reports and bracketed paste; `extra` adds a terminal's own. An unknown sequence is
/// swallowed whole: none of its letters may arrive as a command key.
public struct KeyDecoder: Sendable {
  /// How bytes above 127 are read.
  public enum Encoding: Sendable {
    case utf8
    case latin1
  }

  /// How long to wait for the next byte before calling ``timeout()``.
  public enum Patience: Hashable, Sendable {
    /// A lone Escape: is it the key? Some 25 ms.
    case short
    /// In the middle of something nobody types by hand: up to half a second.
    case long
    /// In the middle of a paste: seconds.
    case paste
  }

  /// The most that one paste may bring; the rest of it is dropped.
  public static let pasteLimit = 1 << 20

  static let sequenceLimit = 64

  enum Step {
    case need
    case took(Int, TerminalEvent?)
  }

  let encoding: Encoding
  let mouse: Bool
  let reportsAlt: Bool
  private let extra: [(bytes: [UInt8], key: Key)]
  private var buffer: [UInt8] = []
  private var pasted: [UInt8]?

  /// - Parameters:
  ///   - mouse: whether mouse reports were asked for (else `ESC [ M` is no report).
  ///   - reportsAlt: whether Escape directly followed by a character is ``Key/alt(_:)``. Otherwise it
  ///     is the two keys, which is what a person on a slow line means who types them in a row.
  ///   - extra: sequences of this terminal, which win over the built-in ones.
  public init(
    encoding: Encoding = .utf8, mouse: Bool = false, reportsAlt: Bool = false, extra: [[UInt8]: Key] = [:]
  ) {
    self.encoding = encoding
    self.mouse = mouse
    self.reportsAlt = reportsAlt
    self.extra = extra.filter { $0.key.count > 1 }.map { (bytes: $0.key, key: $0.value) }
      .sorted { $0.bytes.count > $1.bytes.count }
  }

  /// What the decoder is waiting for; `nil` when nothing is pending.
  public var patience: Patience? {
    if pasted != nil { return .paste }
    if buffer.isEmpty { return nil }
    return buffer == [0x1B] ? .short : .long
  }

  /// Takes bytes and returns the events they complete.
  public mutating func feed(_ bytes: some Sequence<UInt8>) -> [TerminalEvent] {
    buffer.append(contentsOf: bytes)
    var events: [TerminalEvent] = []
    var position = 0
    while position < buffer.count {
      if pasted != nil {
        guard takePaste(&position, into: &events) else { break }
        continue
      }
      guard case .took(let count, let event) = step(buffer[position...]) else { break }
      position += max(count, 1)
      if event == KeyDecoder.pasteStart {
        pasted = []
      } else if let event {
        events.append(event)
      }
    }
    buffer.removeFirst(position)
    return events
  }

  /// The wait of ``patience`` is over: what is pending is all there will be.
  public mutating func timeout() -> [TerminalEvent] {
    if let text = pasted {
      pasted = nil
      let rest = buffer
      buffer = []
      return [.paste(KeyDecoder.clean(text + rest))]
    }
    let rest = buffer
    buffer = []
    switch rest {
    case [0x1B]: return [.key(.escape)]
    case [0x1B, 0x5B], [0x1B, 0x4F]:
      let character = Character(Unicode.Scalar(rest[1]))
      return reportsAlt ? [.key(.alt(character))] : [.key(.escape), .key(.character(character))]
    default: return []
    }
  }

  /// A marker inside the decoder, never seen outside.
  static let pasteStart = TerminalEvent.paste("\u{1B}[200~")
  private static let pasteEnd: [UInt8] = [0x1B, 0x5B, 0x32, 0x30, 0x31, 0x7E]

  // False when more bytes are needed.
  private mutating func takePaste(_ position: inout Int, into events: inout [TerminalEvent]) -> Bool {
    let end = KeyDecoder.pasteEnd
    while position < buffer.count {
      if buffer[position] == 0x1B {
        let rest = buffer[position...].prefix(end.count)
        if rest.elementsEqual(end) {
          position += end.count
          events.append(.paste(KeyDecoder.clean(pasted ?? [])))
          pasted = nil
          return true
        }
        if rest.count < end.count && end.starts(with: rest) { return false }
      }
      if let count = pasted?.count, count < KeyDecoder.pasteLimit { pasted?.append(buffer[position]) }
      position += 1
    }
    return true
  }

  private static func clean(_ bytes: [UInt8]) -> String {
    var result = String.UnicodeScalarView()
    var afterReturn = false
    for scalar in String(decoding: bytes, as: UTF8.self).unicodeScalars {
      if scalar == "\n" && afterReturn {
        afterReturn = false
        continue
      }
      afterReturn = scalar == "\r"
      result.append(afterReturn ? "\n" : scalar)
    }
    return String(result)
  }

  private func step(_ bytes: ArraySlice<UInt8>) -> Step {
    guard let first = bytes.first else { return .need }
    for (sequence, key) in extra where sequence[0] == first {
      if bytes.starts(with: sequence) { return .took(sequence.count, .key(key)) }
      if bytes.count < sequence.count && bytes.count > 1 && sequence.starts(with: bytes) { return .need }
    }
    if first == 0x1B { return escape(bytes) }
    if first < 0x20 || first == 0x7F { return .took(1, .key(KeyDecoder.control(first))) }
    return character(bytes).map { .key(.character($0)) }
  }

  private func escape(_ bytes: ArraySlice<UInt8>) -> Step {
    let body = bytes.dropFirst()
    guard let next = body.first else { return .need }
    switch next {
    case 0x5B: return sequence(bytes)
    case 0x4F:
      guard let final = body.dropFirst().first else { return .need }
      if final < 0x20 { return .took(reportsAlt ? 2 : 1, .key(reportsAlt ? .alt("O") : .escape)) }
      return .took(3, KeyDecoder.applicationKey(final).map { .key($0) })
    case 0x7F: return .took(2, .key(.control("w")))
    case 0..<0x20: return .took(1, .key(.escape))
    default:
      guard reportsAlt else { return .took(1, .key(.escape)) }
      switch character(body) {
      case .need: return .need
      case .took(let count, let character): return .took(count + 1, character.map { .key(.alt($0)) })
      }
    }
  }
}
