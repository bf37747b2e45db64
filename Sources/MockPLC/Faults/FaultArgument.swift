/// Readers for the parts of a fault's argument.
enum FaultArgument {
  /// `0.2` or `20%`; nothing at all means always.
  static func probability(_ text: String?, of name: String) throws(FaultProblem) -> Double {
    guard let text else { return 1 }
    let isPercent = text.hasSuffix("%")
    guard let number = Double(isPercent ? String(text.dropLast()) : text), number.isFinite else {
      throw FaultProblem("\(name): '\(text)' is not a probability, write 0.2 or 20%")
    }
    let probability = isPercent ? number / 100 : number
    guard (0...1).contains(probability) else {
      throw FaultProblem("\(name): probability \(text) is outside 0...1")
    }
    return probability
  }

  static func span(_ text: String?, of name: String, usage: String) throws(FaultProblem) -> Elapsed {
    guard let text, !text.isEmpty else { throw FaultProblem("\(name) needs a time: \(usage)") }
    guard let span = Elapsed(text: text) else {
      throw FaultProblem("\(name): '\(text)' is not a time, write 250us, 20ms, 1.5s or 2m")
    }
    return span
  }

  static func nothing(_ text: String?, of name: String) throws(FaultProblem) {
    if let text { throw FaultProblem("\(name) takes no value, but has '\(text)'") }
  }

  /// `P` or `P:REST`.
  static func split(_ text: String?) -> (head: String?, rest: String?) {
    guard let text else { return (nil, nil) }
    let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    return (String(parts[0]), parts.count > 1 ? String(parts[1]) : nil)
  }
}
