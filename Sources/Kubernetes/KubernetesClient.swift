import AsyncHTTPClient
import Logging
import NIOCore
import NIOHTTP1
import Synchronization

/// Talks to one API server: sends `APIRequest`s, with credentials, retries and limits.
///
/// Safe to share between tasks. Cancelling a task cancels its request.
public final class KubernetesClient: Sendable {
  public struct Options: Sendable {
    /// For a connection, TLS and proxy included.
    public var connectTimeout = Duration.seconds(10)
    /// For one try of a request, its whole answer included; streams are not limited by it.
    public var requestTimeout = Duration.seconds(30)
    /// A response that says nothing for this long is given up. Watches get a bookmark about every minute.
    public var longestSilence = Duration.seconds(90)
    /// Largest answer that is read.
    public var maxBodyBytes = 32 << 20
    /// Largest watch event or line of a stream that is read.
    public var maxLineBytes = 8 << 20
    public var jsonLimits = JSONValue.Limits()
    public var retry = RetryPolicy()
    public var userAgent = "fabgitops"
    /// Nil for the process-wide one.
    public var eventLoopGroup: (any EventLoopGroup)?
    /// What credential plugins inherit.
    public var environment: [String: String] = [:]
    public var pluginTimeout = Duration.seconds(60)
    /// For the jitter of retries.
    public var seed: UInt64 = .random(in: .min ... .max)

    public init() {}
  }

  /// An answer with a 2xx code.
  public struct Response: Sendable {
    public var code: Int
    public var body: [UInt8]
    /// `Warning` headers: deprecations and ignored fields, as the server words them.
    public var warnings: [String]
  }

  public let configuration: ClusterConfiguration
  let options: Options
  let transport: HTTPTransport
  private let credentials: CredentialSource
  private let logger: Logger
  private let generator: Mutex<SeededGenerator>

  public init(
    _ configuration: ClusterConfiguration, options: Options = Options(),
    logger: Logger = Logger(label: "kubernetes", factory: { _ in SwiftLogNoOpLogHandler() })
  ) {
    self.configuration = configuration
    self.options = options
    self.logger = logger
    transport = HTTPTransport(configuration, options: options)
    credentials = CredentialSource(
      login: configuration.login, environment: options.environment, pluginTimeout: options.pluginTimeout)
    generator = Mutex(SeededGenerator(seed: options.seed))
  }

  /// Sends a request and reads the whole answer, repeating it as `retry` allows (nil: as the options say).
  public func send(_ request: APIRequest, retry: RetryPolicy? = nil) async throws(ClientError) -> Response {
    try await retrying(request, retry ?? options.retry) { [self] () throws(ClientError) in
      let timeout = options.requestTimeout
      // Outside the time limit: a plugin has one of its own.
      let credential = try await credential()
      do {
        return try await withDeadline(timeout) { [self] in
          let response = try await authenticated(request, as: credential, headTimeout: timeout)
          let body = try await collect(response.body)
          return Response(code: response.code, body: body, warnings: response.headers["warning"].map(oneLine))
        }
      } catch let error as ClientError {
        throw error
      } catch {
        throw .transport(transport.failure(error))
      }
    }
  }

  /// Opens a stream of lines. Only the opening is repeated; an established stream that breaks is the caller's
  /// to open again, because only the caller knows from where.
  public func lines(_ request: APIRequest, retry: RetryPolicy? = nil) async throws(ClientError) -> LineStream
  {
    let response = try await retrying(request, retry ?? options.retry) { [self] () throws(ClientError) in
      try await authenticated(request, as: try await credential(), headTimeout: options.requestTimeout)
    }
    return LineStream(response.body, limit: options.maxLineBytes, transport: transport)
  }

  // MARK: One try

  /// Sends with credentials; with new ones, once, if the server refuses the first. Anything but 2xx is an
  /// error.
  func authenticated(
    _ request: APIRequest, as first: Credential, headTimeout: Duration
  ) async throws(ClientError) -> HTTPTransport.Response {
    let response = try await transport.send(request, as: first, headTimeout: headTimeout)
    if response.code == 401, await credentials.reject(first) {
      let second = try await credential()
      if second != first {
        return try await checked(
          request, await transport.send(request, as: second, headTimeout: headTimeout))
      }
    }
    return try await checked(request, response)
  }

  private func credential() async throws(ClientError) -> Credential {
    do {
      return try await credentials.credential()
    } catch {
      if Task.isCancelled { throw .transport(transport.failure(CancellationError())) }
      throw .credentials(error)
    }
  }

  private func checked(
    _ request: APIRequest, _ response: HTTPTransport.Response
  ) async throws(ClientError) -> HTTPTransport.Response {
    if (200...299).contains(response.code) { return response }
    let retryAfter = response.headers["retry-after"].first.flatMap { Int($0) }
      .map { Duration.seconds(min(max($0, 0), 86_400)) }
    // An error's text is read as far as it is useful; a proxy may answer with a page.
    let body = await prefix(of: response.body, limit: 64 << 10)
    let status = (try? JSONValue(parsing: body, limits: options.jsonLimits).decode(as: APIStatus.self))
    let text = String(decoding: body.prefix(2000), as: UTF8.self)
    let fallback = APIStatus(message: text.isEmpty ? "no message" : text)
    let isStatus = status?.reason != nil || status?.message != nil
    var error = StatusError(
      status: (isStatus ? status : nil) ?? fallback, code: response.code, verb: request.verb,
      target: request.target, retryAfter: retryAfter)
    if error.retryAfter == nil { error.retryAfter = retryAfter }
    throw .refused(error)
  }

  private func collect(_ body: HTTPClientResponse.Body) async throws -> [UInt8] {
    let buffer = try await body.collect(upTo: options.maxBodyBytes)
    return Array(buffer.readableBytesView)
  }

  private func prefix(of body: HTTPClientResponse.Body, limit: Int) async -> [UInt8] {
    let read = try? await withDeadline(options.requestTimeout) {
      var bytes: [UInt8] = []
      do {
        for try await chunk in body {
          bytes.append(contentsOf: chunk.readableBytesView.prefix(limit - bytes.count))
          if bytes.count >= limit { break }
        }
      } catch {}
      return bytes
    }
    return read ?? []
  }

  // MARK: Retrying

  private func retrying<Value: Sendable>(
    _ request: APIRequest, _ policy: RetryPolicy, _ body: () async throws(ClientError) -> Value
  ) async throws(ClientError) -> Value {
    var attempt = 1
    while true {
      let failure: ClientError
      do throws(ClientError) {
        return try await body()
      } catch {
        failure = error
      }
      let wait = generator.withLock {
        policy.delay(after: failure, attempt: attempt, isIdempotent: request.isIdempotent, using: &$0)
      }
      guard let wait else { throw failure }
      logger.debug("retrying", metadata: ["error": "\(failure)", "wait": "\(wait)", "attempt": "\(attempt)"])
      do {
        try await Task.sleep(for: wait)
      } catch {
        throw .transport(transport.failure(error))
      }
      attempt += 1
    }
  }
}
