extension FleetConfiguration {
  /// `count` PLCs of these devices in turn, each with a name of its own: the device's, numbered where it is
  /// used more than once, or `plc-1`, `plc-2`, ...
  public static func devices(_ devices: [MockDevice], count: Int) -> [MockDevice] {
    guard !devices.isEmpty else { return [] }
    var uses: [String: Int] = [:]
    for index in 0..<max(0, count) {
      if let name = devices[index % devices.count].name { uses[name, default: 0] += 1 }
    }
    var numbers: [String: Int] = [:]
    return (0..<max(0, count)).map { index in
      var device = devices[index % devices.count]
      if let name = device.name, uses[name, default: 0] > 1 {
        numbers[name, default: 0] += 1
        device.name = "\(name)-\(numbers[name, default: 0])"
      }
      device.name = device.name ?? "plc-\(index + 1)"
      return device
    }
  }
}
