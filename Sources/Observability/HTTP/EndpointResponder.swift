import Control
import CoreMetrics
import Fleet
import HTTPTypes
import HummingbirdCore
import NIOCore

/// What an endpoint needs of a connection.
struct EndpointContext: Sendable {
  let channel: any Channel
}

/// Finds the endpoint of a request. There is no way in here to change anything: no method but GET and HEAD.
struct EndpointResponder: Sendable {
  let engine: any FleetEngine
  let pages: ScrapePages
  let options: ObservabilityOptions
  let now: @Sendable () -> WallTime
  let source: SnapshotSource
  let streams: Seats
  private let largeBodies: Seats
  let patience: TimeAmount

  init(
    engine: any FleetEngine, registry: MetricRegistry, options: ObservabilityOptions,
    now: @escaping @Sendable () -> WallTime
  ) {
    self.engine = engine
    pages = ScrapePages(registry, version: options.version)
    self.options = options
    self.now = now
    source = SnapshotSource(engine, now: now, patience: options.enginePatience)
    streams = Seats(options.maxStreams)
    largeBodies = Seats(options.maxLargeBodies)
    patience = TimeAmount(options.readerPatience)
  }

  func respond(to request: Request, context: EndpointContext) async -> Response {
    var response: Response
    do throws(BadRequest) {
      response = try await answer(request, context)
    } catch {
      response = failure(error)
    }
    response.headers[.cacheControl] = "no-store"
    response.headers[.xContentTypeOptions] = "nosniff"
    if request.method == .head { response.body = ResponseBody() }
    return response
  }

  private func answer(_ request: Request, _ context: EndpointContext) async throws(BadRequest) -> Response {
    let path = request.uri.path.split(separator: "/", omittingEmptySubsequences: false).dropFirst().map(
      String.init)
    let endpoint = Endpoint(path)
    guard let endpoint else { throw BadRequest(status: 404, message: "there is nothing here") }
    guard request.method == .get || request.method == .head else {
      throw BadRequest(status: 405, message: "read-only: GET and HEAD")
    }
    guard !request.head.announcesBody else {
      throw BadRequest(status: 413, message: "no request here has a body")
    }
    switch endpoint {
    case .metrics: return try await metrics(request, context)
    case .live: return try whole(HealthReport.json([]), "application/json", context)
    case .ready: return try await readiness(context)
    case .fleet: return try await fleet(request, context)
    case .stream: return try await stream(request, context)
    case .history(let device): return try await history(device, request, context)
    case .provenance(let device): return try await provenance(device, context)
    }
  }

  // MARK: Endpoints

  private func metrics(_ request: Request, _ context: EndpointContext) async throws(BadRequest) -> Response {
    let snapshot = await source.newest()
    let format = ExpositionFormat(accept: request.headers[.accept])
    if Gzip.isAccepted(request.headers[.acceptEncoding]),
      let bytes = await pages.packed(snapshot, format, now: now())
    {
      var response = try whole(bytes, format.contentType, context, vary: "Accept, Accept-Encoding")
      response.headers[.contentEncoding] = "gzip"
      return response
    }
    return try whole(
      pages.plain(snapshot, format, now: now()), format.contentType, context, vary: "Accept, Accept-Encoding")
  }

  private func readiness(_ context: EndpointContext) async throws(BadRequest) -> Response {
    let checks = HealthReport.readiness(await source.newest())
    var response = try whole(HealthReport.json(checks), "application/json", context)
    if !checks.allSatisfy(\.isGood) { response.status = .serviceUnavailable }
    return response
  }

  private func fleet(_ request: Request, _ context: EndpointContext) async throws(BadRequest) -> Response {
    guard let snapshot = await source.newest() else {
      throw BadRequest(status: 503, message: "the engine gave no state in time")
    }
    var json = JSONWriter()
    json.object { json in
      FleetJSON.header(snapshot, &json)
      json.array("devices") { json in
        for device in snapshot.devices { json.object { FleetJSON.device(device, &$0) } }
      }
      json.array("events") { json in
        for event in snapshot.events { json.object { FleetJSON.event(event, &$0) } }
      }
    }
    json.newline()
    guard Gzip.isAccepted(request.headers[.acceptEncoding]), let small = Gzip.compress(json.bytes) else {
      return try whole(json.bytes, "application/json", context, vary: "Accept-Encoding")
    }
    var response = try whole(small, "application/json", context, vary: "Accept-Encoding")
    response.headers[.contentEncoding] = "gzip"
    return response
  }

  private func history(
    _ device: DeviceID, _ request: Request, _ context: EndpointContext
  ) async throws(BadRequest) -> Response {
    let parameters = request.uri.queryParameters.map { (String($0.key), String($0.value)) }
    let query = try HistoryRequest.query(device, parameters: parameters, now: now())
    guard let snapshot = await source.newest() else {
      throw BadRequest(status: 503, message: "the engine gave no state in time")
    }
    guard let known = snapshot.devices.first(where: { $0.id == device }) else {
      throw BadRequest(status: 404, message: "no such device")
    }
    if let register = query.register, !known.spec.registers.contains(where: { $0.name == register }) {
      throw BadRequest(status: 404, message: "no such register")
    }
    let found: [DeviceHistory]
    do {
      found = try await engine.history(query)
    } catch {
      throw BadRequest(status: 503, message: "\(error)")
    }
    var json = JSONWriter()
    json.object { FleetJSON.history(found.first ?? DeviceHistory(device: device, register: ""), query, &$0) }
    json.newline()
    return try whole(json.bytes, "application/json", context)
  }

  private func provenance(_ device: DeviceID, _ context: EndpointContext) async throws(BadRequest) -> Response
  {
    guard let snapshot = await source.newest() else {
      throw BadRequest(status: 503, message: "the engine gave no state in time")
    }
    guard snapshot.devices.contains(where: { $0.id == device }) else {
      throw BadRequest(status: 404, message: "no such device")
    }
    let known = await engine.provenance(of: device)
    var json = JSONWriter()
    json.object { FleetJSON.provenance(known, of: device, &$0) }
    json.newline()
    return try whole(json.bytes, "application/json", context)
  }

  // MARK: Answers

  /// Bytes from which on an answer is a large one.
  private static let largeBody = 1 << 20

  /// A body of known length, written with patience. Of those that take much memory there are only a few at a time.
  func whole(
    _ bytes: [UInt8], _ type: String, _ context: EndpointContext, vary: String? = nil
  ) throws(BadRequest) -> Response {
    var headers: HTTPFields = [.contentType: type, .contentLength: String(bytes.count)]
    headers[.vary] = vary
    if bytes.count <= PatientWriter.piece {
      return Response(status: .ok, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
    }
    let seat = bytes.count > Self.largeBody ? largeBodies.take() : nil
    if bytes.count > Self.largeBody, seat == nil {
      throw BadRequest(
        status: 503,
        message: "too many large answers at once: \(options.maxLargeBodies) are being read; try gzip")
    }
    let patient = PatientWriter(channel: context.channel, patience: patience, bytes: bytes.count)
    let body = ResponseBody(contentLength: bytes.count) { writer in
      try await patient.write(bytes, to: &writer)
      withExtendedLifetime(seat) {}
      try await patient.finish(writer)
    }
    return Response(status: .ok, headers: headers, body: body)
  }

  private func failure(_ failure: BadRequest) -> Response {
    var json = JSONWriter()
    json.object { $0.member("error", failure.message) }
    json.newline()
    var headers: HTTPFields = [.contentType: "application/json", .contentLength: String(json.bytes.count)]
    if failure.status == 405 { headers[.allow] = "GET, HEAD" }
    if failure.status == 503 { headers[.retryAfter] = "5" }
    return Response(
      status: .init(code: failure.status), headers: headers,
      body: ResponseBody(byteBuffer: ByteBuffer(bytes: json.bytes)))
  }
}

/// The paths.
enum Endpoint: Hashable {
  case metrics, live, ready, fleet, stream
  case history(DeviceID), provenance(DeviceID)

  init?(_ path: [String]) {
    switch path {
    case ["metrics"]: self = .metrics
    case ["healthz"], ["health"]: self = .live
    case ["readyz"]: self = .ready
    case ["api", "v1", "fleet"]: self = .fleet
    case ["api", "v1", "stream"]: self = .stream
    default:
      guard path.count == 6, path[..<3] == ["api", "v1", "devices"],
        let namespace = path[3].removingPercentEncodingStrictly, !namespace.isEmpty,
        let name = path[4].removingPercentEncodingStrictly, !name.isEmpty
      else { return nil }
      let device = DeviceID(namespace: namespace, name: name)
      switch path[5] {
      case "history": self = .history(device)
      case "provenance": self = .provenance(device)
      default: return nil
      }
    }
  }
}

extension String {
  /// `nil`: a broken escape, or not UTF-8.
  fileprivate var removingPercentEncodingStrictly: String? {
    var bytes: [UInt8] = []
    var rest = utf8[...]
    while let byte = rest.popFirst() {
      guard byte == UInt8(ascii: "%") else {
        bytes.append(byte)
        continue
      }
      let digits = String(decoding: rest.prefix(2), as: UTF8.self)
      guard digits.utf8.count == 2, digits.utf8.first != UInt8(ascii: "+"),
        let value = UInt8(digits, radix: 16)
      else { return nil }
      bytes.append(value)
      rest = rest.dropFirst(2)
    }
    return String(validating: bytes, as: UTF8.self)
  }
}
