import Yams

/// Line and column in the text, 1-based, columns in characters.
struct SourcePosition: Hashable, Sendable {
  var line: Int
  var column: Int
}

/// One node of a document, from YAML text or from an object of the API server. Looked at one level at a time:
/// aliases share what they point to, so a document is never unfolded into more than its text.
struct SourceNode {
  enum Content {
    case null
    /// `written` is the text as in the file, for messages.
    case scalar(ManifestValue, written: String)
    case sequence([SourceNode])
    case mapping([SourceField])
    /// Nothing a manifest may hold; why.
    case unusable(String)
  }

  private enum Backing {
    case yaml(Yams.Node)
    case value(ManifestValue)
  }

  private let backing: Backing
  let position: SourcePosition?

  init(_ node: Yams.Node) {
    backing = .yaml(node)
    position = node.mark.map { SourcePosition(line: $0.line, column: $0.column) }
  }

  init(_ value: ManifestValue) {
    backing = .value(value)
    position = nil
  }

  var content: Content {
    switch backing {
    case .yaml(let node): Self.content(of: node)
    case .value(let value): Self.content(of: value)
    }
  }

  private static func content(of node: Yams.Node) -> Content {
    switch node {
    case .scalar(let scalar): YAMLScalar.content(of: scalar)
    case .sequence(let sequence):
      isPlainCollection(sequence.tag) ? .sequence(sequence.map(SourceNode.init)) : .unusable(tagMessage)
    case .mapping(let mapping):
      isPlainCollection(mapping.tag) ? .mapping(mapping.map(SourceField.init)) : .unusable(tagMessage)
    case .alias: .unusable("an alias that points to nothing")
    }
  }

  private static let tagMessage = "YAML tags are not supported here"

  private static func isPlainCollection(_ tag: Tag) -> Bool {
    ["", "tag:yaml.org,2002:map", "tag:yaml.org,2002:seq"].contains(tag.rawValue)
  }

  private static func content(of value: ManifestValue) -> Content {
    switch value {
    case .null: .null
    case .array(let elements): .sequence(elements.map(SourceNode.init))
    case .object(let members):
      .mapping(members.map { SourceField(key: $0.name, position: nil, value: SourceNode($0.value)) })
    case .string(let text): .scalar(value, written: text)
    default: .scalar(value, written: value.described)
    }
  }

  /// The value of a field, where this is a mapping that has it.
  func child(_ name: String) -> SourceNode? {
    guard case .mapping(let fields) = content else { return nil }
    return fields.first { $0.key == name }?.value
  }

  var text: String? {
    if case .scalar(.string(let text), _) = content { text } else { nil }
  }
}

/// A key with its value.
struct SourceField {
  /// `nil`: the key is not plain text.
  let key: String?
  let position: SourcePosition?
  let value: SourceNode

  init(key: String?, position: SourcePosition?, value: SourceNode) {
    self.key = key
    self.position = position
    self.value = value
  }

  fileprivate init(key: Yams.Node, value: Yams.Node) {
    self.init(
      key: key.scalar?.string, position: key.mark.map { SourcePosition(line: $0.line, column: $0.column) },
      value: SourceNode(value))
  }
}

extension SourceNode {
  /// The same without the fields of these names, at any depth a manifest has.
  func dropping(_ names: Set<String>) -> SourceNode {
    guard case .yaml(let node) = backing else { return self }
    return SourceNode(Self.strip(node, names, 0))
  }

  private static func strip(_ node: Yams.Node, _ names: Set<String>, _ depth: Int) -> Yams.Node {
    guard depth < 12 else { return node }
    switch node {
    case .mapping(let mapping):
      let pairs = mapping.filter { !names.contains($0.key.scalar?.string ?? "") }
        .map { ($0.key, strip($0.value, names, depth + 1)) }
      return .mapping(.init(pairs, mapping.tag, mapping.style, mapping.mark))
    case .sequence(let sequence):
      return .sequence(
        .init(sequence.map { strip($0, names, depth + 1) }, sequence.tag, sequence.style, sequence.mark))
    default: return node
    }
  }
}

extension SourceNode {
  /// The field of a mapping.
  func field(_ name: String) -> SourceField? {
    guard case .mapping(let fields) = content else { return nil }
    return fields.first { $0.key == name }
  }

  /// The entry of a list.
  func element(_ index: Int) -> SourceNode? {
    guard case .sequence(let nodes) = content, nodes.indices.contains(index) else { return nil }
    return nodes[index]
  }

  /// A scalar of YAML text, for changing it in place; `nil` for block scalars and everything else.
  var token: ScalarToken? {
    guard case .yaml(.scalar(let scalar)) = backing else { return nil }
    switch scalar.style {
    case .plain: return ScalarToken(style: .plain, value: scalar.string)
    case .singleQuoted: return ScalarToken(style: .singleQuoted, value: scalar.string)
    case .doubleQuoted: return ScalarToken(style: .doubleQuoted, value: scalar.string)
    default: return nil
    }
  }
}
