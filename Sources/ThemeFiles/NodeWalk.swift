import Terminal
import Yams

/// Takes the nodes of one YAML file apart and collects what is wrong with them.
struct NodeWalk {
  let file: String
  private(set) var problems: [ThemeProblem] = []

  init(file: String) { self.file = file }

  mutating func mapping(_ node: Node, of path: String, keys: [String]) -> [String: Node]? {
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

  mutating func pairs(_ node: Node, of path: String) -> [(key: Node, value: Node)]? {
    guard case .mapping(let mapping) = node else {
      report(node, "\(path): fields expected here")
      return nil
    }
    return Array(mapping)
  }

  mutating func text(_ node: Node, _ path: String) -> String? {
    if case .scalar(let scalar) = node { return scalar.string }
    report(node, "\(path): a single value expected here")
    return nil
  }

  /// A list of single values, or one of them by itself.
  mutating func list(_ node: Node, _ path: String) -> [(text: String, node: Node)]? {
    guard case .sequence(let items) = node else { return text(node, path).map { [($0, node)] } }
    return items.compactMap { item in text(item, path).map { ($0, item) } }
  }

  /// One of `known`, or a report that names the nearest.
  mutating func word(_ node: Node, _ path: String, among known: [String]) -> String? {
    guard let word = text(node, path) else { return nil }
    if known.contains(word) { return word }
    report(
      node,
      "\(path): \(word) is none of \(known.joined(separator: ", "))" + Suggestion.phrase(word, among: known))
    return nil
  }

  mutating func report(_ node: Node, _ message: String) {
    let safe = TextFit.prefix(of: message, columns: 300)
    problems.append(
      ThemeProblem(file: file, line: node.mark?.line ?? 1, column: node.mark?.column ?? 1, message: safe))
  }

  /// The root of a file, or what stands in the way of having one.
  static func root(_ yaml: String, file: String) throws(ThemeError) -> Node {
    guard yaml.utf8.count <= ThemeFile.sizeLimit else {
      throw .invalid([ThemeProblem(file: file, line: 1, column: 1, message: "larger than 256 KiB")])
    }
    let root: Node?
    do {
      root = try Yams.compose(yaml: yaml)
    } catch let error as YamlError {
      throw .invalid([syntaxProblem(error, file: file)])
    } catch {
      throw .invalid([ThemeProblem(file: file, line: 1, column: 1, message: "\(error)")])
    }
    guard let root else {
      throw .invalid([ThemeProblem(file: file, line: 1, column: 1, message: "the file is empty")])
    }
    return root
  }

  private static func syntaxProblem(_ error: YamlError, file: String) -> ThemeProblem {
    switch error {
    case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
      .composer(_, let problem, let mark, _):
      ThemeProblem(file: file, line: mark.line, column: mark.column, message: problem)
    default: ThemeProblem(file: file, line: 1, column: 1, message: "not readable as YAML")
    }
  }
}
