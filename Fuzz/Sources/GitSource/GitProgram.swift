/// Stands in for the git program: whatever it is asked, it answers what the fuzzer made up.
public struct GitProgram: Sendable {
  struct Output: Sendable {
    var bytes: [UInt8]
    var complaint: String
    var status: Int32

    var text: String { String(decoding: bytes, as: UTF8.self) }
    var line: String {
      var text = self.text[...]
      while text.last?.isNewline == true { text.removeLast() }
      return String(text)
    }
  }

  /// Answers in order; the last one again and again.
  var answers: [Output]
  private let asked = Count()

  init(answers: [Output] = []) { self.answers = answers }
  public init() { self.init(answers: []) }

  func run(
    _ arguments: [String], in directory: String = "/", input: [UInt8] = [],
    environment extra: [String: String] = [:],
    limit: Int = 1 << 20, timeout: Duration = .seconds(30)
  ) async throws(GitFailure) -> Output {
    guard let last = answers.last else { throw .cancelled }
    let number = asked.next()
    return number < answers.count ? answers[number] : last
  }
}

/// One task at a time asks.
private final class Count: @unchecked Sendable {
  private var value = 0

  func next() -> Int {
    defer { value += 1 }
    return value
  }
}
