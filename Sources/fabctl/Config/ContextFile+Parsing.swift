import Foundation

extension ContextFile {
  /// What is wrong with the file, and where.
  struct Problem: Error {
    var line: Int
    var message: String
  }

  /// Reads the small part of YAML that the file is written in: two keys, and a list of flat mappings.
  ///
  /// By Unicode scalars, not by characters: a quote is one also where an accent follows it, and a line ends also at
  /// `\r\n`.
  init(parsing text: String) throws(Problem) {
    self.init()
    var parser = Parser()
    let lines = text.unicodeScalars.split(separator: "\n", omittingEmptySubsequences: false)
    for (index, line) in lines.enumerated() {
      parser.number = index + 1
      try parser.read(line)
    }
    try parser.finish()
    self = parser.file
  }

  private struct Parser {
    typealias Text = Substring.UnicodeScalarView

    var file = ContextFile()
    var number = 0
    private var inContexts = false
    /// Column at which the keys of the present context begin.
    private var column: Int?
    private var started = 0
    private var seen: Set<String> = []

    mutating func read(_ raw: Text) throws(Problem) {
      var line = raw
      while let last = line.last, last == " " || last == "\r" { line.removeLast() }
      let indent = line.prefix { $0 == " " }.count
      var rest = line.dropFirst(indent)
      if rest.isEmpty || rest.first == "#" || (indent == 0 && String(rest) == "---") { return }
      guard !line.contains("\t") else { throw problem("a tab; indent with spaces") }
      if rest.first == "-", rest.count == 1 || rest.dropFirst().first == " " {
        guard inContexts else { throw problem("a list item outside of contexts") }
        try finish()
        file.contexts.append(FabctlContext(name: ""))
        started = number
        seen = []
        let dash = rest
        rest = rest.dropFirst().drop { $0 == " " }
        guard !rest.isEmpty else { throw problem("a name belongs behind the dash: `- name: NAME`") }
        column = indent + (dash.count - rest.count)
        return try field(rest)
      }
      if let column, indent == column { return try field(rest) }
      guard indent == 0 else {
        throw problem("cannot tell what this belongs to; indent the keys of a context alike")
      }
      try topLevel(rest)
    }

    mutating func finish() throws(Problem) {
      defer { column = nil }
      guard column != nil, let last = file.contexts.last else { return }
      func wrong(_ text: String) -> Problem { Problem(line: started, message: text) }
      guard !last.name.isEmpty else { throw wrong("this context has no name") }
      if file.contexts.dropLast().contains(where: { $0.name == last.name }) {
        throw wrong("context \(last.name) is there twice")
      }
      let cluster = last.kubeconfig != nil || last.kubeContext != nil || last.namespace != nil
      if last.git == nil, !cluster { throw wrong("context \(last.name) has neither git nor kube-context") }
      if last.git != nil, cluster {
        throw wrong("context \(last.name) is local (git) and of a cluster at once")
      }
    }

    private mutating func topLevel(_ text: Text) throws(Problem) {
      let (key, value) = try pair(text)
      try finish()
      inContexts = false
      switch key {
      case "current-context": file.current = value.isEmpty ? nil : value
      case "contexts":
        guard value.isEmpty || value == "[]" else { throw problem("contexts: expected a list below") }
        inContexts = value.isEmpty
      case "apiVersion", "kind": break
      default: throw problem("\(key): unknown key (there are current-context and contexts)")
      }
    }

    private mutating func field(_ text: Text) throws(Problem) {
      let (key, value) = try pair(text)
      guard !value.isEmpty else { throw problem("\(key): no value") }
      guard seen.insert(key).inserted else { throw problem("\(key) is there twice") }
      let last = file.contexts.count - 1
      switch key {
      case "name": file.contexts[last].name = value
      case "git": file.contexts[last].git = value
      case "ref": file.contexts[last].ref = value
      case "path": file.contexts[last].path = value
      case "git-interval":
        guard let seconds = Int(value), (1...86_400).contains(seconds) else {
          throw problem("git-interval: \(value) is not 1...86400 seconds")
        }
        file.contexts[last].gitInterval = seconds
      case "require-signed":
        guard ["true", "false"].contains(value) else {
          throw problem("require-signed: \(value) is not true or false")
        }
        file.contexts[last].requireSigned = value == "true"
      case "kubeconfig": file.contexts[last].kubeconfig = value
      case "kube-context": file.contexts[last].kubeContext = value
      case "namespace": file.contexts[last].namespace = value
      default:
        throw problem(
          "\(key): unknown key (a context has name, git, ref, path, git-interval, require-signed, or name, "
            + "kubeconfig, kube-context, namespace)")
      }
    }

    private func pair(_ text: Text) throws(Problem) -> (String, String) {
      guard let colon = text.firstIndex(of: ":") else { throw problem("expected `key: value`") }
      let key = String(text[..<colon])
      let after = text[text.index(after: colon)...]
      guard after.isEmpty || after.first == " " else {
        throw problem("a space belongs behind the colon of \(key)")
      }
      return (key, try scalar(after.drop { $0 == " " }))
    }

    private func scalar(_ text: Text) throws(Problem) -> String {
      guard let quote = text.first, quote == "'" || quote == "\"" else {
        if let first = text.first, "{[&*!|>%@`".unicodeScalars.contains(first), String(text) != "[]" {
          throw problem("cannot read \(String(text.prefix(20))); write a plain or quoted text")
        }
        return String(text.firstRange(of: " #".unicodeScalars).map { text[..<$0.lowerBound] } ?? text)
          .trimmingCharacters(in: .whitespaces)
      }
      var value = String.UnicodeScalarView()
      var rest = text.dropFirst()
      while let character = rest.popFirst() {
        if character == quote {
          // '' inside single quotes is one of them.
          guard quote == "'", rest.first == "'" else {
            let behind = rest.drop { $0 == " " }
            guard behind.isEmpty || behind.first == "#" else {
              throw problem("text behind the closing quote")
            }
            return String(value)
          }
          rest.removeFirst()
        } else if character == "\\", quote == "\"" {
          guard let escaped = rest.popFirst(), "\"\\/".unicodeScalars.contains(escaped) else {
            throw problem("only \\\" and \\\\ are known escapes")
          }
          value.append(escaped)
          continue
        }
        value.append(character)
      }
      throw problem("the quote is never closed")
    }

    private func problem(_ message: String) -> Problem {
      Problem(line: number, message: Console.visible(message))
    }
  }
}
