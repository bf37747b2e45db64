/// Checks a document against the field table: types, ranges, required and unknown fields. Collects
/// everything that is wrong and returns what is right.
struct ShapeChecker {
  let file: String
  private(set) var diagnostics: [Diagnostic] = []

  init(file: String) { self.file = file }

  mutating func report(
    _ position: SourcePosition?, _ path: String, _ message: String, suggestion: String? = nil
  ) {
    diagnostics.append(
      Diagnostic(
        location: ManifestLocation(file: file, line: position?.line ?? 0, column: position?.column ?? 0),
        path: path,
        message: message, suggestion: suggestion))
  }

  /// `nil` when the node is no mapping.
  mutating func object(_ node: SourceNode, _ rule: ObjectRule, path: String) -> CheckedObject? {
    let source: [SourceField]
    switch node.content {
    case .mapping(let fields): source = fields
    case .unusable(let problem):
      report(node.position, path, problem)
      return nil
    case let other:
      report(node.position, path, "expected a mapping, found \(Self.described(other))")
      return nil
    }
    var object = CheckedObject(position: node.position, path: path)
    for field in source {
      guard let key = field.key else {
        report(field.position, path, "a field name must be plain text")
        continue
      }
      let fieldPath = Self.join(path, key)
      guard let known = rule.field(key) else {
        // What was meant is not missing as well.
        if let meant = unknown(key, rule, fieldPath, at: field.position) { object.present.insert(meant) }
        continue
      }
      object.present.insert(key)
      object.keys[key] = field.position
      if let content = content(field.value, known.kind, path: fieldPath) {
        object.fields[key] = CheckedField(
          position: field.value.position ?? field.position, path: fieldPath, content: content)
      }
    }
    for required in rule.fields where required.isRequired && !object.has(required.name) {
      report(node.position, Self.join(path, required.name), "is required")
    }
    return object
  }

  /// - Returns: the field that was probably meant.
  private mutating func unknown(
    _ key: String, _ rule: ObjectRule, _ path: String, at position: SourcePosition?
  )
    -> String?
  {
    if key == "<<" {
      report(position, path, "merge keys are not supported")
      return nil
    }
    let names = rule.fields.filter { if case .ignored = $0.kind { false } else { true } }.map(\.name)
    let meant = NearestName.suggestion(for: key, among: names)
    report(position, path, "unknown field", suggestion: meant)
    return meant
  }

  static func join(_ path: String, _ key: String) -> String {
    let shown = PrintableText.escaped(key, limit: 80)
    return path.isEmpty ? shown : path + "." + shown
  }

  static func described(_ content: SourceNode.Content) -> String {
    switch content {
    case .null: "nothing"
    case .scalar(let value, _): described(value)
    case .sequence: "a list"
    case .mapping: "a mapping"
    case .unusable(let problem): problem
    }
  }

  static func described(_ value: ManifestValue) -> String {
    if case .string = value { "the text \(value.described)" } else { value.described }
  }
}

extension ShapeChecker {
  private mutating func content(_ node: SourceNode, _ kind: FieldKind, path: String) -> CheckedField.Content?
  {
    if case .ignored = kind { return .ignored }
    if case .unusable(let problem) = node.content {
      report(node.position, path, problem)
      return nil
    }
    switch kind {
    case .ignored: return .ignored
    case .integer(let range): return integer(node, range, path)
    case .number(let range): return number(node, range, path)
    case .boolean:
      if case .scalar(.bool(let value), _) = node.content { return .bool(value) }
      return mismatch(node, path, expected: "true or false")
    case .text(let format):
      guard case .scalar(.string(let text), _) = node.content else {
        return mismatch(node, path, expected: "text")
      }
      guard check(text, format, node.position, path) else { return nil }
      return .text(text)
    case .choice(let choices): return choice(node, choices, path)
    case .scalar:
      guard case .scalar(let value, _) = node.content else {
        return mismatch(node, path, expected: "a number, true, false or text")
      }
      if case .string(let text) = value, !check(text, .free(500), node.position, path) { return nil }
      return .scalar(value)
    case .object(let rule): return object(node, rule, path: path).map(CheckedField.Content.object)
    case .list(let element, let count): return list(node, element, count, path)
    case .map(let format, let count): return map(node, format, count, path)
    }
  }

  private mutating func mismatch(_ node: SourceNode, _ path: String, expected: String) -> CheckedField
    .Content?
  {
    var message = "expected \(expected), found \(Self.described(node.content))"
    if case .scalar(let value, let written) = node.content {
      if value.text == nil {
        message = "expected \(expected), found \(PrintableText.escaped(written, limit: 60))"
      }
      switch value {
      case .string(let text):
        if expected != "text", case .scalar(let plain, _) = YAMLScalar.content(ofPlain: text) {
          if case .string = plain {} else { message += " (remove the quotes)" }
        }
      default:
        if expected == "text" { message += ": quote it, \"\(PrintableText.escaped(written, limit: 60))\"" }
      }
    }
    report(node.position, path, message)
    return nil
  }

  private mutating func integer(_ node: SourceNode, _ range: ClosedRange<Int64>, _ path: String)
    -> CheckedField.Content?
  {
    switch node.content {
    case .scalar(.integer(let value), let written):
      if value < range.lowerBound {
        report(node.position, path, "\(written) is below \(range.lowerBound)")
      } else if value > range.upperBound {
        report(node.position, path, "\(written) is above \(range.upperBound)")
      } else {
        return .integer(value)
      }
    case .scalar(.unsigned, let written):
      report(node.position, path, "\(written) is above \(range.upperBound)")
    default: return mismatch(node, path, expected: "a whole number")
    }
    return nil
  }

  private mutating func number(_ node: SourceNode, _ range: NumberRange, _ path: String) -> CheckedField
    .Content?
  {
    guard case .scalar(let scalar, let written) = node.content, let value = scalar.number else {
      return mismatch(node, path, expected: "a number")
    }
    if let minimum = range.minimum, value < minimum || (range.excludesMinimum && value == minimum) {
      let bound = ManifestValue.described(minimum)
      report(
        node.position, path,
        range.excludesMinimum ? "\(written) must be above \(bound)" : "\(written) is below \(bound)")
      return nil
    }
    if let maximum = range.maximum, value > maximum {
      report(node.position, path, "\(written) is above \(ManifestValue.described(maximum))")
      return nil
    }
    return .number(value)
  }

  private mutating func choice(_ node: SourceNode, _ choices: [String], _ path: String) -> CheckedField
    .Content?
  {
    guard case .scalar(.string(let text), _) = node.content else {
      return mismatch(node, path, expected: Self.oneOf(choices))
    }
    if choices.contains(text) { return .text(text) }
    report(
      node.position, path, "\(ManifestValue.string(text).described) is not \(Self.oneOf(choices))",
      suggestion: choices.count > 1 ? NearestName.suggestion(for: text, among: choices) : nil)
    return nil
  }

  private static func oneOf(_ choices: [String]) -> String {
    choices.count == 1 ? choices[0] : "one of " + choices.joined(separator: ", ")
  }

  /// Length, unprintable characters, and the format's own rule.
  private mutating func check(
    _ text: String, _ format: TextFormat, _ position: SourcePosition?, _ path: String
  )
    -> Bool
  {
    let length = text.unicodeScalars.count
    if length < format.minLength {
      report(
        position, path,
        format.minLength == 1 ? "must not be empty" : "is shorter than \(format.minLength) characters")
    } else if length > format.maxLength {
      report(position, path, "is longer than \(format.maxLength) characters")
    } else if let character = PrintableText.firstUnprintable(in: text) {
      report(position, path, "contains the unprintable character \(character)")
    } else if let problem = format.problem(text) {
      report(position, path, "\(ManifestValue.string(text).described): \(problem)")
    } else {
      return true
    }
    return false
  }

  private mutating func list(
    _ node: SourceNode, _ element: FieldKind, _ count: ClosedRange<Int>, _ path: String
  )
    -> CheckedField.Content?
  {
    guard case .sequence(let nodes) = node.content else { return mismatch(node, path, expected: "a list") }
    if nodes.count < count.lowerBound {
      report(node.position, path, "must not be empty")
      return nil
    }
    if nodes.count > count.upperBound {
      report(node.position, path, "has \(nodes.count) entries, the limit is \(count.upperBound)")
      return nil
    }
    var fields: [CheckedField] = []
    for (index, child) in nodes.enumerated() {
      let childPath = "\(path)[\(index)]"
      if let content = content(child, element, path: childPath) {
        fields.append(CheckedField(position: child.position, path: childPath, content: content))
      }
    }
    return .list(fields)
  }

  private mutating func map(_ node: SourceNode, _ format: TextFormat, _ count: Int, _ path: String)
    -> CheckedField.Content?
  {
    guard case .mapping(let fields) = node.content else {
      if case .null = node.content { return .map([]) }
      return mismatch(node, path, expected: "a mapping")
    }
    if fields.count > count {
      report(node.position, path, "has \(fields.count) entries, the limit is \(count)")
      return nil
    }
    var pairs: [(key: String, value: String)] = []
    for field in fields {
      guard let key = field.key, TextFormat.isLabelKey(key) else {
        let shown = ManifestValue.string(field.key ?? "").described
        report(field.position, path, "\(shown) is not a name that Kubernetes allows here")
        continue
      }
      let childPath = Self.join(path, key)
      let isAnnotation = format.maxLength > 1000
      switch field.value.content {
      case .scalar(.string(let text), _):
        // Annotations may hold anything, line breaks too; they are never shown.
        if isAnnotation || check(text, format, field.value.position, childPath) {
          pairs.append((key: key, value: text))
        }
      case .unusable(let problem): report(field.value.position ?? field.position, childPath, problem)
      default: _ = mismatch(field.value, childPath, expected: "text")
      }
    }
    return .map(pairs)
  }
}
