import Foundation
import Yams

/// Reads fields of a YAML mapping; what does not fit is an error that names file, line and field.
struct FieldReader {
  let node: Node
  let file: String
  let path: String

  var origin: Kubeconfig.Origin { .init(file: file, field: path, line: node.mark?.line) }
  var isMapping: Bool { node.mapping != nil }
  var keys: [String] { node.mapping?.keys.compactMap(\.string) ?? [] }

  /// Nil when the field is absent or null.
  private func child(_ name: String) -> Node? {
    guard let child = node.mapping?[name], child.null == nil || child.scalar?.style != .plain else {
      return nil
    }
    return child
  }

  private func childPath(_ name: String) -> String { path.isEmpty ? name : "\(path).\(name)" }

  private func wrong(_ name: String, _ node: Node, _ message: String) -> KubeconfigError {
    KubeconfigError(file: file, line: node.mark?.line, field: childPath(name), message: message)
  }

  /// Nil when absent, null or empty, which all mean "not set" to kubectl.
  func text(_ name: String) throws(KubeconfigError) -> String? {
    guard let child = child(name) else { return nil }
    guard let scalar = child.scalar else { throw wrong(name, child, "must be a text") }
    return scalar.string.isEmpty ? nil : scalar.string
  }

  func requiredText(_ name: String) throws(KubeconfigError) -> String {
    guard let text = try text(name) else { throw wrong(name, node, "is missing") }
    return text
  }

  func texts(_ name: String) throws(KubeconfigError) -> [String] {
    guard let child = child(name) else { return [] }
    guard let sequence = child.sequence else { throw wrong(name, child, "must be a list of texts") }
    var texts: [String] = []
    for element in sequence {
      guard let scalar = element.scalar else { throw wrong(name, element, "must be a list of texts") }
      texts.append(scalar.string)
    }
    return texts
  }

  func flag(_ name: String) throws(KubeconfigError) -> Bool {
    guard let child = child(name) else { return false }
    guard let value = child.bool else { throw wrong(name, child, "must be true or false") }
    return value
  }

  /// A path, made absolute from the directory of the file.
  func path(_ name: String) throws(KubeconfigError) -> String? {
    guard let text = try text(name) else { return nil }
    guard !text.hasPrefix("/") else { return text }
    let directory = URL(fileURLWithPath: file).deletingLastPathComponent()
    return directory.appendingPathComponent(text).standardizedFileURL.path
  }

  /// The text that the base64 field holds.
  func base64(_ name: String) throws(KubeconfigError) -> String? {
    guard let text = try text(name), let child = child(name) else { return nil }
    guard let data = Data(base64Encoded: text, options: .ignoreUnknownCharacters),
      let decoded = String(data: data, encoding: .utf8), !decoded.isEmpty
    else { throw wrong(name, child, "is not base64 of a PEM text") }
    return decoded
  }

  func mapping(_ name: String) throws(KubeconfigError) -> FieldReader? {
    guard let child = child(name) else { return nil }
    guard child.mapping != nil else { throw wrong(name, child, "must be a mapping") }
    return FieldReader(node: child, file: file, path: childPath(name))
  }

  func required(_ name: String) throws(KubeconfigError) -> FieldReader {
    guard let child = child(name) else {
      // `user: {}` and `user:` both say: nothing special.
      return FieldReader(node: .mapping(Node.Mapping([])), file: file, path: childPath(name))
    }
    guard child.mapping != nil else { throw wrong(name, child, "must be a mapping") }
    return FieldReader(node: child, file: file, path: childPath(name))
  }

  func entries(_ name: String) throws(KubeconfigError) -> [FieldReader] {
    guard let child = child(name) else { return [] }
    guard let sequence = child.sequence else { throw wrong(name, child, "must be a list") }
    var readers: [FieldReader] = []
    for (index, element) in sequence.enumerated() {
      let path = "\(childPath(name))[\(index)]"
      guard element.mapping != nil else {
        throw KubeconfigError(file: file, line: element.mark?.line, field: path, message: "must be a mapping")
      }
      readers.append(FieldReader(node: element, file: file, path: path))
    }
    return readers
  }
}
