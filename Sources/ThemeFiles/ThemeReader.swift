import Terminal
import Yams

/// Walks the nodes of one theme file and collects what is wrong with it.
struct ThemeReader {
  private var walk: NodeWalk
  private var palette: [String: RGB] = [:]

  init(file: String) { walk = NodeWalk(file: file) }

  var problems: [ThemeProblem] { walk.problems }

  mutating func read(_ root: Node) -> Theme? {
    guard
      let fields = walk.mapping(root, of: "a theme", keys: ["name", "summary", "dark", "palette", "roles"])
    else {
      return nil
    }
    readPalette(fields["palette"])
    let looks = readRoles(fields["roles"])
    let name = fields["name"].flatMap { walk.text($0, "name") } ?? ""
    if fields["name"] == nil { walk.report(root, "name is missing") }
    if let node = fields["name"], !Self.isName(name) {
      walk.report(node, "name: only letters, digits, - and _, at most 40")
    }
    let summary = fields["summary"].flatMap { walk.text($0, "summary") } ?? ""
    if fields["roles"] == nil { walk.report(root, "roles is missing") }
    return Theme(name: name, summary: summary, isDark: readDark(fields["dark"]), looks: looks)
  }

  static func isName(_ name: String) -> Bool {
    !name.isEmpty && name.utf8.count <= 40
      && name.utf8.allSatisfy { byte in
        (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
          || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_")
      }
  }

  private mutating func readDark(_ node: Node?) -> Bool {
    guard let node else { return true }
    guard let value = node.bool else {
      walk.report(node, "dark: true or false")
      return true
    }
    return value
  }

  private mutating func readPalette(_ node: Node?) {
    guard let node, let fields = walk.pairs(node, of: "palette") else { return }
    for (key, value) in fields {
      guard let name = walk.text(key, "palette"), let written = walk.text(value, "palette.\(name)") else {
        continue
      }
      guard let color = Self.hex(written) else {
        walk.report(value, "palette.\(name): not a colour like \"#1c1c1c\"")
        continue
      }
      palette[name] = color
    }
  }

  private mutating func readRoles(_ node: Node?) -> [Role: Theme.Look] {
    guard let node, let fields = walk.pairs(node, of: "roles") else { return [:] }
    var looks: [Role: Theme.Look] = [:]
    let known = Role.allCases.map(\.name)
    for (key, value) in fields {
      guard let name = walk.text(key, "roles") else { continue }
      guard let role = Role(name: name) else {
        walk.report(key, "roles.\(name): unknown role" + Suggestion.phrase(name, among: known))
        continue
      }
      if looks[role] != nil { walk.report(key, "roles.\(name): given twice") }
      looks[role] = look(value, "roles.\(name)")
    }
    return looks
  }

  private mutating func look(_ node: Node, _ path: String) -> Theme.Look {
    guard let fields = walk.mapping(node, of: path, keys: ["fg", "bg", "attributes", "ansi", "mono"]) else {
      return Theme.Look()
    }
    var look = Theme.Look()
    look.foreground = fields["fg"].flatMap { color($0, "\(path).fg") }
    look.background = fields["bg"].flatMap { color($0, "\(path).bg") }
    look.attributes = fields["attributes"].map { attributes($0, "\(path).attributes") } ?? []
    look.mono = fields["mono"].map { attributes($0, "\(path).mono") }
    if let ansi = fields["ansi"], let parts = walk.mapping(ansi, of: "\(path).ansi", keys: ["fg", "bg"]) {
      look.ansiForeground = parts["fg"].flatMap { paletteEntry($0, "\(path).ansi.fg") }
      look.ansiBackground = parts["bg"].flatMap { paletteEntry($0, "\(path).ansi.bg") }
    }
    return look
  }

  private mutating func color(_ node: Node, _ path: String) -> RGB? {
    guard let written = walk.text(node, path) else { return nil }
    if let color = palette[written] ?? Self.hex(written) { return color }
    walk.report(
      node,
      "\(path): neither \"#rrggbb\" nor a colour of the palette"
        + Suggestion.phrase(written, among: palette.keys.sorted()))
    return nil
  }

  private mutating func paletteEntry(_ node: Node, _ path: String) -> UInt8? {
    guard let written = walk.text(node, path) else { return nil }
    if let index = Palette.names.firstIndex(of: written) { return UInt8(index) }
    walk.report(node, "\(path): none of the 16 colours" + Suggestion.phrase(written, among: Palette.names))
    return nil
  }

  private mutating func attributes(_ node: Node, _ path: String) -> Attributes {
    guard case .sequence(let list) = node else {
      walk.report(node, "\(path): a list such as [bold, underline]")
      return []
    }
    var result: Attributes = []
    for item in list {
      guard let name = walk.text(item, path) else { continue }
      if let flag = Attributes.names.first(where: { $0.1 == name })?.0 {
        result.insert(flag)
      } else {
        walk.report(
          item,
          "\(path): unknown attribute \(name)" + Suggestion.phrase(name, among: Attributes.names.map(\.1)))
      }
    }
    return result
  }

  /// `#rrggbb` or `#rgb`.
  static func hex(_ text: String) -> RGB? {
    guard text.hasPrefix("#"), let value = UInt32(text.dropFirst(), radix: 16), !text.contains("+") else {
      return nil
    }
    switch text.utf8.count {
    case 7: return RGB(value)
    case 4:
      func twice(_ shift: UInt32) -> UInt8 { UInt8(truncatingIfNeeded: (value >> shift & 15) * 17) }
      return RGB(twice(8), twice(4), twice(0))
    default: return nil
    }
  }
}
