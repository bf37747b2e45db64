extension KeyDecoder {
  /// One character of text, or the bytes to skip.
  enum Text {
    case need
    case took(Int, Character?)

    func map(_ event: (Character) -> TerminalEvent) -> Step {
      switch self {
      case .need: .need
      case .took(let count, let character): .took(count, character.map(event))
      }
    }
  }

  func character(_ bytes: ArraySlice<UInt8>) -> Text {
    guard let first = bytes.first else { return .need }
    if first < 0x80 { return .took(1, Character(Unicode.Scalar(first))) }
    if encoding == .latin1 {
      return .took(1, first < 0xA0 ? nil : Character(Unicode.Scalar(first)))
    }
    let length: Int
    switch first {
    case 0xC2...0xDF: length = 2
    case 0xE0...0xEF: length = 3
    case 0xF0...0xF4: length = 4
    default: return .took(1, nil)
    }
    let part = bytes.prefix(length)
    let continued = part.dropFirst().prefix { $0 & 0xC0 == 0x80 }.count
    if continued + 1 < part.count { return .took(continued + 1, nil) }
    if part.count < length { return .need }
    guard let text = String(validating: part, as: UTF8.self), let scalar = text.unicodeScalars.first,
      scalar.value >= 0xA0
    else { return .took(length, nil) }
    return .took(length, Character(scalar))
  }

  static func control(_ byte: UInt8) -> Key {
    switch byte {
    case 0x08, 0x7F: .backspace
    case 0x09: .tab
    case 0x0A, 0x0D: .enter
    case 0x1B: .escape
    case 0x00: .control("@")
    case 0x01...0x1A: .control(Character(Unicode.Scalar(byte + 0x60)))
    default: .control(Character(Unicode.Scalar(byte + 0x40)))
    }
  }

  /// The key of `ESC O final` (SS3): cursor keys in application mode, F1-F4, the keypad.
  static func applicationKey(_ final: UInt8) -> Key? {
    switch final {
    case UInt8(ascii: "a"): .controlUp
    case UInt8(ascii: "b"): .controlDown
    case UInt8(ascii: "c"): .controlRight
    case UInt8(ascii: "d"): .controlLeft
    case UInt8(ascii: "M"): .enter
    case UInt8(ascii: "I"): .tab
    case UInt8(ascii: "X"): .character("=")
    case UInt8(ascii: "j")...UInt8(ascii: "y"):
      // The keypad sends the letter 0x40 above what is printed on the key.
      .character(Character(Unicode.Scalar(final - 0x40)))
    default: cursorKey(final, modifiers: 0)
    }
  }

  /// `ESC [ ...` (CSI).
  func sequence(_ bytes: ArraySlice<UInt8>) -> Step {
    let body = bytes.dropFirst(2)
    guard let first = body.first else { return .need }
    if first == UInt8(ascii: "[") {
      // The Linux console's F1-F5.
      guard let final = body.dropFirst().first else { return .need }
      let number = Int(final) - 0x40
      return .took(4, (1...5).contains(number) ? .key(.function(number)) : nil)
    }
    if first == UInt8(ascii: "M") && mouse {
      let report = body.dropFirst().prefix(3)
      guard report.count == 3 else { return .need }
      return .took(6, MouseEvent(x10: Array(report)).map { .mouse($0) })
    }
    var length = 2
    for byte in body {
      length += 1
      if (0x40...0x7E).contains(byte) || byte == UInt8(ascii: "$") {
        let parameters = body.prefix(length - 3)
        return .took(length, KeyDecoder.event(parameters, final: byte))
      }
      // A control character or a new escape ends a broken sequence; it is not part of it.
      if byte < 0x20 || byte >= 0x7F { return .took(length - 1, nil) }
      if length > KeyDecoder.sequenceLimit { return .took(length, nil) }
    }
    return .need
  }

  private static func event(_ parameters: ArraySlice<UInt8>, final: UInt8) -> TerminalEvent? {
    if parameters.first == UInt8(ascii: "<") {
      return MouseEvent(sgr: numbers(parameters.dropFirst()), final: final).map { .mouse($0) }
    }
    guard parameters.allSatisfy({ (0x30...0x3B).contains($0) }) else { return nil }
    let values = numbers(parameters)
    let modifiers = values.count > 1 ? max(values[1] - 1, 0) : 0
    switch final {
    case UInt8(ascii: "~"):
      if values.first == 200 { return pasteStart }
      return editingKey(values.first ?? 0).map { .key($0) }
    case UInt8(ascii: "u"): return unicodeKey(values.first ?? 0, modifiers: modifiers).map { .key($0) }
    case UInt8(ascii: "a"): return .key(.shiftUp)
    case UInt8(ascii: "b"): return .key(.shiftDown)
    case UInt8(ascii: "c"): return .key(.shiftRight)
    case UInt8(ascii: "d"): return .key(.shiftLeft)
    default: return cursorKey(final, modifiers: modifiers).map { .key($0) }
    }
  }

  /// Decimal parameters; sub-parameters after `:` are ignored, absent ones are 0, all are clamped.
  private static func numbers(_ bytes: ArraySlice<UInt8>) -> [Int] {
    bytes.split(separator: UInt8(ascii: ";"), omittingEmptySubsequences: false).map { field in
      field.prefix { $0 != UInt8(ascii: ":") }.reduce(0) { value, byte in
        (0x30...0x39).contains(byte) ? min(value * 10 + Int(byte - 0x30), 1_114_111) : value
      }
    }
  }

  // Modifier bits as in xterm: 1 shift, 2 alt, 4 control.
  private static func cursorKey(_ final: UInt8, modifiers: Int) -> Key? {
    let shift = modifiers & 1 != 0
    let control = modifiers & 4 != 0
    switch final {
    case UInt8(ascii: "A"): return control ? .controlUp : shift ? .shiftUp : .up
    case UInt8(ascii: "B"): return control ? .controlDown : shift ? .shiftDown : .down
    case UInt8(ascii: "C"): return control ? .controlRight : shift ? .shiftRight : .right
    case UInt8(ascii: "D"): return control ? .controlLeft : shift ? .shiftLeft : .left
    case UInt8(ascii: "H"): return .home
    case UInt8(ascii: "F"): return .end
    case UInt8(ascii: "Z"): return .backTab
    case UInt8(ascii: "P")...UInt8(ascii: "S"): return .function(Int(final) - 0x4F)
    default: return nil
    }
  }

  // DEC and xterm number keys with gaps.
  private static func editingKey(_ number: Int) -> Key? {
    switch number {
    case 1, 7: .home
    case 2: .insert
    case 3: .delete
    case 4, 8: .end
    case 5: .pageUp
    case 6: .pageDown
    case 11...15: .function(number - 10)
    case 17...21: .function(number - 11)
    case 23...26: .function(number - 12)
    case 28...29: .function(number - 13)
    case 31...34: .function(number - 14)
    default: nil
    }
  }

  // `CSI code ; modifiers u`, as some terminals send keys that have no sequence of their own.
  private static func unicodeKey(_ code: Int, modifiers: Int) -> Key? {
    guard let value = UInt32(exactly: code), let scalar = Unicode.Scalar(value) else { return nil }
    if value < 0x20 || value == 0x7F {
      return value == 9 && modifiers & 1 != 0 ? .backTab : control(UInt8(truncatingIfNeeded: value))
    }
    // Control characters, which nobody types; and private use: that protocol's own numbers for keys without a character.
    guard !(0x80..<0xA0).contains(value), !(0xE000...0xF8FF).contains(value) else { return nil }
    if modifiers & 4 != 0 { return .control(Character(scalar)) }
    return modifiers & 2 != 0 ? .alt(Character(scalar)) : .character(Character(scalar))
  }
}

extension MouseEvent {
  /// `ESC [ < code ; x ; y` and `M` (press) or `m` (release); coordinates from 1.
  init?(sgr values: [Int], final: UInt8) {
    guard values.count == 3, values[1] >= 1, values[2] >= 1 else { return nil }
    guard final == UInt8(ascii: "M") || final == UInt8(ascii: "m") else { return nil }
    let released = final == UInt8(ascii: "m")
    self.init(code: values[0], released: released, at: Point(values[1] - 1, values[2] - 1))
  }

  /// Three bytes after `ESC [ M`, each with 32 added; coordinates from 1.
  init?(x10 bytes: [UInt8]) {
    guard bytes.count == 3, bytes.allSatisfy({ $0 >= 32 }), bytes[1] > 32, bytes[2] > 32 else { return nil }
    let code = Int(bytes[0]) - 32
    let released = code & 3 == 3 && code & 64 == 0
    self.init(code: code, released: released, at: Point(Int(bytes[1]) - 33, Int(bytes[2]) - 33))
  }

  private init?(code: Int, released: Bool, at point: Point) {
    if code & 64 != 0 {
      guard code & 3 < 2 else { return nil }
      self.init(code & 1 == 0 ? .wheelUp : .wheelDown, .none, at: point)
      return
    }
    let button: Button =
      switch code & 3 {
      case 0: .left
      case 1: .middle
      case 2: .right
      default: .none
      }
    self.init(released ? .release : code & 32 != 0 ? .drag : .press, button, at: point)
  }
}
