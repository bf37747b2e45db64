/// The columns that the fleet list can have; the raw value is the name in the configuration file.
public enum FleetColumn: String, CaseIterable, Hashable, Sendable {
  case name
  /// The register that speaks for the device: the first that drifted, else the first that Git decides about.
  case register
  case desired
  /// With its unit, where there is room.
  case actual
  case delta
  case state
  /// For how long it has been in trouble, to the minute.
  case since
  /// How old the reading is.
  case age
  case drifts, corrections
  case trend
  case address, phase, tags

  var meaning: String {
    switch self {
    case .name: "the device"
    case .register: "the register that speaks for it: the first that drifted"
    case .desired: "what Git says"
    case .actual: "what was read last, with its unit"
    case .delta: "actual minus desired; without a column for the state, its word where there is no delta"
    case .state: "in words"
    case .since: "for how long it has been in trouble"
    case .age: "how old the reading is; `<5s` while it is as young as it should be"
    case .drifts: "drift events"
    case .corrections: "verified corrections"
    case .trend: "the last readings"
    case .address: "host and port"
    case .phase: "as in the status"
    case .tags: "as in the manifest"
    }
  }

  var title: String {
    switch self {
    case .name: "DEVICE"
    case .trend: "TREND"
    case .corrections: "FIXED"
    default: rawValue.uppercased()
    }
  }
}
