import ArgumentParser
import Control

/// `--selector`, shared by the commands about several devices.
struct SelectorOption: ParsableArguments {
  @Option(
    name: [.customShort("l"), .customLong("selector")],
    help: ArgumentHelp(
      "Only devices with these labels and tags: `zone=a`, `zone!=a`, `zone in (a,b)`, `zone notin (a)`, `zone`, "
        + "`!zone`, `tag:x`; all of several, by commas.", valueName: "selector"),
    transform: DeviceSelector.parse)
  var selector: DeviceSelector?
}

/// Which devices a command is about.
struct DeviceSelection {
  /// `name` or `namespace/name`.
  var names: [String]
  var selector: DeviceSelector?

  init(names: [String], selector: DeviceSelector? = nil) {
    self.names = names.map(Self.withoutKind)
    self.selector = selector
  }

  /// What `-o name` and kubectl print is a name, too: `industrialplc.fabgitops.io/line-1`, `plc/line-1`.
  static func withoutKind(_ name: String) -> String {
    let kinds = ["industrialplc", "industrialplcs", "plc"].flatMap { [$0, "\($0).fabgitops.io"] }
    guard let slash = name.firstIndex(of: "/"), kinds.contains(String(name[..<slash])) else { return name }
    return String(name[name.index(after: slash)...])
  }

  func matches(_ spec: DeviceSpec) -> Bool {
    let named = names.isEmpty || names.contains(spec.id.name) || names.contains(spec.id.description)
    return named && selector?.matches(spec) ?? true
  }

  /// The named ones that are not there, as one line; throws nothing when all are.
  func requireAll(in ids: [DeviceID]) throws {
    let missing = names.filter { name in !ids.contains { $0.name == name || $0.description == name } }
    guard !missing.isEmpty else { return }
    let known = ids.prefix(5).map(\.name).joined(separator: ", ") + (ids.count > 5 ? ", …" : "")
    throw CommandFailure(
      .usage, "fabctl: no such device: \(missing.joined(separator: ", ")) (there are \(known))")
  }

  /// Who acts means one device: a name that several namespaces have must be said in full.
  func requireOneEach(in ids: [DeviceID]) throws {
    for name in names where !name.contains("/") {
      let same = ids.filter { $0.name == name }
      guard same.count > 1 else { continue }
      let all = same.map(\.description).sorted().prefix(5).joined(separator: ", ")
      throw CommandFailure(.usage, "fabctl: \(name) is in several namespaces; say which: \(all)")
    }
  }
}

/// A selector as kubectl knows it, for labels and, as `tag:x`, for tags. A word alone is a label or a tag.
struct DeviceSelector {
  /// For an option's `transform`.
  @Sendable static func parse(_ text: String) throws -> DeviceSelector {
    guard let value = DeviceSelector(argument: text) else {
      throw ValidationError("a selector is written zone=a, zone!=a, zone in (a,b), !zone or tag:x")
    }
    return value
  }

  enum Term: Hashable {
    case isOneOf(key: String, values: [String], negated: Bool)
    case exists(key: String, negated: Bool)
    case tag(String, negated: Bool)
  }
  let terms: [Term]

  /// `nil`: not a selector.
  init?(argument: String) {
    var terms: [Term] = []
    for part in Self.parts(argument) {
      guard let term = Self.term(part) else { return nil }
      terms.append(term)
    }
    guard !terms.isEmpty else { return nil }
    self.terms = terms
  }

  func matches(_ spec: DeviceSpec) -> Bool {
    terms.allSatisfy { term in
      switch term {
      case .isOneOf(let key, let values, let negated):
        let value = spec.labels.first { $0.key == key }?.value
        return (value.map(values.contains) ?? false) != negated
      case .exists(let key, let negated):
        return (spec.labels.contains { $0.key == key } || spec.tags.contains(key)) != negated
      case .tag(let tag, let negated): return spec.tags.contains(tag) != negated
      }
    }
  }

  /// Splits at commas outside of parentheses.
  private static func parts(_ text: String) -> [String] {
    var parts = [""]
    var depth = 0
    for character in text {
      if character == "(" { depth += 1 }
      if character == ")" { depth -= 1 }
      if character == ",", depth == 0 {
        parts.append("")
      } else {
        parts[parts.count - 1].append(character)
      }
    }
    return parts.map { $0.trimmed }
  }

  private static func term(_ text: String) -> Term? {
    for (word, negated) in [(" notin ", true), (" in ", false)] {
      guard let range = text.firstRange(of: word) else { continue }
      let list = String(text[range.upperBound...]).trimmed
      guard list.hasPrefix("("), list.hasSuffix(")"), let key = name(String(text[..<range.lowerBound])) else {
        return nil
      }
      let values = list.dropFirst().dropLast().split(separator: ",").map { String($0).trimmed }
      return values.isEmpty ? nil : .isOneOf(key: key, values: values, negated: negated)
    }
    for (mark, negated) in [("!=", true), ("==", false), ("=", false)] {
      guard let range = text.firstRange(of: mark) else { continue }
      guard let key = name(String(text[..<range.lowerBound])) else { return nil }
      let value = String(text[range.upperBound...]).trimmed
      guard value.isEmpty || name(value) != nil else { return nil }
      return .isOneOf(key: key, values: [value], negated: negated)
    }
    let negated = text.hasPrefix("!")
    let rest = (negated ? String(text.dropFirst()) : text).trimmed
    if rest.hasPrefix("tag:") {
      let tag = String(rest.dropFirst(4))
      return tag.isEmpty ? nil : .tag(tag, negated: negated)
    }
    return name(rest).map { .exists(key: $0, negated: negated) }
  }

  /// A label's key or value: letters, digits, `-`, `_`, `.` and `/`.
  private static func name(_ text: String) -> String? {
    let text = text.trimmed
    let fits = text.allSatisfy { $0.isLetter || $0.isNumber || "-_./".contains($0) }
    return fits && !text.isEmpty ? text : nil
  }
}

extension String {
  fileprivate var trimmed: String {
    var text = self[...]
    while text.first == " " { text.removeFirst() }
    while text.last == " " { text.removeLast() }
    return String(text)
  }
}
