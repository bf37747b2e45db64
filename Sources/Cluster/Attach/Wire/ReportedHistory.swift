import Control
import Fleet
import Kubernetes

extension DeviceHistory {
  /// From the API's JSON.
  init(reported json: JSONValue) throws(FleetLineError) {
    self.init(device: try DeviceID(json), register: json.text("register"))
    samples = (json["samples"]?.arrayValue ?? []).compactMap { sample in
      guard let at = sample.time("at"), let mean = sample["mean"]?.doubleValue else { return nil }
      return Sample(
        at: at, minimum: sample["min"]?.doubleValue ?? mean, mean: mean,
        maximum: sample["max"]?.doubleValue ?? mean)
    }
    states = (json["states"]?.arrayValue ?? []).compactMap { state in
      state.time("at").map { StateChange(at: $0, status: DeviceStatus(rawValue: state.text("status"))) }
    }
    marks = (json["marks"]?.arrayValue ?? []).compactMap { mark in
      guard let at = mark.time("at"), let kind = Mark.Kind(reported: mark.text("kind")) else { return nil }
      return Mark(at: at, kind: kind, text: mark.text("text"))
    }
  }
}

extension DeviceHistory.Mark.Kind {
  fileprivate init?(reported word: String) {
    switch word {
    case "drift": self = .drift
    case "correction": self = .correction
    case "commit": self = .commit
    case "failure": self = .failure
    default: return nil
    }
  }
}

/// The commit behind each desired value, by register, from the API's JSON.
enum ReportedProvenance {
  static func read(_ json: JSONValue) -> [String: Provenance] {
    var known: [String: Provenance] = [:]
    for element in json["registers"]?.arrayValue ?? [] {
      guard let register = element["register"]?.stringValue, let time = element.time("time") else { continue }
      known[register] = Provenance(
        commit: element.text("commit"), author: element.text("author"), time: time,
        subject: element.text("subject"),
        location: SourceLocation(file: element.text("file"), line: Int(clamping: element.count("line"))))
    }
    return known
  }
}
