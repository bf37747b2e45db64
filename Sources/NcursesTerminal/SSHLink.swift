import Glibc

/// The send queue of the SSH connection that this terminal hangs on, as the kernel tells it to everybody
/// (`/proc/net/tcp`, proc(5)).
///
/// A pseudo-terminal says nothing of what is beyond it: sshd takes all it is given, and a slow link would carry old
/// frames for many seconds. But sshd's socket is on this machine, and `SSH_CONNECTION` says which one it is. What it
/// has not sent, or the other side not acknowledged, is what the operator has not seen.
struct SSHLink {
  /// So much under way is a key's answer, not a backlog.
  static let tolerance = 256
  /// A longer table is not searched at every frame: a host with so many connections has other work to do.
  static let longestTable = 1 << 20
  /// A queue that does not move for so long is no reason to stay silent: it may be somebody else's.
  static let patience: UInt64 = 4_000_000_000

  private let needle: [UInt8]
  private let table: String
  private var busySince: UInt64?
  /// Written since the queue was last seen empty, and when that began.
  private var underWay = 0
  private var underWaySince: UInt64?
  /// Bytes a second, once a queue was seen to drain; `nil`: faster than frames come.
  private(set) var rate: Int?

  /// `nil`: not over SSH, or behind a multiplexer that outlives the connection it was started from.
  init?(_ variable: (String) -> String?) {
    guard variable("TMUX") == nil, variable("STY") == nil, let connection = variable("SSH_CONNECTION") else {
      return nil
    }
    let fields = connection.split(separator: " ").map(String.init)
    guard fields.count == 4, let clientPort = UInt16(fields[1]), let serverPort = UInt16(fields[3]),
      let client = Self.hex(fields[0]), let server = Self.hex(fields[2]), client.count == server.count
    else { return nil }
    needle = Array(
      " \(server):\(Self.hex(serverPort, digits: 4)) \(client):\(Self.hex(clientPort, digits: 4)) ".utf8)
    table = client.count == 8 ? "/proc/net/tcp" : "/proc/net/tcp6"
  }

  /// Whether a frame would only queue up behind others.
  mutating func isBusy(now: UInt64) -> Bool {
    guard let queued = queuedBytes(), queued > Self.tolerance else {
      drained(now)
      busySince = nil
      return false
    }
    let since = busySince ?? now
    busySince = since
    guard now >= since &+ Self.patience else { return true }
    busySince = nil
    return false
  }

  /// The terminal's device took bytes.
  mutating func wrote(_ bytes: Int, now: UInt64) {
    if underWaySince == nil { underWaySince = now }
    underWay = min(underWay + max(bytes, 0), 1 << 30)
  }

  private mutating func drained(_ now: UInt64) {
    defer {
      underWay = 0
      underWaySince = nil
    }
    guard let since = underWaySince, now > since, underWay > Self.tolerance * 2 else { return }
    if busySince == nil {
      // Gone before anybody looked: that is no slow line.
      if now - since < 300_000_000 { rate = nil }
      return
    }
    let measured = Int(clamping: UInt64(underWay) * 1_000_000_000 / (now - since))
    rate = rate.map { ($0 + measured) / 2 } ?? measured
  }

  /// Bytes sent and not acknowledged, and not sent yet; `nil`: there is no such connection.
  func queuedBytes() -> Int? {
    let text = Self.contents(of: table)
    return text.count > Self.longestTable ? nil : Self.queued(in: text, needle: needle)
  }

  /// Whether this host has too many connections to look for one.
  var isTableTooLong: Bool { Self.contents(of: table).count > Self.longestTable }

  static func queued(in text: [UInt8], needle: [UInt8]) -> Int? {
    guard let first = needle.first, text.count > needle.count else { return nil }
    let place = text.withUnsafeBufferPointer { bytes in
      var index = 0
      while index + needle.count < bytes.count {
        if bytes[index] == first, bytes[index..<(index + needle.count)].elementsEqual(needle) { return index }
        index += 1
      }
      return -1
    }
    guard place >= 0 else { return nil }
    // `st tx_queue:rx_queue` follow.
    let fields = text[(place + needle.count)...].prefix(32).split(separator: UInt8(ascii: " "))
    guard fields.count >= 2 else { return nil }
    let queue = fields[1].prefix { $0 != UInt8(ascii: ":") }
    return Int(String(decoding: queue, as: UTF8.self), radix: 16)
  }

  private static func contents(of path: String) -> [UInt8] {
    let file = open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { return [] }
    defer { Glibc.close(file) }
    var result: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65_536)
    while result.count <= longestTable {
      let count = Glibc.read(file, &buffer, buffer.count)
      guard count > 0 else { break }
      result += buffer[..<count]
    }
    return result
  }

  /// An address as the kernel writes it: 32-bit words in the machine's order, upper case.
  static func hex(_ address: String) -> String? {
    var four = in_addr()
    if inet_pton(AF_INET, address, &four) == 1 { return hex(four.s_addr, digits: 8) }
    var six = in6_addr()
    // `fe80::1%eth0` has a zone that the table has not.
    guard inet_pton(AF_INET6, String(address.prefix { $0 != "%" }), &six) == 1 else { return nil }
    return withUnsafeBytes(of: &six) { bytes in
      (0..<4).map { hex(bytes.loadUnaligned(fromByteOffset: $0 * 4, as: UInt32.self), digits: 8) }.joined()
    }
  }

  private static func hex(_ number: some FixedWidthInteger, digits: Int) -> String {
    let text = String(number, radix: 16, uppercase: true)
    return String(repeating: "0", count: max(digits - text.count, 0)) + text
  }
}
