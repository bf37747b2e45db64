import Control
import Fleet

/// What the fleet list shows: words that must all hold. Typed after `/`.
///
/// `drift` `unreachable` `stale` … (a status), `abnormal`, `unacked`, `marked`, `tag:x`, `label=value`,
/// `phase:x`, `ns:x`, `reg:x`, `addr:x`, `name:x`, and else a piece of the name or a small regular
/// expression. `!` in front turns any of them round.
struct Filter: Hashable, Sendable {
  struct Term: Hashable, Sendable {
    var negated: Bool
    var test: Test
  }
  enum Test: Hashable, Sendable {
    case status([DeviceStatus])
    case abnormal
    case unacknowledged
    case marked
    case tag(Pattern)
    /// `nil`: the label is there, whatever its value.
    case label(String, value: String?)
    case phase(Pattern)
    case namespace(Pattern)
    case register(Pattern)
    case address(Pattern)
    case name(Pattern)
    case id(Pattern)
  }

  let text: String
  let terms: [Term]

  static let none = Filter("")

  init(_ text: String) {
    self.text = text
    terms = text.split(whereSeparator: \.isWhitespace).compactMap { Filter.term(String($0)) }
  }

  var isEmpty: Bool { terms.isEmpty }
  var usesMarks: Bool { terms.contains { $0.test == .marked } }

  /// The words that are terms by themselves, with what they mean; for completion and help.
  static let words: [(word: String, meaning: String)] = [
    ("drift", "drifted or contested"), ("unreachable", "no connection"), ("stale", "not read for long"),
    ("contested", "something else writes it back"), ("shelved", "shelved"), ("suspended", "suspended"),
    ("pending", "not read yet"), ("invalid", "manifest invalid"), ("insync", "as Git says"),
    ("abnormal", "anything but in sync"), ("unacked", "abnormal, nobody acknowledged"),
    ("marked", "marked with Space"),
  ]

  func passes(_ device: DeviceSnapshot, isMarked: (DeviceID) -> Bool) -> Bool {
    for term in terms where holds(term.test, device, isMarked) == term.negated { return false }
    return true
  }

  private func holds(_ test: Test, _ device: DeviceSnapshot, _ isMarked: (DeviceID) -> Bool) -> Bool {
    switch test {
    case .status(let statuses): statuses.contains(device.view.status)
    case .abnormal: device.view.status.isAbnormal
    case .unacknowledged: device.view.status.isAbnormal && device.acknowledgedBy == nil
    case .marked: isMarked(device.id)
    case .tag(let pattern): device.spec.tags.contains(where: pattern.matches)
    case .label(let key, let value):
      device.spec.labels.contains { $0.key == key && (value == nil || $0.value == value) }
    case .phase(let pattern): pattern.matches(device.view.phase.rawValue)
    case .namespace(let pattern): pattern.matches(device.id.namespace)
    case .register(let pattern): device.spec.registers.contains { pattern.matches($0.name) }
    case .address(let pattern): pattern.matches("\(device.spec.address):\(device.spec.port)")
    case .name(let pattern): pattern.matches(device.id.name)
    case .id(let pattern): pattern.matches(device.id.description)
    }
  }

  private static func term(_ word: String) -> Term? {
    var body = Substring(word)
    var negated = false
    while body.first == "!" {
      negated.toggle()
      body = body.dropFirst()
    }
    // A lone `!` is a term still being typed.
    guard !body.isEmpty else { return nil }
    return Term(negated: negated, test: test(String(body)))
  }

  private static func test(_ word: String) -> Test {
    if let status = statusWord(word.lowercased()) { return status }
    if let colon = word.firstIndex(of: ":") {
      let pattern = Pattern(String(word[word.index(after: colon)...]))
      switch word[..<colon].lowercased() {
      case "tag": return .tag(pattern)
      case "phase": return .phase(pattern)
      case "ns", "namespace": return .namespace(pattern)
      case "reg", "register": return .register(pattern)
      case "addr", "address": return .address(pattern)
      case "name": return .name(pattern)
      default: break
      }
    }
    if let equals = word.firstIndex(of: "="), equals != word.startIndex {
      let value = String(word[word.index(after: equals)...])
      return .label(String(word[..<equals]), value: value.isEmpty ? nil : value)
    }
    return word.contains("/") ? .id(Pattern(word)) : .name(Pattern(word))
  }

  private static func statusWord(_ word: String) -> Test? {
    switch word {
    case "drift", "drifted": .status([.drifted, .contested])
    case "unreachable": .status([.unreachable])
    case "stale": .status([.stale])
    case "contested": .status([.contested])
    case "shelved": .status([.shelved])
    case "suspended": .status([.suspended])
    case "pending": .status([.pending])
    case "invalid": .status([.invalid])
    case "insync", "ok": .status([.inSync])
    case "abnormal", "bad": .abnormal
    case "unacked": .unacknowledged
    case "marked": .marked
    default: nil
    }
  }
}

extension DeviceStatus {
  /// Something that an operator has to look at. Suspended and shelved are wanted states.
  var isAbnormal: Bool {
    switch self {
    case .inSync, .pending, .suspended, .shelved: false
    case .drifted, .contested, .stale, .unreachable, .invalid: true
    }
  }

  /// 0 is well; greater is worse.
  var rank: Int {
    switch self {
    case .inSync: 0
    case .pending: 1
    case .suspended: 2
    case .shelved: 3
    case .drifted: 4
    case .stale: 5
    case .contested: 6
    case .unreachable: 7
    case .invalid: 8
    }
  }
}
