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

  var title: String {
    switch self {
    case .name: "DEVICE"
    case .trend: "TREND"
    case .corrections: "FIXED"
    default: rawValue.uppercased()
    }
  }
}
