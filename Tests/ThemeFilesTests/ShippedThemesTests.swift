import Foundation
import Terminal
import Testing

@testable import ThemeFiles

@Suite struct ShippedThemesTests {
  static let names = ThemeLibrary.shippedNames
  static let colored = names.filter { $0 != "mono" }

  @Test func theProgramCarriesTheFilesAsTheyAre() throws {
    let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().appendingPathComponent("themes")
    let files = try FileManager.default.contentsOfDirectory(atPath: folder.path).filter {
      $0.hasSuffix(".yaml")
    }
    #expect(Set(files) == Set(Self.names.map { $0 + ".yaml" }), "run themes/embed")
    for (name, yaml) in ShippedThemes.files {
      let file = try String(contentsOf: folder.appendingPathComponent(name + ".yaml"), encoding: .utf8)
      #expect(file == yaml, "\(name): run themes/embed")
    }
  }

  @Test func theNamesAreTheContract() {
    #expect(
      Self.names == [
        "isa101", "isa101-light", "midnight", "high-contrast", "deuteranopia", "tritanopia", "mono",
      ])
    #expect(ThemeLibrary.defaultName == "isa101")
  }

  // Each role on its own ground and on every ground that texts of other roles stand on. Decoration is no text.
  @Test(arguments: names)
  func everyTextCanBeRead(name: String) throws {
    let theme = try #require(try ThemeLibrary.shipped(name))
    let minimum = name == "high-contrast" ? 7.0 : 4.5
    for role in Role.allCases where !role.isDecoration {
      for surface in [nil, Role.selection, .selectionUnfocused, .header, .dialog] {
        let look = theme.resolve(Style(role, on: surface), depth: .indexed256)
        guard let front = color(look.foreground), let back = color(look.background) else {
          #expect(name == "mono")
          continue
        }
        let contrast = front.contrast(with: back)
        let needed = surface == nil ? minimum : 4.5
        #expect(contrast >= needed, "\(name) \(role) on \(String(describing: surface)): \(contrast)")
      }
    }
  }

  // Without help from the resolver: what the file itself asks for on the page can be read.
  @Test(arguments: colored)
  func theFilesThemselvesAskForReadableColours(name: String) throws {
    let theme = try #require(try ThemeLibrary.shipped(name))
    for role in Role.allCases where !role.isDecoration {
      let look = theme.look(role)
      let front = try #require(look.foreground ?? theme.look(.text).foreground)
      let back = try #require(look.background ?? theme.look(.text).background)
      let contrast = front.contrast(with: back)
      #expect(contrast >= 4.5, "\(name) \(role): \(contrast)")
    }
  }

  @Test(arguments: colored, Vision.allCases)
  func statesStayApart(name: String, vision: Vision) throws {
    let theme = try #require(try ThemeLibrary.shipped(name))
    var seen: [(Role, Lab)] = []
    for role in Role.states {
      let look = theme.resolve(Style(role), depth: .indexed256)
      // A banner is told by its ground.
      let paint = theme.look(role).background == nil ? look.foreground : look.background
      let lab = Lab(vision.sees(try #require(color(paint))))
      for (other, otherLab) in seen {
        let difference = lab.difference(otherLab)
        #expect(difference >= 10, "\(name), \(vision): \(role) and \(other) differ by \(difference)")
      }
      seen.append((role, lab))
    }
  }

  @Test func theDefaultIsGreyWhileAllIsWell() throws {
    let theme = try #require(try ThemeLibrary.shipped(ThemeLibrary.defaultName))
    for role in [Role.text, .good, .title, .header, .border, .desired, .actual, .sparkline, .selection] {
      for color in [theme.look(role).foreground, theme.look(role).background].compactMap({ $0 }) {
        #expect(color.red == color.green && color.green == color.blue, "\(role)")
      }
    }
    let drifted = try #require(theme.look(.drifted).foreground)
    #expect(drifted.red != drifted.blue)
  }

  @Test func monoHasNoColour() throws {
    let theme = try #require(try ThemeLibrary.shipped("mono"))
    for role in Role.allCases {
      let look = theme.resolve(Style(role, on: .selection), depth: .trueColor)
      #expect(look.foreground == .standard && look.background == .standard)
    }
  }

  private func color(_ paint: Paint) -> RGB? {
    switch paint {
    case .standard: nil
    case .index(let index): Palette.color(index)
    case .rgb(let color): color
    }
  }
}

/// How people see colours: matrices on linear light of full strength, after Machado, Oliveira and
/// Fernandes, "A physiologically-based model for simulation of color vision deficiency" (2009).
enum Vision: CaseIterable {
  case normal, deuteranopia, tritanopia

  func sees(_ color: RGB) -> (Double, Double, Double) {
    func linear(_ channel: UInt8) -> Double {
      let c = Double(channel) / 255
      return c <= 0.04045 ? c / 12.92 : pow((c + 0.055) / 1.055, 2.4)
    }
    let v = [linear(color.red), linear(color.green), linear(color.blue)]
    let rows: [[Double]] =
      switch self {
      case .normal: [[1, 0, 0], [0, 1, 0], [0, 0, 1]]
      case .deuteranopia:
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
      case .tritanopia:
        [
          [1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900],
        ]
      }
    let out = rows.map { row in min(max(zip(row, v).map(*).reduce(0, +), 0), 1) }
    return (out[0], out[1], out[2])
  }
}

/// CIE 1976 L*a*b* of linear sRGB under D65; the difference is the CIE 1976 one (2.3 is just visible).
struct Lab {
  let l, a, b: Double

  init(_ rgb: (Double, Double, Double)) {
    let (red, green, blue) = rgb
    func f(_ t: Double) -> Double { t > 216.0 / 24389 ? cbrt(t) : (24389.0 / 27 * t + 16) / 116 }
    let x = f((0.4124564 * red + 0.3575761 * green + 0.1804375 * blue) / 0.95047)
    let y = f(0.2126729 * red + 0.7151522 * green + 0.0721750 * blue)
    let z = f((0.0193339 * red + 0.1191920 * green + 0.9503041 * blue) / 1.08883)
    (l, a, b) = (116 * y - 16, 500 * (x - y), 200 * (y - z))
  }

  func difference(_ other: Lab) -> Double {
    (pow(l - other.l, 2) + pow(a - other.a, 2) + pow(b - other.b, 2)).squareRoot()
  }
}
