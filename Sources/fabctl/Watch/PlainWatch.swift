import Control
import Fleet
import Foundation

/// `fabctl watch` without a terminal: one line for each change, for pipes, logs and screen readers.
struct PlainWatch {
  var json: Bool
  private var lastEvent: UInt64 = 0
  private var started = false

  init(json: Bool) { self.json = json }

  private var told: Set<String> = []

  /// What is missing of what an attached engine shows; each once, and again when it has been well meanwhile.
  mutating func news(_ snapshot: FleetSnapshot) -> [String] {
    guard snapshot.mode == .attached else { return [] }
    // How long it has been so is no news.
    var lines: [String: String] = [:]
    for problem in snapshot.health.problems {
      lines[problem.replacing(/for [0-9.]+ (ms|s|min|h|d)( [0-9]+ min)?/, with: "for a while")] = problem
    }
    if case .unavailable(let reason, _) = snapshot.source.state { lines[reason] = "unreachable: \(reason)" }
    defer { told = Set(lines.keys) }
    return lines.filter { !told.contains($0.key) }.map(\.value).sorted()
  }

  /// The lines that this snapshot adds.
  mutating func lines(_ snapshot: FleetSnapshot) -> [String] {
    var lines: [String] = []
    if !started, !json {
      started = true
      lines.append("# \(snapshot.source.origin), \(snapshot.mode.rawValue)")
    }
    for event in snapshot.events where event.sequence > lastEvent {
      lastEvent = event.sequence
      lines.append(json ? Self.json(event) : Self.text(event))
    }
    return lines
  }

  private static func text(_ event: FleetEvent) -> String {
    var line = "\(event.at.rfc3339) \(event.reason)"
    if let device = event.device { line += " plc=\(device)" }
    if let register = event.register { line += " register=\(register)" }
    return Console.visible("\(line) \(event.message)").replacingOccurrences(of: "\n", with: " ")
  }

  private struct Line: Encodable {
    var time: String
    var severity: String
    var reason: String
    var plc: String?
    var register: String?
    var message: String
  }

  private static func json(_ event: FleetEvent) -> String {
    let line = Line(
      time: event.at.rfc3339, severity: "\(event.severity)", reason: event.reason,
      plc: event.device?.description,
      register: event.register, message: event.message)
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return (try? encoder.encode(line)).map { String(decoding: $0, as: UTF8.self) } ?? "{}"
  }
}
