import ArgumentParser
import MockPLC

/// The command line of `mock-plc`.
struct MockPLCCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "mock-plc",
    abstract: "Modbus TCP PLCs that misbehave on request, repeatably.",
    discussion: """
      Every change of a register, by chaos, script or client, is one line on standard output. The same seed, map and \
      script give the same lines.

      Faults (P is a probability, 0.2 or 20%; add @UNIT or @FIRST-LAST for some units only):
        \(FaultSpec.usages)
      """,
    version: "mock-plc 0.1.0")

  @Option(help: "Address to listen on.")
  var bind = "127.0.0.1"

  @Option(help: "Port of the first PLC; the others follow. 0: any free port for each.")
  var port: UInt16 = 5502

  @Option(help: "Holding register that is the setpoint (default: 4001). May be repeated.")
  var register: [UInt16] = []

  @Option(help: "Value of the setpoint (default: 2500). Once for each --register, or once for all.")
  var value: [UInt16] = []

  @Flag(help: "Turn the setpoints now and then.")
  var chaos = false

  @Option(help: "Time between two turns, seconds or such as 500ms.")
  var chaosInterval = "10"

  @Option(help: "How far a turn goes at most.")
  var maxDrift = 500.0

  @Option(help: "Number of PLCs.")
  var count: Int?

  @Flag(help: "An address for each PLC, from --bind on, instead of a port for each: large fleets need it.")
  var addresses = false

  @Option(help: ArgumentHelp("Register map, YAML. Repeated: the PLCs use them in turn.", valueName: "file"))
  var map: [String] = []

  @Option(help: "Everything random comes from it.")
  var seed: UInt64 = 1

  @Option(
    parsing: .upToNextOption,
    help: ArgumentHelp("One or more faults, such as latency=20ms±5ms. May be repeated.", valueName: "spec"))
  var fault: [String] = []

  @Option(help: ArgumentHelp("Timed events, YAML.", valueName: "file"))
  var script: String?

  @Option(help: ArgumentHelp("Such as vendor=ACME,product=P1,revision=2.1.", valueName: "pairs"))
  var identity: String?

  @Option(help: "Unit ids with an image each, such as 1-16 or 1,3,7 (default: one image for every id).")
  var units: String?

  @Option(help: "Lines that carry a time: elapsed (all), scheduled (not what clients cause), none.")
  var logTime = LogTime.elapsed

  @Option(
    help: ArgumentHelp(
      "Modbus/TCP Security: certificate of the PLCs, PEM, re-read when it changes.", valueName: "file"))
  var tlsCert: String?

  @Option(help: ArgumentHelp("Its private key, PEM.", valueName: "file"))
  var tlsKey: String?

  @Option(help: ArgumentHelp("Authorities that client certificates must come from, PEM.", valueName: "file"))
  var tlsCa: String?

  @Option(
    help: ArgumentHelp(
      "With TLS: role in a client's certificate that may write, others only read (default: all may). May be repeated.",
      valueName: "role"))
  var writeRole: [String] = []

  @Flag(help: "Also log connections, requests and the faults that struck them.")
  var verbose = false

  @Option(help: "Stop after so long, seconds or such as 500ms.")
  var duration: String?

  @Option(help: "Only print what the PLCs would do by themselves for so long, at once and without ports.")
  var rehearse: String?
}

extension LogTime: ExpressibleByArgument {}
