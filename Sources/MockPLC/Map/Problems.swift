import Yams

/// One mistake in a map or a script.
public struct FileProblem: Error, Hashable, Sendable, CustomStringConvertible {
  public var file: String
  /// 1-based; 0 when the mistake is the file itself.
  public var line: Int
  public var column: Int
  /// Such as `registers[0].type`; empty for the file itself.
  public var path: String
  public var message: String

  /// `plant.yaml:12:7: registers[0].type: ...`
  public var description: String {
    let place = line > 0 ? "\(file):\(line):\(column): " : "\(file): "
    return place + (path.isEmpty ? "" : "\(path): ") + message
  }
}

/// Every mistake of one file, in order of position; one line each.
public struct FileProblems: Error, Hashable, Sendable, CustomStringConvertible {
  public var list: [FileProblem]

  public var description: String { list.map(\.description).joined(separator: "\n") }
}

/// Collects the mistakes of one file while it is read.
final class ProblemList {
  let file: String
  private(set) var list: [FileProblem] = []
  private var reported: Set<FileProblem> = []

  init(file: String) {
    self.file = file
  }

  /// Reports once: what several units share is read once for each.
  func report(_ mark: Mark?, _ path: String, _ message: String) {
    let problem = FileProblem(
      file: file, line: mark?.line ?? 0, column: mark?.column ?? 0, path: Self.visible(path),
      message: Self.visible(message))
    if reported.insert(problem).inserted { list.append(problem) }
  }

  /// Messages quote the file, which may hold what a terminal would obey.
  private static func visible(_ text: String) -> String {
    text.unicodeScalars.reduce(into: "") { visible, scalar in
      let isControl = scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value)
      if isControl || scalar.properties.generalCategory == .format {
        visible += "\\u{\(String(scalar.value, radix: 16))}"
      } else {
        visible.unicodeScalars.append(scalar)
      }
    }
  }

  /// Throws when there is any.
  func check() throws(FileProblems) {
    guard !list.isEmpty else { return }
    // Stable: equal positions keep the order of discovery.
    let sorted = list.enumerated().sorted {
      ($0.element.line, $0.element.column, $0.offset) < ($1.element.line, $1.element.column, $1.offset)
    }
    throw FileProblems(list: sorted.map(\.element))
  }

  /// The file's one YAML document; `nil` and a report when it has none.
  func document(_ text: String) -> Node? {
    do {
      if let node = try Yams.compose(yaml: text) { return node }
      report(nil, "", "is empty")
    } catch let error as YamlError {
      report(error)
    } catch {
      report(nil, "", "\(error)")
    }
    return nil
  }

  private func report(_ error: YamlError) {
    switch error {
    case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
      .composer(_, let problem, let mark, _):
      report(mark, "", problem)
    case .duplicatedKeysInMapping(let duplicates, let context):
      report(context.mark, "", "duplicate keys: \(duplicates.sorted().joined(separator: ", "))")
    default:
      report(nil, "", "not YAML: \(error)".split(separator: "\n").joined(separator: " "))
    }
  }
}
