import Control
import Fleet

/// Fleets of any size.
enum Fleets {
  /// All drifted, all correctable.
  static func drifted(_ count: Int) -> [DeviceSnapshot] {
    (0..<count).map { number in
      let spec = Plant.register("setpoint", 4001, desired: 2500, scale: 1)
      let view = Plant.view(spec, 2400, drift: (after: Plant.ago(15), seen: Plant.ago(10)))
      return Plant.device(name(number), [view], phase: .driftDetected, status: .drifted)
    }
  }

  /// Most well, some in every kind of trouble; `turn` changes a few values.
  static func large(_ count: Int, turn: Int = 0) -> [DeviceSnapshot] {
    (0..<count).map { device($0, turn: turn) }
  }

  static func device(_ number: Int, turn: Int) -> DeviceSnapshot {
    let spec = Plant.register("setpoint", 4001, desired: 2500, scale: 1)
    let status: DeviceStatus =
      switch number % 97 {
      case 3: .drifted
      case 11: .unreachable
      case 29: .stale
      case 31: .shelved
      default: .inSync
      }
    let value = status == .drifted ? 2400.0 : 2500 + Double((number &+ turn) % 3) * 0.2
    return Plant.device(
      name(number), [Plant.view(spec, value)], phase: status == .drifted ? .driftDetected : .connected,
      status: status,
      zone: ["a", "b", "c", "d"][number % 4], tags: ["line-\(number % 20)"],
      trend: [2500, 2500.2, 2499.8, 2500])
  }

  static func name(_ number: Int) -> String {
    let digits = String(number)
    return "plc-" + String(repeating: "0", count: max(5 - digits.utf8.count, 0)) + digits
  }
}
