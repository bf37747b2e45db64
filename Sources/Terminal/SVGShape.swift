/// Characters that are drawn as shapes, because fonts rarely make them meet.
enum SVGShape {
  /// At most two decimals, no exponent.
  static func number(_ value: Double) -> String {
    let hundredths = Int((value * 100).rounded())
    let (whole, part) = (hundredths / 100, abs(hundredths % 100))
    let sign = hundredths < 0 && whole == 0 ? "-" : ""
    if part == 0 { return "\(sign)\(whole)" }
    return part % 10 == 0 ? "\(sign)\(whole).\(part / 10)" : "\(sign)\(whole).\(part < 10 ? "0" : "")\(part)"
  }

  /// A function from the ink colour to an element, or `nil` if the character is left to the font.
  static func path(
    _ scalar: Unicode.Scalar, x: Double, y: Double, width: Double, height: Double
  ) -> ((String) -> String)? {
    let box = Box(x: x, y: y, width: width, height: height)
    switch scalar.value {
    case 0x2801...0x28FF: return { box.braille(scalar.value - 0x2800, $0) }
    case 0x2580...0x259F: return box.block(scalar.value)
    default:
      guard let arms = Arms.table[scalar] else { return nil }
      return { box.lines(arms, $0) }
    }
  }

  /// Line weights from the middle of a cell: 0 none, 1 light, 2 heavy, 3 double.
  struct Arms {
    var up = 0
    var right = 0
    var down = 0
    var left = 0
    var rounded = false

    static let table: [Unicode.Scalar: Arms] = {
      var table: [Unicode.Scalar: Arms] = [:]
      func add(_ scalars: String, _ weight: Int) {
        // Order: ─ │ ┌ ┐ └ ┘ ├ ┤ ┬ ┴ ┼
        let shapes: [(Int, Int, Int, Int)] = [
          (0, 1, 0, 1), (1, 0, 1, 0), (0, 1, 1, 0), (0, 0, 1, 1), (1, 1, 0, 0), (1, 0, 0, 1),
          (1, 1, 1, 0), (1, 0, 1, 1), (0, 1, 1, 1), (1, 1, 0, 1), (1, 1, 1, 1),
        ]
        for (scalar, shape) in zip(scalars.unicodeScalars, shapes) {
          table[scalar] = Arms(
            up: shape.0 * weight, right: shape.1 * weight, down: shape.2 * weight, left: shape.3 * weight)
        }
      }
      add("─│┌┐└┘├┤┬┴┼", 1)
      add("━┃┏┓┗┛┣┫┳┻╋", 2)
      add("═║╔╗╚╝╠╣╦╩╬", 3)
      table["╭"] = Arms(right: 1, down: 1, rounded: true)
      table["╮"] = Arms(down: 1, left: 1, rounded: true)
      table["╰"] = Arms(up: 1, right: 1, rounded: true)
      table["╯"] = Arms(up: 1, left: 1, rounded: true)
      return table
    }()
  }

  struct Box {
    let x, y, width, height: Double

    private func n(_ value: Double) -> String { SVGShape.number(value) }

    func rect(_ rx: Double, _ ry: Double, _ rw: Double, _ rh: Double, _ ink: String, _ opacity: Double = 1)
      -> String
    {
      let shade = opacity < 1 ? " fill-opacity=\"\(n(opacity))\"" : ""
      return "<rect x=\"\(n(x + rx))\" y=\"\(n(y + ry))\" width=\"\(n(rw))\" height=\"\(n(rh))\""
        + " fill=\"\(ink)\"\(shade)/>\n"
    }

    func braille(_ dots: UInt32, _ ink: String) -> String {
      // Bit order of Unicode chapter 21.1.
      let places: [(Int, Int)] = [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2), (0, 3), (1, 3)]
      var out = ""
      for (bit, place) in places.enumerated() where dots & (1 << UInt32(bit)) != 0 {
        let cx = x + width * (0.25 + 0.5 * Double(place.0))
        let cy = y + height * (0.125 + 0.25 * Double(place.1))
        out += "<circle cx=\"\(n(cx))\" cy=\"\(n(cy))\" r=\"1.5\" fill=\"\(ink)\"/>"
      }
      return out + "\n"
    }

    func block(_ value: UInt32) -> ((String) -> String)? {
      switch value {
      case 0x2580: return { rect(0, 0, width, height / 2, $0) }
      case 0x2581...0x2588:
        let h = height * Double(value - 0x2580) / 8
        return { rect(0, height - h, width, h, $0) }
      case 0x2589...0x258F: return { rect(0, 0, width * Double(0x2590 - value) / 8, height, $0) }
      case 0x2590: return { rect(width / 2, 0, width / 2, height, $0) }
      case 0x2591...0x2593:
        return { rect(0, height * 0.1, width, height * 0.8, $0, Double(value - 0x2590) * 0.25) }
      default: return nil
      }
    }

    func lines(_ arms: Arms, _ ink: String) -> String {
      let (cx, cy) = (x + width / 2, y + height / 2)
      var d = ""
      if arms.rounded {
        let (ex, ey) = (arms.right > 0 ? x + width : x, arms.down > 0 ? y + height : y)
        d = "M\(n(cx)) \(n(ey))Q\(n(cx)) \(n(cy)) \(n(ex)) \(n(cy))"
        return stroke(d, 1.2, ink)
      }
      let weight = max(arms.up, arms.right, arms.down, arms.left)
      let offsets = weight == 3 ? [-1.5, 1.5] : [0]
      for o in offsets {
        if arms.left > 0 && arms.right > 0 {
          d += "M\(n(x)) \(n(cy + o))H\(n(x + width))"
        } else if arms.left > 0 {
          d += "M\(n(x)) \(n(cy + o))H\(n(cx + (weight == 3 ? 1.5 : 0)))"
        } else if arms.right > 0 {
          d += "M\(n(cx - (weight == 3 ? 1.5 : 0))) \(n(cy + o))H\(n(x + width))"
        }
        if arms.up > 0 && arms.down > 0 {
          d += "M\(n(cx + o)) \(n(y))V\(n(y + height))"
        } else if arms.up > 0 {
          d += "M\(n(cx + o)) \(n(y))V\(n(cy))"
        } else if arms.down > 0 {
          d += "M\(n(cx + o)) \(n(cy))V\(n(y + height))"
        }
      }
      return stroke(d, weight == 2 ? 2.4 : 1.2, ink)
    }

    private func stroke(_ d: String, _ weight: Double, _ ink: String) -> String {
      "<path d=\"\(d)\" fill=\"none\" stroke=\"\(ink)\" stroke-width=\"\(n(weight))\"/>\n"
    }
  }
}
