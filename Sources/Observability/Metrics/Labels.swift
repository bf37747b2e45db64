/// Labels of one series: valid names, bounded values, sorted by name so that equal sets are equal.
struct Labels: Hashable, Sendable {
  /// As between the braces: `function="3",kind="timeout"`.
  let rendered: [UInt8]

  static let none = Labels([])

  init(_ pairs: [(String, String)]) {
    var valid: [(name: String, value: String)] = []
    for (name, value) in pairs {
      let clean = MetricName.clean(name, colons: false)
      if !valid.contains(where: { $0.name == clean }) { valid.append((clean, value)) }
    }
    valid.sort { $0.name < $1.name }
    var bytes: [UInt8] = []
    for (name, value) in valid { Self.append(name, value, to: &bytes) }
    rendered = bytes
  }

  /// Longest label value, in bytes; what is longer is cut, since a label is a name and not a text.
  static let longest = 256

  static func append(_ name: String, _ value: String, to bytes: inout [UInt8]) {
    if !bytes.isEmpty { bytes.append(UInt8(ascii: ",")) }
    bytes.append(contentsOf: name.utf8)
    bytes.append(contentsOf: [UInt8(ascii: "="), UInt8(ascii: "\"")])
    if value.utf8.count <= longest {
      Escape.label(value, into: &bytes)
    } else {
      Escape.label(cut(value), into: &bytes)
    }
    bytes.append(UInt8(ascii: "\""))
  }

  private static func cut(_ value: String) -> Substring {
    var count = 0
    return value.prefix { character in
      count += character.utf8.count
      return count <= longest
    }
  }
}

enum MetricName {
  /// A name of the allowed alphabet, `[a-zA-Z_:][a-zA-Z0-9_:]*`; anything else becomes `_`.
  static func clean(_ name: String, colons: Bool = true) -> String {
    var bytes: [UInt8] = []
    for byte in name.utf8.prefix(Labels.longest) {
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "_"):
        bytes.append(byte)
      case UInt8(ascii: "0")...UInt8(ascii: "9"):
        if bytes.isEmpty { bytes.append(UInt8(ascii: "_")) }
        bytes.append(byte)
      case UInt8(ascii: ":") where colons: bytes.append(byte)
      default: bytes.append(UInt8(ascii: "_"))
      }
    }
    return bytes.isEmpty ? "_" : String(decoding: bytes, as: UTF8.self)
  }
}
