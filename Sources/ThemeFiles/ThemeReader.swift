import Terminal
import Yams

/// Walks the nodes of one theme file and collects what is wrong with it.
struct ThemeReader {
  let file: String
  private(set) var problems: [ThemeProblem] = []
  private var palette: [String: RGB] = [:]

  init(file: String) { self.file = file }

  mutating func read(_ root: Node) -> Theme? {
    guard let fields = mapping(root, of: "a theme", keys: ["name", "summary", "dark", "palette", "roles"])
    else {
      return nil
    }
    readPalette(fields["palette"])
    let looks = readRoles(fields["roles"])
    let name = fields["name"].flatMap { text($0, "name") } ?? ""
    if fields["name"] == nil { report(root, "name is missing") }
    if let node = fields["name"], !Self.isName(name) {
      report(node, "name: only letters, digits, - and _, at most 40")
    }
    let summary = fields["summary"].flatMap { text($0, "summary") } ?? ""
    if fields["roles"] == nil { report(root, "roles is missing") }
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
      report(node, "dark: true or false")
      return true
    }
    return value
  }

  private mutating func readPalette(_ node: Node?) {
    guard let node, let fields = pairs(node, of: "palette") else { return }
    for (key, value) in fields {
      guard let name = text(key, "palette"), let written = text(value, "palette.\(name)") else { continue }
      guard let color = Self.hex(written) else {
        report(value, "palette.\(name): not a colour like \"#1c1c1c\"")
        continue
      }
      palette[name] = color
    }
  }

  private mutating func readRoles(_ node: Node?) -> [Role: Theme.Look] {
    guard let node, let fields = pairs(node, of: "roles") else { return [:] }
    var looks: [Role: Theme.Look] = [:]
    let known = Role.allCases.map(\.name)
    for (key, value) in fields {
      guard let name = text(key, "roles") else { continue }
      guard let role = Role(name: name) else {
        report(key, "roles.\(name): unknown role" + Suggestion.phrase(name, among: known))
        continue
      }
      if looks[role] != nil { report(key, "roles.\(name): given twice") }
      looks[role] = look(value, "roles.\(name)")
    }
    return looks
  }

  private mutating func look(_ node: Node, _ path: String) -> Theme.Look {
    guard let fields = mapping(node, of: path, keys: ["fg", "bg", "attributes", "ansi", "mono"]) else {
      return Theme.Look()
    }
    var look = Theme.Look()
    look.foreground = fields["fg"].flatMap { color($0, "\(path).fg") }
    look.background = fields["bg"].flatMap { color($0, "\(path).bg") }
    look.attributes = fields["attributes"].map { attributes($0, "\(path).attributes") } ?? []
    look.mono = fields["mono"].map { attributes($0, "\(path).mono") }
    if let ansi = fields["ansi"], let parts = mapping(ansi, of: "\(path).ansi", keys: ["fg", "bg"]) {
      look.ansiForeground = parts["fg"].flatMap { paletteEntry($0, "\(path).ansi.fg") }
      look.ansiBackground = parts["bg"].flatMap { paletteEntry($0, "\(path).ansi.bg") }
    }
    return look
  }

  private mutating func color(_ node: Node, _ path: String) -> RGB? {
    guard let written = text(node, path) else { return nil }
    if let color = palette[written] ?? Self.hex(written) { return color }
    report(
      node,
      "\(path): neither \"#rrggbb\" nor a colour of the palette"
        + Suggestion.phrase(written, among: palette.keys.sorted()))
    return nil
  }

  private mutating func paletteEntry(_ node: Node, _ path: String) -> UInt8? {
    guard let written = text(node, path) else { return nil }
    if let index = Palette.names.firstIndex(of: written) { return UInt8(index) }
    report(node, "\(path): none of the 16 colours" + Suggestion.phrase(written, among: Palette.names))
    return nil
  }

  private mutating func attributes(_ node: Node, _ path: String) -> Attributes {
    guard case .sequence(let list) = node else {
      report(node, "\(path): a list such as [bold, underline]")
      return []
    }
    var result: Attributes = []
    for item in list {
      guard let name = text(item, path) else { continue }
      if let flag = Attributes.names.first(where: { $0.1 == name })?.0 {
        result.insert(flag)
      } else {
        report(
          item,
          "\(path): unknown attribute \(name)" + Suggestion.phrase(name, among: Attributes.names.map(\.1)))
      }
    }
    return result
  }

  // MARK: Nodes

  private mutating func mapping(_ node: Node, of path: String, keys: [String]) -> [String: Node]? {
    guard let fields = pairs(node, of: path) else { return nil }
    var result: [String: Node] = [:]
    for (key, value) in fields {
      guard let name = text(key, path) else { continue }
      guard keys.contains(name) else {
        report(key, "\(name): unknown field" + Suggestion.phrase(name, among: keys))
        continue
      }
      if result[name] != nil { report(key, "\(name): given twice") }
      result[name] = value
    }
    return result
  }

  private mutating func pairs(_ node: Node, of path: String) -> [(key: Node, value: Node)]? {
    guard case .mapping(let mapping) = node else {
      report(node, "\(path): fields expected here")
      return nil
    }
    return Array(mapping)
  }

  private mutating func text(_ node: Node, _ path: String) -> String? {
    if case .scalar(let scalar) = node { return scalar.string }
    report(node, "\(path): a single value expected here")
    return nil
  }

  private mutating func report(_ node: Node, _ message: String) {
    let safe = TextFit.prefix(of: message, columns: 200)
    problems.append(
      ThemeProblem(file: file, line: node.mark?.line ?? 1, column: node.mark?.column ?? 1, message: safe))
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
