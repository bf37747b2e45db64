import ArgumentParser
import Control
import Manifest
import Modbus

struct Capture: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Read a device's registers and print a manifest: the way in for an existing plant.",
    discussion: """
      Only reads. The values that are found become the desired ones; review them, then commit. Corrections are off in
      the manifest unless --auto-correct is given. Exit codes: 0 done; 3 unreachable; 4 the device refuses every
      register that was asked for.

      fabctl capture 192.168.1.100 --range 4001-4010 --range coil:0-7 --name line-1 > line-1.yaml
      """)

  @Argument(help: "Host, host:port, or a URL as `deviceAddress` takes it (mbaps://, rtu+tcp://, serial://).")
  var address: String

  @Option(help: "TCP port, 1 to 65535.")
  var port: Int = 502

  @Option(
    help: ArgumentHelp("mbaps:// only: folder of the TLS directory with our certificate.", valueName: "name"))
  var credentials: String = TransportSecurity.defaultCredentials

  @Option(
    help: ArgumentHelp(
      "mbaps:// only: name in the device's certificate (default: the host).", valueName: "name"))
  var serverName: String?

  @Option(help: "Unit id, 0 to 255.")
  var unit: UInt8 = 1

  @Option(
    help: ArgumentHelp(
      "Addresses, 0-based: `4001`, `4001-4010`, `4001+10`, `coil:0-7`. May be repeated.",
      valueName: "addresses"))
  var range: [String]

  @Option(help: "Table of ranges that name none: holding, coil, input or discrete.")
  var table: RegisterTable = .holding

  @Option(
    help: "Type of the values of word tables: uint16, int16, uint32, int32, uint64, int64, float32, float64.")
  var type: RegisterType = .uint16

  @Option(help: "Byte order of values of several words: ABCD, CDAB, BADC or DCBA.")
  var order: ByteOrder = .abcd

  @Option(help: "Name of the device (default: made from the address).")
  var name: String?

  @Option(name: [.customShort("n"), .long], help: "Namespace of the device.")
  var namespace: String = "default"

  @Option(help: ArgumentHelp("Label of the device. May be repeated.", valueName: "key=value"))
  var label: [String] = []

  @Option(help: "Tag of the device. May be repeated.")
  var tag: [String] = []

  @Option(help: ArgumentHelp("Poll interval in the manifest, 1 to 86400.", valueName: "seconds"))
  var poll: Int = 5

  @Option(help: ArgumentHelp("Time limit of a request, 10 to 60000.", valueName: "milliseconds"))
  var timeout: Int = 1000

  @Option(help: "Most registers one request may ask for, 1 to 125.")
  var maxRegistersPerRequest: Int = 125

  @Flag(help: "Leave desired values out: monitor only.")
  var monitor = false

  @Flag(help: "Let drift be corrected by itself.")
  var autoCorrect = false

  @Flag(inversion: .prefixedNo, help: "Ask who made it (function 43/14).")
  var identity = true

  @Option(name: .shortAndLong, help: "Output format: yaml or json.")
  var output: Format = .yaml

  enum Format: String, ExpressibleByArgument, CaseIterable { case yaml, json }

  func validate() throws {
    func check(_ option: String, _ value: Int, _ allowed: ClosedRange<Int>) throws {
      guard allowed.contains(value) else {
        throw ValidationError(
          "\(option) \(value) is outside \(allowed.lowerBound)...\(allowed.upperBound)")
      }
    }
    try check("--port", port, 1...65_535)
    try check("--poll", poll, 1...86_400)
    try check("--timeout", timeout, 10...60_000)
    try check("--max-registers-per-request", maxRegistersPerRequest, 1...125)
    if type == .bool || type == .string {
      throw ValidationError("--type \(type.rawValue) cannot be captured")
    }
    for text in range {
      guard let parsed = AddressRange(text) else {
        throw ValidationError(
          "--range \(text): not a range of addresses 0...65535 (as 4001, 4001-4010, 4001+10 or coil:0-7)")
      }
      guard parsed.last - parsed.first < 10_000 else {
        throw ValidationError("--range \(text): more than 10000 addresses in one manifest")
      }
    }
    for text in label where !text.contains("=") {
      throw ValidationError("--label \(text): expected KEY=VALUE")
    }
  }

  func run() async throws {
    let endpoint: EndpointAddress
    do throws(EndpointAddressFault) {
      endpoint = try EndpointAddress(
        deviceAddress: address, port: port,
        identity: TLSIdentity(credentials: credentials, serverName: serverName))
    } catch {
      throw CommandFailure(.usage, "fabctl: capture \(address): \(error)")
    }
    var spec = device(at: endpoint)
    (spec.registers, spec.identity) = try await read(endpoint)
    let text = output == .yaml ? ManifestEncoder.yaml(spec) : ManifestEncoder.document(spec).json()
    // What is printed is what lint accepts, or nothing is printed.
    let reading = ManifestReader.read([
      ManifestFile(name: "capture", contents: Array(text.utf8), isExplicit: true)
    ])
    guard reading.errors.isEmpty else {
      throw CommandFailure(.usage, reading.errors.map { "fabctl: capture: \($0.summary)" })
    }
    Console.out(text.withoutFinalLineBreak)
  }

  private func device(at endpoint: EndpointAddress) -> DeviceSpec {
    var host = address
    var port = port
    if case .tcp(let found, let number, .mbap) = endpoint, !address.contains("://") {
      (host, port) = (found, number)
    }
    var security: TransportSecurity?
    if case .secure(_, let number, _) = endpoint {
      port = number
      security = TransportSecurity(credentials: credentials, serverName: serverName)
    }
    let plain = host.lowercased().map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "-" }
    let derived = "plc-" + String(plain).split(separator: "-").joined(separator: "-")
    return DeviceSpec(
      id: DeviceID(namespace: namespace, name: name ?? String(derived.prefix(63))), address: host, port: port,
      security: security, unitID: unit, timeout: .milliseconds(timeout),
      maxRegistersPerRequest: maxRegistersPerRequest,
      pollInterval: .seconds(poll), autoCorrect: autoCorrect, registers: [], tags: tag,
      labels: label.map { text in
        let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(
          String.init)
        return DeviceSpec.Label(key: parts[0], value: parts.count > 1 ? parts[1] : "")
      })
  }

  private func read(_ endpoint: EndpointAddress) async throws -> ([RegisterSpec], DeviceIdentity?) {
    do {
      let client = try await ModbusClient.connect(
        endpoint, credentialsDirectory: CredentialsDirectory.standard())
      var capture = DeviceCapture(
        client: client, unit: unit, timeout: .milliseconds(timeout), mostRegisters: maxRegistersPerRequest)
      let ranges = range.compactMap(AddressRange.init)
      do {
        for range in ranges { try await capture.read(range.table ?? table, range.first...range.last) }
      } catch {
        await client.close()
        throw error
      }
      let identity = identity ? await capture.identity() : nil
      await client.close()
      return (try registers(capture, ranges), identity.flatMap(declarable))
    } catch let failure as WireFailure {
      throw CommandFailure(.unreachable, "fabctl: capture \(endpoint): \(failure)")
    } catch let failure as RequestFailure {
      throw CommandFailure(.unreachable, "fabctl: capture \(endpoint) unit \(unit): \(failure)")
    }
  }

  /// What of an identity a manifest can hold: devices pad their names with zero bytes, and worse.
  private func declarable(_ identity: DeviceIdentity) -> DeviceIdentity? {
    func kept(_ field: String, _ text: String?) -> String? {
      guard let text, text.unicodeScalars.contains(where: PrintableText.isUnprintable) else { return text }
      Console.error(
        "fabctl: capture: the device says \(PrintableText.escaped(text, limit: 100)), which a manifest cannot hold;"
          + " identity.\(field) is left out")
      return nil
    }
    let found = DeviceIdentity(
      vendorName: kept("vendorName", identity.vendorName),
      productCode: kept("productCode", identity.productCode))
    return found.vendorName == nil && found.productCode == nil ? nil : found
  }

  private func registers(_ capture: DeviceCapture, _ ranges: [AddressRange]) throws -> [RegisterSpec] {
    for (table, addresses, why) in capture.refused {
      let which =
        addresses.count == 1
        ? "\(addresses.lowerBound)" : "\(addresses.lowerBound) to \(addresses.upperBound)"
      Console.error("fabctl: capture: \(table.rawValue) \(which): the device refuses: \(why)")
    }
    var found: [RegisterSpec] = []
    var taken: Set<String> = []
    for range in ranges {
      let table = range.table ?? table
      let type: RegisterType = table.isBits ? .bool : type
      let width = table.isBits ? 1 : type.wordCount ?? 1
      for address in stride(from: range.first, through: range.last - width + 1, by: width) {
        let words = (0..<width).compactMap { capture.words[table]?[address + $0] }
        guard words.count == width, taken.insert("\(table.rawValue)-\(address)").inserted else { continue }
        found.append(register(table, type, address, words))
      }
    }
    guard !found.isEmpty else {
      throw CommandFailure(.refused, "fabctl: capture \(address): the device gives none of these registers")
    }
    return found
  }

  private func register(
    _ table: RegisterTable, _ type: RegisterType, _ address: Int, _ words: [UInt16]
  ) -> RegisterSpec {
    var spec = RegisterSpec(
      name: "\(table.rawValue)-\(address)", address: UInt16(clamping: address), table: table, type: type,
      order: words.count > 1 ? order : .abcd)
    guard !monitor, table.isWritable else { return spec }
    spec.desired = RegisterCodec.decode(words, as: spec)
    if case .real(let value)? = spec.desired, !value.isFinite {
      Console.error("fabctl: capture: \(spec.name) is not a number; it is monitored only")
      spec.desired = nil
    }
    return spec
  }
}

extension RegisterTable: ExpressibleByArgument {}
extension RegisterType: ExpressibleByArgument {}
extension ByteOrder: ExpressibleByArgument {}
