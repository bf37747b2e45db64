/// How many colours a terminal shows.
public enum ColorDepth: Int, CaseIterable, Comparable, Hashable, Sendable {
  case mono = 0
  case ansi8 = 8
  case ansi16 = 16
  case indexed256 = 256
  case trueColor = 16_777_216

  public static func < (a: ColorDepth, b: ColorDepth) -> Bool { a.rawValue < b.rawValue }

  /// The deepest depth for a terminal that says it has `colors` (terminfo's `Co#`).
  public init(colors: Int) {
    self = Self.allCases.last { $0.rawValue <= max(colors, 0) } ?? .mono
  }
}

/// A 24-bit sRGB colour.
public struct RGB: Hashable, Sendable {
  public let red, green, blue: UInt8

  public init(_ red: UInt8, _ green: UInt8, _ blue: UInt8) {
    self.red = red
    self.green = green
    self.blue = blue
  }

  /// `0xRRGGBB`; higher bits are ignored.
  public init(_ hex: UInt32) {
    self.init(
      UInt8(truncatingIfNeeded: hex >> 16), UInt8(truncatingIfNeeded: hex >> 8),
      UInt8(truncatingIfNeeded: hex))
  }

  public var hex: UInt32 { UInt32(red) << 16 | UInt32(green) << 8 | UInt32(blue) }

  /// `#rrggbb`.
  public var description: String {
    let digits = String(hex, radix: 16)
    return "#" + String(repeating: "0", count: 6 - digits.count) + digits
  }
}

/// A colour as it is sent to a terminal.
public enum Paint: Hashable, Sendable {
  /// The terminal's own foreground or background.
  case standard
  /// A palette entry: 0...7, 0...15 or 0...255 by depth.
  case index(UInt8)
  case rgb(RGB)
}

/// The colours that terminals agree on, and the nearest of them.
public enum Palette {
  /// The usual values of the first 16 entries (xterm's); users change them, so they only serve for
  /// nearness and pictures.
  public static let ansi: [RGB] = [
    RGB(0x000000), RGB(0xCD0000), RGB(0x00CD00), RGB(0xCDCD00),
    RGB(0x0000EE), RGB(0xCD00CD), RGB(0x00CDCD), RGB(0xE5E5E5),
    RGB(0x7F7F7F), RGB(0xFF0000), RGB(0x00FF00), RGB(0xFFFF00),
    RGB(0x5C5CFF), RGB(0xFF00FF), RGB(0x00FFFF), RGB(0xFFFFFF),
  ]

  /// Names of the 16 colours in theme files, in palette order.
  public static let names = [
    "black", "red", "green", "yellow", "blue", "magenta", "cyan", "white",
    "brightBlack", "brightRed", "brightGreen", "brightYellow",
    "brightBlue", "brightMagenta", "brightCyan", "brightWhite",
  ]

  private static let cube: [UInt8] = [0, 95, 135, 175, 215, 255]

  /// The colour of a palette entry: 16...231 the 6×6×6 cube, 232...255 the grey ramp.
  public static func color(_ index: UInt8) -> RGB {
    let i = Int(index)
    if i < 16 { return ansi[i] }
    if i < 232 {
      let c = i - 16
      return RGB(cube[c / 36], cube[c / 6 % 6], cube[c % 6])
    }
    let grey = UInt8(truncatingIfNeeded: 8 + 10 * (i - 232))
    return RGB(grey, grey, grey)
  }

  /// The nearest of the entries 16...255, which no terminal lets the user redefine.
  public static func nearest256(_ color: RGB) -> UInt8 {
    nearest(color, among: 16...255)
  }

  /// The nearest of the first 16.
  public static func nearest16(_ color: RGB) -> UInt8 { nearest(color, among: 0...15) }

  /// The nearest of the first 8.
  public static func nearest8(_ color: RGB) -> UInt8 { nearest(color, among: 0...7) }

  private static func nearest(_ wanted: RGB, among range: ClosedRange<UInt8>) -> UInt8 {
    var best = range.lowerBound
    var bestDistance = Int.max
    for index in range {
      let distance = wanted.distance(to: color(index))
      if distance < bestDistance {
        best = index
        bestDistance = distance
      }
    }
    return best
  }
}

extension RGB {
  // Weighted for the eye's unequal sensitivity ("redmean").
  func distance(to other: RGB) -> Int {
    let mean = (Int(red) + Int(other.red)) / 2
    let r = Int(red) - Int(other.red)
    let g = Int(green) - Int(other.green)
    let b = Int(blue) - Int(other.blue)
    return ((512 + mean) * r * r) >> 8 + 4 * g * g + ((767 - mean) * b * b) >> 8
  }

  /// The colour `share` (0...1) of the way to `other`.
  public func mixed(with other: RGB, share: Double) -> RGB {
    let s = min(max(share, 0), 1)
    func mix(_ a: UInt8, _ b: UInt8) -> UInt8 {
      UInt8(clamping: Int((Double(a) + (Double(b) - Double(a)) * s).rounded()))
    }
    return RGB(mix(red, other.red), mix(green, other.green), mix(blue, other.blue))
  }
}
