import Yams

/// The text of one file, checked before and while the YAML parser sees it, cut into documents.
struct SourceText {
  /// What keeps a hostile file from costing much. Documented in the manifest reference.
  enum Limit {
    /// Bytes of one file.
    static let fileSize = 4 << 20
    /// Characters of one file that may begin a node; see `NodeGuard`. 10,000 devices have about 200,000.
    static let marks = 300_000
    /// Aliases of one file, and bytes of a file that has any.
    static let aliases = 50
    static let aliasedFileSize = 64 << 10
    /// Duplicate keys named before the parser gives up on a file.
    static let duplicateKeys = 20
  }

  struct Problem {
    var position: SourcePosition
    var message: String
    var related: SourcePosition?
  }

  /// Documents in order, up to the first syntax error.
  private(set) var documents: [SourceNode] = []
  private(set) var problems: [Problem] = []

  init(_ bytes: [UInt8]) {
    guard bytes.count <= Limit.fileSize else {
      report(1, 1, "file is \(bytes.count) bytes, the limit is \(Limit.fileSize)")
      return
    }
    guard var text = String(validating: bytes, as: UTF8.self) else {
      report(1, 1, "not UTF-8 text")
      return
    }
    if text.unicodeScalars.first == "\u{FEFF}" { text.unicodeScalars.removeFirst() }
    if let problem = Self.firstUnprintable(in: text) {
      problems.append(problem)
      return
    }
    if let problem = NodeGuard.problem(in: bytes) {
      problems.append(problem)
      return
    }
    if let problem = AliasGuard.problem(in: text, size: bytes.count) {
      problems.append(problem)
      return
    }
    compose(text)
  }

  private mutating func report(_ line: Int, _ column: Int, _ message: String) {
    problems.append(Problem(position: SourcePosition(line: line, column: column), message: message))
  }

  /// Also what YAML takes for line breaks and `git blame` does not (U+0085, U+2028, U+2029): with them
  /// gone, both count lines alike.
  private static func firstUnprintable(in text: String) -> Problem? {
    var line = 1
    var column = 1
    var previous: Unicode.Scalar = " "
    for scalar in text.unicodeScalars {
      if previous == "\r" && scalar != "\n" {
        return Problem(
          position: SourcePosition(line: line, column: column - 1), message: "carriage return inside a line")
      }
      switch scalar {
      case "\n":
        line += 1
        column = 0
      case "\t", "\r": break
      default:
        if PrintableText.isUnprintable(scalar) {
          return Problem(
            position: SourcePosition(line: line, column: column),
            message: "unprintable character \(PrintableText.name(of: scalar))")
        }
      }
      column += 1
      previous = scalar
    }
    return nil
  }

  /// The parser stops at a duplicate key. Each one found is renamed in a copy of the text, at the same
  /// length, so that it goes on and everything else wrong is told too; positions stay true.
  private mutating func compose(_ original: String) {
    var text = original
    var renamed: [Rename] = []
    for attempt in 0...Limit.duplicateKeys {
      do {
        let parser = try Parser(yaml: text, resolver: .basic, encoding: .utf8)
        documents = []
        while let node = try parser.nextRoot() { documents.append(SourceNode(node)) }
        break
      } catch YamlError.duplicatedKeysInMapping(let names, let context) {
        let position = SourcePosition(line: context.mark.line, column: context.mark.column)
        guard attempt < Limit.duplicateKeys, let name = names.first,
          let rename = Rename(name: name, at: position, in: &text, number: attempt)
        else {
          let shown = PrintableText.escaped(names.first ?? "", limit: 60)
          problems.append(Problem(position: position, message: "duplicate key \(shown)"))
          break
        }
        renamed.append(rename)
      } catch let error as YamlError {
        problems.append(Self.problem(from: error))
        break
      } catch {
        report(1, 1, "cannot be read as YAML")
        break
      }
    }
    if !renamed.isEmpty { locateDuplicates(renamed) }
  }

  private static func problem(from error: YamlError) -> Problem {
    switch error {
    case .scanner(let context, let problem, let mark, _), .parser(let context, let problem, let mark, _),
      .composer(let context, let problem, let mark, _):
      let words = [context?.text.trimmingSuffix(" "), problem].compactMap { $0 }.filter { !$0.isEmpty }
      return Problem(
        position: SourcePosition(line: max(1, mark.line), column: max(1, mark.column)),
        message: "YAML syntax: " + PrintableText.escaped(words.joined(separator: ": "), limit: 200))
    case .reader(let problem, _, _, _):
      return Problem(
        position: SourcePosition(line: 1, column: 1),
        message: "YAML syntax: " + PrintableText.escaped(problem, limit: 200))
    default:
      return Problem(position: SourcePosition(line: 1, column: 1), message: "cannot be read as YAML")
    }
  }
}

extension SourceText {
  /// A key whose first of several appearances was renamed.
  fileprivate struct Rename {
    let name: String
    let position: SourcePosition
    let alias: String

    /// Only plain keys of two characters or more: others end the parsing.
    init?(name: String, at position: SourcePosition, in text: inout String, number: Int) {
      guard name.count >= 2, name.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber) }) else {
        return nil
      }
      guard let range = TextLines(text).range(of: name, at: position, in: text) else { return nil }
      let mark = String(UnicodeScalar(0x4E00 + UInt32(number)).map(Character.init) ?? "\u{4E00}")
      alias = String(repeating: mark, count: name.count)
      self.name = name
      self.position = position
      text.replaceSubrange(range, with: alias)
    }
  }

  /// Gives renamed keys their names back, dropping them, and says where each was and where it is again.
  private mutating func locateDuplicates(_ renamed: [Rename]) {
    for rename in renamed {
      var again: SourcePosition?
      for document in documents where again == nil {
        again = Self.twin(of: rename, in: document, depth: 0)
      }
      guard let again else {
        problems.append(Problem(position: rename.position, message: "duplicate key \(rename.name)"))
        continue
      }
      problems.append(
        Problem(
          position: again, message: "duplicate key \(rename.name), first at line \(rename.position.line)",
          related: rename.position))
    }
    documents = documents.map { $0.dropping(Set(renamed.map(\.alias))) }
  }

  /// Where the same mapping has the key once more. Looks no deeper than manifests go.
  private static func twin(of rename: Rename, in node: SourceNode, depth: Int) -> SourcePosition? {
    guard depth < 12 else { return nil }
    switch node.content {
    case .mapping(let fields):
      if fields.contains(where: { $0.key == rename.alias && $0.position == rename.position }) {
        return fields.first { $0.key == rename.name }?.position
      }
      for field in fields {
        if let found = twin(of: rename, in: field.value, depth: depth + 1) { return found }
      }
    case .sequence(let nodes):
      for node in nodes {
        if let found = twin(of: rename, in: node, depth: depth + 1) { return found }
      }
    default: break
    }
    return nil
  }
}

extension String {
  fileprivate func trimmingSuffix(_ suffix: Character) -> String {
    var text = self[...]
    while text.last == suffix { text = text.dropLast() }
    return String(text)
  }
}
