import Control
import Fleet

/// The Git-vs-Reality table: one line a device, told by its first register that has a desired value and is worst.
struct StatusTable {
  var wide: Bool

  func table(_ devices: [DeviceSnapshot], of view: FleetView) -> TextTable {
    var header = ["NAME", "DEVICE", "REGISTER", "DESIRED", "ACTUAL", "STATUS", "PHASE", "DRIFTS"]
    if wide { header += ["CORRECTIONS", "LAST-READ", "REVISION", "MESSAGE"] }
    var table = TextTable(header: header)
    table.rows = devices.map { row($0, now: view.snapshot.at, revision: view.revision(of: $0.id)) }
    if Console.wantsColour {
      table.paint = { column, cell in column == Self.statusColumn ? Self.painted(cell) : cell }
    }
    return table
  }

  func row(_ device: DeviceSnapshot, now: WallTime, revision: String) -> [String] {
    let register = shown(device.view)
    var row = [
      device.id.namespace == "default" ? device.id.name : device.id.description,
      Self.place(device.spec), register?.spec.name ?? "-",
      register?.spec.desired.map { $0.formattedWithUnit(register?.spec ?? .none) } ?? "-",
      Self.actual(register, device.view), device.view.status.rawValue, device.view.phase.rawValue,
      String(device.view.driftEvents),
    ]
    if wide {
      row += [
        String(device.view.corrections), device.view.lastRead.map { (now - $0).brief + " ago" } ?? "never",
        Self.short(revision), device.view.message.isEmpty ? "-" : device.view.message,
      ]
    }
    return row.map(Console.visible)
  }

  private static let statusColumn = 5

  /// Colour only for the abnormal (ISA-101).
  private static func painted(_ status: String) -> String {
    let code: String
    switch DeviceStatus(rawValue: status) {
    case .drifted, .stale: code = "33"
    case .contested, .unreachable, .invalid: code = "31"
    case .suspended, .shelved: code = "36"
    case .inSync, .pending, nil: return status
    }
    return "\u{1b}[\(code)m\(status)\u{1b}[0m"
  }

  /// The register that tells most: drifted first, then the first with a desired value, then the first.
  private func shown(_ view: DeviceView) -> RegisterView? {
    view.registers.first { $0.inSync == false } ?? view.registers.first { $0.spec.desired != nil }
      ?? view.registers.first
  }

  static func place(_ spec: DeviceSpec) -> String {
    if spec.address.contains("://") { return spec.address }
    return spec.address.contains(":") ? "[\(spec.address)]:\(spec.port)" : "\(spec.address):\(spec.port)"
  }

  /// An old value never looks like a present one: unreachable and stale devices show `?`.
  static func actual(_ register: RegisterView?, _ view: DeviceView) -> String {
    guard let register else { return "-" }
    if let exception = register.exception { return "exception \(exception)" }
    guard let value = register.actual, view.status != .unreachable, view.status != .stale else { return "?" }
    return value.formattedWithUnit(register.spec)
  }

  /// `main@sha1:0123456789…` → `main@0123456`.
  static func short(_ revision: String) -> String {
    let parts = revision.split(separator: "@", maxSplits: 1)
    guard let last = parts.last else { return "-" }
    let hash = last.split(separator: ":").last.map(String.init) ?? String(last)
    let name = parts.count > 1 ? "\(parts[0])@" : ""
    return name + hash.prefix(7)
  }
}

extension RegisterSpec {
  fileprivate static let none = RegisterSpec(name: "", address: 0)
}
