/// The parts of the screen that can have the focus, in the order of their number keys.
public enum Pane: Int, CaseIterable, Hashable, Sendable {
  case fleet = 1
  case reality, timeline, sparkline, events

  var title: String {
    switch self {
    case .fleet: "Fleet"
    case .reality: "Git vs Reality"
    case .timeline: "Drift timeline"
    case .sparkline: "Sparkline"
    case .events: "Events"
    }
  }

  /// For a row of tabs.
  var shortTitle: String {
    switch self {
    case .fleet: "Fleet"
    case .reality: "Git vs Reality"
    case .timeline: "Timeline"
    case .sparkline: "Sparkline"
    case .events: "Events"
    }
  }

  /// For the narrowest screens.
  var tinyTitle: String {
    switch self {
    case .fleet: "Fleet"
    case .reality: "Git"
    case .timeline: "Time"
    case .sparkline: "Spark"
    case .events: "Events"
    }
  }

  func moved(by step: Int) -> Pane {
    let count = Pane.allCases.count
    return Pane(rawValue: (rawValue - 1 + step + count) % count + 1) ?? .fleet
  }
}
