import Control

/// Leaves out lines that say the same again and again: a flapping device must not fill a disk or hide another.
///
/// Lines are the same when they differ in numbers only, of one device and level. `burst` of them pass within
/// `window`; the next that passes says how many were left out.
struct FlapLimit {
  /// What to do with a line.
  enum Verdict: Hashable {
    /// Write it; so many like it were left out since the last one.
    case write(leftOut: Int)
    case leaveOut
  }

  private struct Window {
    var began: Int64
    var written: Int
    var leftOut: Int
  }

  let burst: Int
  /// ms.
  let window: Int64
  /// Most kinds of lines that are told apart; beyond it the oldest are forgotten.
  static let most = 4096

  private var windows: [String: Window] = [:]

  init(burst: Int = 10, window: TimeSpan = .seconds(60)) {
    self.burst = burst
    self.window = window.milliseconds
  }

  mutating func judge(_ line: LogLine) -> Verdict {
    let key = Self.key(line)
    let now = line.at.milliseconds
    guard var known = windows[key], now >= known.began, now - known.began < window else {
      let leftOut = windows[key]?.leftOut ?? 0
      makeRoom(now)
      windows[key] = Window(began: now, written: 1, leftOut: 0)
      return .write(leftOut: leftOut)
    }
    if known.written < burst {
      known.written += 1
      windows[key] = known
      return .write(leftOut: 0)
    }
    known.leftOut += 1
    windows[key] = known
    return .leaveOut
  }

  private mutating func makeRoom(_ now: Int64) {
    guard windows.count >= Self.most else { return }
    windows = windows.filter { now - $0.value.began < window && now >= $0.value.began }
    if windows.count >= Self.most { windows.removeAll() }
  }

  private static func key(_ line: LogLine) -> String {
    var key = "\(line.level.rawValue) \(line.logger) "
    if let device = line.metadata["plc"] { key += "\(device) " }
    var inNumber = false
    for scalar in line.message.unicodeScalars.prefix(200) {
      let digit = scalar >= "0" && scalar <= "9"
      if digit && !inNumber { key.append("#") }
      if !digit { key.unicodeScalars.append(scalar) }
      inNumber = digit
    }
    return key
  }
}
