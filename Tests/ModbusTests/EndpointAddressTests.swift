import Modbus
import Testing

@Suite struct EndpointAddressTests {
  static let good: [(String, EndpointAddress)] = [
    ("192.168.1.100", .tcp(host: "192.168.1.100", port: 502)),
    ("Line-1.Plant.example", .tcp(host: "line-1.plant.example", port: 502)),
    ("fe80::1%eth0", .tcp(host: "fe80::1%eth0", port: 502)),
    ("tcp://plc:1502", .tcp(host: "plc", port: 1502)),
    ("rtu+tcp://10.0.0.7:4001", .tcp(host: "10.0.0.7", port: 4001, framing: .rtu)),
    ("ascii+tcp://[fe80::1]:7", .tcp(host: "fe80::1", port: 7, framing: .ascii)),
    ("rtu+tcp://[::1]", .tcp(host: "::1", port: 502, framing: .rtu)),
    ("mbaps://plc-7", .secure(host: "plc-7", port: 802)),
    ("mbaps://plc-7:10802", .secure(host: "plc-7", port: 10802)),
    ("mbaps://[fe80::1]:502", .secure(host: "fe80::1", port: 502)),
    ("serial:///dev/ttyUSB0", .serial(SerialPort(path: "/dev/ttyUSB0"))),
    (
      "serial:///dev/ttyS1?baud=9600&parity=none&data=7&stop=2&mode=ascii",
      .serial(
        SerialPort(
          path: "/dev/ttyS1", baud: 9600, parity: .none, dataBits: 7, stopBits: 2, framing: .ascii))
    ),
  ]

  @Test(arguments: good) func parsesAndComesBack(_ text: String, _ address: EndpointAddress) throws {
    let parsed = try EndpointAddress(deviceAddress: text)
    #expect(parsed == address)
    #expect(try EndpointAddress(deviceAddress: parsed.description) == address)
  }

  static let bad: [(String, EndpointAddressFault)] = [
    ("http://plc", .unknownTransport("http")),
    ("rtu+tcp://", .noHost),
    ("", .noHost),
    ("plc:0", .port("0")),
    ("plc:x", .port("x")),
    ("plc:70000", .port("70000")),
    ("[::1]502", .port("502")),
    ("serial://ttyUSB0", .noHost),
    ("serial:///dev/ttyUSB0?baud=9601", .serialOption("baud=9601")),
    ("serial:///dev/ttyUSB0?parity", .serialOption("parity")),
    ("serial:///dev/ttyUSB0?speed=9600", .serialOption("speed=9600")),
  ]

  @Test(arguments: bad) func saysWhatIsWrong(_ text: String, _ fault: EndpointAddressFault) {
    #expect(throws: fault) { try EndpointAddress(deviceAddress: text) }
    #expect(!fault.description.isEmpty)
  }

  @Test func theManifestsPortIsTheDefault() throws {
    #expect(try EndpointAddress(deviceAddress: "plc", port: 1502) == .tcp(host: "plc", port: 1502))
    #expect(try EndpointAddress(deviceAddress: "mbaps://plc", port: 1802) == .secure(host: "plc", port: 1802))
    let identity = TLSIdentity(credentials: "plant-a", serverName: "oven")
    #expect(
      try EndpointAddress(deviceAddress: "mbaps://plc", identity: identity)
        == .secure(host: "plc", port: 802, identity))
    #expect(throws: EndpointAddressFault.port("0")) { try EndpointAddress(deviceAddress: "plc", port: 0) }
  }

  @Test func silenceBetweenFrames() {
    #expect(SerialPort(path: "/dev/x", baud: 9600).frameGap == .nanoseconds(4_010_416))
    #expect(SerialPort(path: "/dev/x", baud: 115_200).frameGap == .microseconds(1750))
    #expect(SerialPort(path: "/dev/x", framing: .ascii).frameGap == .zero)
  }
}
