/// Decides whose a document is, and reads ours.
struct DocumentReader {
  let file: String
  var devices: [ManifestDevice] = []
  var diagnostics: [Diagnostic] = []
  var skipped = 0

  init(file: String) { self.file = file }

  mutating func report(_ node: SourceNode, _ path: String, _ message: String, suggestion: String? = nil) {
    diagnostics.append(
      Diagnostic(
        location: ManifestLocation(
          file: file, line: node.position?.line ?? 0, column: node.position?.column ?? 0),
        path: path, message: message, suggestion: suggestion))
  }

  mutating func read(_ node: SourceNode, document: Int, prefix: String = "") {
    switch node.content {
    case .null: return
    case .mapping: break
    case .unusable(let problem):
      report(node, prefix, problem)
      return
    case let other:
      report(node, prefix, "expected a mapping, found \(ShapeChecker.described(other))")
      return
    }
    let kindNode = node.child("kind")
    let versionNode = node.child("apiVersion")
    let kind = kindNode?.text ?? ""
    let version = versionNode?.text ?? ""
    let isList =
      (kind == "List" && version == "v1") || (kind == "\(DeviceFields.kind)List" && isOurs(version))
    if isList, prefix.isEmpty {
      readItems(of: node, document: document)
    } else if kind == DeviceFields.kind || isOurs(version) || version.isEmpty || kind.isEmpty {
      readDevice(node, kind: kindNode, version: versionNode, document: document, prefix: prefix)
    } else if NearestName.suggestion(for: version, among: [DeviceFields.apiVersion]) != nil,
      NearestName.suggestion(for: kind, among: [DeviceFields.kind]) != nil
    {
      readDevice(node, kind: kindNode, version: versionNode, document: document, prefix: prefix)
    } else {
      skipped += 1
    }
  }

  private func isOurs(_ version: String) -> Bool {
    version == DeviceFields.group || version.hasPrefix(DeviceFields.group + "/")
  }

  private mutating func readItems(of node: SourceNode, document: Int) {
    guard let items = node.child("items"), case .sequence(let nodes) = items.content else {
      report(node, "items", "expected a list of objects")
      return
    }
    guard nodes.count <= ManifestReader.maxDocuments else {
      report(items, "items", "has \(nodes.count) entries, the limit is \(ManifestReader.maxDocuments)")
      return
    }
    for (index, item) in nodes.enumerated() { read(item, document: document, prefix: "items[\(index)]") }
  }

  /// A wrong kind or version is told alone: nothing else in such a document can be judged.
  private mutating func readDevice(
    _ node: SourceNode, kind: SourceNode?, version: SourceNode?, document: Int, prefix: String
  ) {
    let before = diagnostics.count
    check(version, node, "apiVersion", DeviceFields.apiVersion, prefix)
    check(kind, node, "kind", DeviceFields.kind, prefix)
    guard diagnostics.count == before else { return }
    let reading = DeviceDecoder(file: file).read(node, document: document, prefix: prefix)
    diagnostics += reading.diagnostics
    if let device = reading.device { devices.append(device) }
  }

  private mutating func check(
    _ field: SourceNode?, _ document: SourceNode, _ name: String, _ expected: String, _ prefix: String
  ) {
    let path = ShapeChecker.join(prefix, name)
    guard let field else {
      report(document, path, "is required (\(expected))")
      return
    }
    guard field.text != expected else { return }
    let found = field.text ?? ShapeChecker.described(field.content)
    let near = NearestName.suggestion(for: found, among: [expected])
    report(
      field, path,
      near == nil
        ? "\(ManifestValue.string(found).described) is not known here, use \(expected)"
        : "\(ManifestValue.string(found).described) is not known", suggestion: near)
  }
}
