import Yams

/// Reads the fields of one mapping and reports every mistake with its position.
struct FieldReader {
  let path: String
  let problems: ProblemList
  let mark: Mark?
  private var fields: [String: Node] = [:]

  /// `nil`, with a report, when `node` is no mapping. Keys other than `keys` are reported.
  init?(_ node: Node, path: String, keys: [String], problems: ProblemList) {
    self.path = path
    self.problems = problems
    mark = node.mark
    guard case .mapping(let mapping) = node else {
      problems.report(node.mark, path, "must be a mapping with \(keys.joined(separator: ", "))")
      return nil
    }
    for (keyNode, value) in mapping {
      guard case .scalar(let key) = keyNode else {
        problems.report(keyNode.mark, path, "a key must be a word")
        continue
      }
      if keys.contains(key.string) {
        fields[key.string] = value
      } else {
        let hint = Spelling.suggestion(for: key.string, among: keys)
        problems.report(
          key.mark, child(key.string),
          "unknown field" + (hint ?? ", known are \(keys.joined(separator: ", "))"))
      }
    }
  }

  func child(_ key: String) -> String { path.isEmpty ? key : "\(path).\(key)" }

  func has(_ key: String) -> Bool { fields[key] != nil }

  func node(_ key: String) -> Node? { fields[key] }

  /// Reports at the field if it is there, else at the mapping.
  func report(_ key: String, _ message: String) {
    problems.report(fields[key]?.mark ?? mark, child(key), message)
  }

  /// Reports a field that is missing; a field that is there but wrong has been reported already.
  func required<Value>(_ key: String, _ value: Value?) -> Value? {
    if fields[key] == nil { report(key, "is required") }
    return value
  }

  func text(_ key: String) -> String? {
    guard let node = fields[key] else { return nil }
    guard case .scalar(let scalar) = node else {
      report(key, "must be one value")
      return nil
    }
    return scalar.string
  }

  /// `default` when missing, `nil` with a report when wrong.
  func number(_ key: String, in range: ClosedRange<Double> = -1e18...1e18, default: Double? = nil) -> Double?
  {
    guard has(key) else { return `default` }
    guard let text = text(key) else { return nil }
    guard let number = Double(text), number.isFinite else {
      report(key, "'\(text)' is not a number")
      return nil
    }
    guard range.contains(number) else {
      report(key, "\(text) is outside \(Self.plain(range.lowerBound))...\(Self.plain(range.upperBound))")
      return nil
    }
    return number
  }

  func integer(_ key: String, in range: ClosedRange<Int>, default: Int? = nil) -> Int? {
    guard has(key) else { return `default` }
    guard let text = text(key) else { return nil }
    guard let number = Self.integer(text) else {
      report(key, "'\(text)' is not a whole number")
      return nil
    }
    guard range.contains(number) else {
      report(key, "\(text) is outside \(range.lowerBound)...\(range.upperBound)")
      return nil
    }
    return number
  }

  func flag(_ key: String, default: Bool) -> Bool? {
    guard has(key) else { return `default` }
    guard let text = text(key) else { return nil }
    guard let flag = Bool(text) else {
      report(key, "'\(text)' is neither true nor false")
      return nil
    }
    return flag
  }

  func span(_ key: String, atLeast least: Elapsed = .zero, default: Elapsed? = nil) -> Elapsed? {
    guard has(key) else { return `default` }
    guard let text = text(key) else { return nil }
    guard let span = Elapsed(text: text) else {
      report(key, "'\(text)' is not a time, write 250us, 20ms, 1.5s, 2m or a number of seconds")
      return nil
    }
    guard span >= least else {
      report(key, "\(text) is shorter than \(Self.plain(least.seconds)) s")
      return nil
    }
    return span
  }

  func choice<Choice: RawRepresentable & CaseIterable>(
    _ key: String, of type: Choice.Type, default: Choice? = nil
  ) -> Choice? where Choice.RawValue == String {
    guard has(key) else { return `default` }
    guard let text = text(key) else { return nil }
    if let choice = Choice(rawValue: text) { return choice }
    let known = Choice.allCases.map(\.rawValue)
    let hint = Spelling.suggestion(for: text, among: known)
    report(key, "'\(text)' is none of \(known.joined(separator: ", "))" + (hint ?? ""))
    return nil
  }

  /// The items of a list with their paths; empty when missing.
  func items(_ key: String, most: Int = 100_000) -> [(path: String, node: Node)] {
    guard let node = fields[key] else { return [] }
    guard case .sequence(let sequence) = node else {
      report(key, "must be a list")
      return []
    }
    guard sequence.count <= most else {
      report(key, "has \(sequence.count) items, more than \(most)")
      return []
    }
    return sequence.enumerated().map { ("\(child(key))[\($0.offset)]", $0.element) }
  }

  static func integer(_ text: String) -> Int? {
    let isNegative = text.hasPrefix("-")
    let digits = isNegative ? text.dropFirst() : Substring(text)
    guard digits.hasPrefix("0x") else { return Int(text) }
    return Int((isNegative ? "-" : "") + digits.dropFirst(2), radix: 16)
  }

  /// Without `.0`, and without what binary fractions add at the end.
  static func plain(_ number: Double) -> String {
    if let whole = Int64(exactly: number) { return String(whole) }
    let rounded = abs(number) < 1e6 ? (number * 1e9).rounded() / 1e9 : number
    return "\(rounded)"
  }
}
