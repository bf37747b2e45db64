import Glibc
import Testing

@testable import NcursesTerminal

@Suite struct SSHLinkTests {
  @Test func addressesAsTheKernelWritesThem() {
    #expect(SSHLink.hex("127.0.0.1") == "0100007F")
    #expect(SSHLink.hex("::1") == "00000000000000000000000001000000")
    #expect(SSHLink.hex("::ffff:10.0.0.2") == "0000000000000000FFFF00000200000A")
    #expect(SSHLink.hex("fe80::1%eth0") == "000080FE000000000000000001000000")
    #expect(SSHLink.hex("nobody") == nil)
  }

  @Test func theQueueIsFoundInTheTable() {
    let table = Array(
      """
        sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt
         0: 0100007F:0016 00000000:0000 0A 00000000:00000000 00:00000000 00000000
         1: 0100007F:0016 0100007F:C350 01 00001F40:00000000 01:00000014 00000000
      """.utf8)
    #expect(SSHLink.queued(in: table, needle: Array(" 0100007F:0016 0100007F:C350 ".utf8)) == 8000)
    #expect(SSHLink.queued(in: table, needle: Array(" 0100007F:0016 0100007F:C351 ".utf8)) == nil)
    #expect(SSHLink.queued(in: [], needle: Array(" x ".utf8)) == nil)
  }

  @Test func onlyWhereItCanBeTrusted() {
    func link(_ variables: [String: String]) -> SSHLink? { SSHLink { variables[$0] } }
    let connection = "10.0.0.2 50000 10.0.0.1 22"
    #expect(link(["SSH_CONNECTION": connection]) != nil)
    #expect(link(["SSH_CONNECTION": connection, "TMUX": "/tmp/x"]) == nil)
    #expect(link(["SSH_CONNECTION": connection, "STY": "1.x"]) == nil)
    for wrong in ["", "a b c d", "10.0.0.2 99999 10.0.0.1 22", "10.0.0.2 1 ::1 22"] {
      #expect(link(["SSH_CONNECTION": wrong]) == nil, "\(wrong)")
    }
    #expect(link([:]) == nil)
  }

  /// The real table: bytes that a peer does not read are in the queue, and a queue that never moves is not waited for.
  @Test func bytesThatNobodyReadsAreCounted() throws {
    let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    let sender = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { for end in [listener, sender] { close(end) } }
    var small: Int32 = 2048
    setsockopt(listener, SOL_SOCKET, SO_RCVBUF, &small, 4)
    var here = sockaddr_in()
    here.sin_family = sa_family_t(AF_INET)
    here.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    func address(
      _ socket: Int32,
      _ call: (Int32, UnsafeMutablePointer<sockaddr>, UnsafeMutablePointer<socklen_t>) -> Int32
    )
      -> sockaddr_in
    {
      var found = sockaddr_in()
      _ = withUnsafeMutablePointer(to: &found) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { call(socket, $0, &length) }
      }
      return found
    }
    let bound = withUnsafePointer(to: &here) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(listener, $0, length) }
    }
    try #require(bound == 0 && listen(listener, 1) == 0)
    var there = address(listener) { getsockname($0, $1, $2) }
    let connected = withUnsafePointer(to: &there) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(sender, $0, length) }
    }
    try #require(connected == 0)
    let own = address(sender) { getsockname($0, $1, $2) }
    // This end plays sshd: the server's side of the connection.
    let variable =
      "127.0.0.1 \(UInt16(bigEndian: there.sin_port)) 127.0.0.1 \(UInt16(bigEndian: own.sin_port))"
    var link = try #require(SSHLink { $0 == "SSH_CONNECTION" ? variable : nil })
    guard !link.isTableTooLong else {
      // On a host with this many connections the queue is left alone, and so it must be said to be.
      #expect(link.queuedBytes() == nil)
      return
    }
    #expect(link.queuedBytes() == 0)
    let idle = link.isBusy(now: 0)
    #expect(!idle)
    let bytes = [UInt8](repeating: 0, count: 65_536)
    _ = send(sender, bytes, bytes.count, Int32(MSG_DONTWAIT))
    #expect((link.queuedBytes() ?? 0) > SSHLink.tolerance)
    let asked = [1_000_000_000, 4_000_000_000, 6_000_000_000, 6_100_000_000].map { link.isBusy(now: $0) }
    #expect(asked == [true, true, false, true])
  }
}
