import Control
import Logging

/// How a line of the log is written.
public enum LogFormat: String, Hashable, Sendable, CaseIterable {
  case text, json
}

/// One line, before it is written down.
struct LogLine {
  var at: WallTime
  var level: Logger.Level
  var logger: String
  var message: String
  var metadata: Logger.Metadata

  /// Fields that a reader looks for first; the others follow by name.
  static let order = ["plc", "register", "desired", "actual"]

  func rendered(_ format: LogFormat) -> [UInt8] {
    switch format {
    case .text: text()
    case .json: json()
    }
  }

  /// `2026-01-02T03:04:05.006Z warning Drift detected plc=default/line-1 register=4001 desired=2500 actual=2400`
  private func text() -> [UInt8] {
    var bytes = Array(at.rfc3339Milliseconds.utf8)
    bytes.append(UInt8(ascii: " "))
    bytes.append(contentsOf: level.rawValue.utf8)
    bytes.append(UInt8(ascii: " "))
    for scalar in message.unicodeScalars { Self.append(scalar, to: &bytes) }
    for (key, value) in ordered {
      bytes.append(UInt8(ascii: " "))
      for scalar in key.unicodeScalars {
        Self.append(scalar == " " || scalar == "=" ? "_" : scalar, to: &bytes)
      }
      bytes.append(UInt8(ascii: "="))
      let plain = !value.isEmpty && !value.unicodeScalars.contains { $0 == " " || $0 == "\"" || $0 == "=" }
      if plain {
        for scalar in value.unicodeScalars { Self.append(scalar, to: &bytes) }
      } else {
        bytes.append(UInt8(ascii: "\""))
        for scalar in value.unicodeScalars { JSONEscape.append(scalar, to: &bytes) }
        bytes.append(UInt8(ascii: "\""))
      }
    }
    bytes.append(UInt8(ascii: "\n"))
    return bytes
  }

  private func json() -> [UInt8] {
    var json = JSONWriter()
    json.object { json in
      json.member("time", at)
      json.member("level", level.rawValue)
      json.member("logger", logger)
      json.member("message", message)
      for (key, value) in ordered {
        // The fixed members are not to be written twice.
        let taken = ["time", "level", "logger", "message"].contains(key)
        json.member(key: taken ? key + "_" : key, value)
      }
    }
    json.newline()
    return json.bytes
  }

  private var ordered: [(key: String, value: String)] {
    let first = Self.order.compactMap { key in metadata[key].map { (key: key, value: "\($0)") } }
    let rest = metadata.filter { !Self.order.contains($0.key) }.sorted { $0.key < $1.key }
    return first + rest.map { (key: $0.key, value: "\($0.value)") }
  }

  /// What a device, a commit or a server said never reaches a terminal raw, and never begins a line of its own.
  private static func append(_ scalar: Unicode.Scalar, to bytes: inout [UInt8]) {
    switch scalar.value {
    case 0x22, 0x5C: bytes.append(UInt8(truncatingIfNeeded: scalar.value))
    default: JSONEscape.append(scalar, to: &bytes)
    }
  }
}
