import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL

/// Carries requests to one API server.
///
/// HTTP/1.1 on purpose: a connection that has silently died fails only the request that uses it, and every
/// connection is given up when its request times out.
final class HTTPTransport: Sendable {
  struct Response: Sendable {
    var code: Int
    var headers: HTTPHeaders
    var body: HTTPClientResponse.Body
  }

  /// For messages: `https://host:port`.
  let server: String
  private let configuration: ClusterConfiguration
  private let base: String
  private let material: TLSMaterial
  private let client: HTTPClient
  private let userAgent: String

  init(_ configuration: ClusterConfiguration, options: KubernetesClient.Options) {
    self.configuration = configuration
    server = configuration.server.description
    userAgent = options.userAgent
    material = TLSMaterial(configuration)
    var settings = HTTPClient.Configuration()
    settings.httpVersion = .http1Only
    settings.redirectConfiguration = .disallow
    settings.timeout = .init(
      connect: .nanoseconds(options.connectTimeout.clampedNanoseconds),
      read: .nanoseconds(options.longestSilence.clampedNanoseconds))
    settings.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 64
    settings.connectionPool.retryConnectionEstablishment = false
    settings.proxy = configuration.proxy.map(Self.proxy)
    let scheme = configuration.server.isTLS ? "https" : "http"
    var authority = configuration.server.authority
    if let name = configuration.tlsServerName, name != configuration.server.host {
      // The certificate is verified against the host in the URL; the connection goes elsewhere.
      settings.dnsOverride = [name: configuration.server.host]
      authority = "\(ClusterConfiguration.Server.bracketed(name)):\(configuration.server.port)"
    }
    if let path = configuration.server.socketPath {
      base = "http+unix://\(percentEncoded(path))"
    } else {
      base = "\(scheme)://\(authority)\(configuration.server.pathPrefix)"
    }
    client = HTTPClient(
      eventLoopGroupProvider: .shared(options.eventLoopGroup ?? MultiThreadedEventLoopGroup.singleton),
      configuration: settings)
  }

  deinit {
    client.shutdown { _ in }
  }

  /// Sends a request and returns when the response's head has arrived.
  ///
  /// - Parameter headTimeout: how long that may take.
  func send(
    _ request: APIRequest, as credential: Credential, headTimeout: Duration
  ) async throws(ClientError) -> Response {
    var outgoing = HTTPClientRequest(url: base + request.pathAndQuery)
    outgoing.method = HTTPMethod(rawValue: request.method.rawValue)
    outgoing.headers = headers(request, credential)
    if let body = request.body { outgoing.body = .bytes(ByteBuffer(bytes: body)) }
    if configuration.server.isTLS {
      do {
        outgoing.tlsConfiguration = try material.configuration(override: credential.clientCertificate)
      } catch {
        throw .credentials(error)
      }
    }
    do {
      let timeout = TimeAmount.nanoseconds(headTimeout.clampedNanoseconds)
      let response = try await client.execute(outgoing, timeout: timeout)
      return Response(code: Int(response.status.code), headers: response.headers, body: response.body)
    } catch {
      throw .transport(failure(error))
    }
  }

  private func headers(_ request: APIRequest, _ credential: Credential) -> HTTPHeaders {
    var headers = HTTPHeaders()
    headers.add(name: "Host", value: configuration.server.authority)
    headers.add(name: "Accept", value: request.accept)
    headers.add(name: "User-Agent", value: userAgent)
    if let contentType = request.contentType { headers.add(name: "Content-Type", value: contentType) }
    if let token = credential.token { headers.add(name: "Authorization", value: "Bearer \(token.value)") }
    if let basic = credential.basic { headers.add(name: "Authorization", value: "Basic \(basic.value)") }
    if let impersonation = configuration.impersonation {
      headers.add(name: "Impersonate-User", value: impersonation.user)
      for group in impersonation.groups { headers.add(name: "Impersonate-Group", value: group) }
      if let uid = impersonation.uid { headers.add(name: "Impersonate-Uid", value: uid) }
      for (key, values) in impersonation.extra.sorted(by: { $0.key < $1.key }) {
        for value in values { headers.add(name: "Impersonate-Extra-\(percentEncoded(key))", value: value) }
      }
    }
    return headers
  }

  private static func proxy(_ proxy: Proxy) -> HTTPClient.Configuration.Proxy {
    switch proxy.kind {
    case .socks5: return .socksServer(host: proxy.host, port: proxy.port)
    case .http:
      let login = proxy.user.map { user in
        HTTPClient.Authorization.basic(username: user, password: proxy.password?.value ?? "")
      }
      return .server(host: proxy.host, port: proxy.port, authorization: login)
    }
  }
}
