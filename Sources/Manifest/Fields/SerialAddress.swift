/// A serial line as a manifest writes it: `serial:///dev/ttyUSB0?baud=19200&parity=even`.
enum SerialAddress {
  private static let options: [(name: String, values: [String])] = [
    ("baud", bauds.map(String.init)), ("parity", ["none", "even", "odd"]), ("data", ["7", "8"]),
    ("stop", ["1", "2"]), ("mode", ["rtu", "ascii"]),
  ]
  private static let bauds = [300, 600, 1200, 2400, 4800, 9600, 19200, 38400, 57600, 115_200, 230_400]

  /// What is wrong with everything after `serial://`; `nil`: nothing.
  static func problem(_ rest: String) -> String? {
    let parts = rest.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
    guard let path = parts.first, path.count > 1, path.first == "/", !path.contains(" ") else {
      return "a serial port is written serial:///dev/ttyUSB0"
    }
    guard parts.count == 2 else { return nil }
    var given: Set<String> = []
    for text in parts[1].split(separator: "&", omittingEmptySubsequences: false) {
      let pair = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
      guard let option = options.first(where: { $0.name == pair[0] }) else {
        return "unknown serial option \(pair[0]) (known: \(options.map(\.name).joined(separator: ", ")))"
      }
      guard pair.count == 2, option.values.contains(pair[1]) else {
        return "\(option.name) is one of \(option.values.joined(separator: ", "))"
      }
      guard given.insert(option.name).inserted else { return "\(option.name) is there twice" }
    }
    return nil
  }
}
