import Control

/// Joins what the journal kept with what the memory holds: the memory wins where both know.
public enum HistoryMerge {
  public static func merge(older: [DeviceHistory], newer: [DeviceHistory]) -> [DeviceHistory] {
    newer.map { recent in
      guard let kept = older.first(where: { $0.device == recent.device }) else { return recent }
      var merged = recent
      if let begins = recent.samples.first?.at {
        merged.samples = kept.samples.filter { $0.at < begins } + recent.samples
      } else {
        merged.samples = kept.samples
      }
      if let begins = recent.states.first?.at {
        merged.states = kept.states.filter { $0.at < begins } + recent.states
      } else {
        merged.states = kept.states
      }
      if let begins = recent.marks.first?.at {
        merged.marks = kept.marks.filter { $0.at < begins } + recent.marks
      } else {
        merged.marks = kept.marks
      }
      return merged
    }
  }
}
