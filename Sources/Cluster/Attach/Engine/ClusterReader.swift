import Kubernetes

/// All that an attached screen asks of an API server: to read. Nothing that changes anything can be asked through it,
/// and the engine holds nothing else (`SyncRequester` apart, which exists only with `--allow-sync`).
struct ClusterReader: Sendable {
  private let client: KubernetesClient
  /// Streams say something more often than watches do.
  private let feedClient: KubernetesClient

  init(_ configuration: ClusterConfiguration, options: AttachOptions) {
    client = KubernetesClient(configuration, options: options.client)
    feedClient = KubernetesClient(configuration, options: options.streamClient)
  }

  /// Lists and watches until the task is cancelled.
  func follow<Object: KubernetesObject>(
    _ type: ResourceType, _ as: Object.Type, namespace: String?, selection: Selection = Selection(),
    _ handle: (InformerEvent<Object>) async -> Void
  ) async {
    await Informer(client, type, Object.self, namespace: namespace, selection: selection).run(handle)
  }

  func list<Object: KubernetesObject>(
    _ type: ResourceType, _ as: Object.Type, namespace: String?, selection: Selection = Selection()
  ) async throws(ClientError) -> [Object] {
    let page: ListPage<Object> = try await client.list(type, namespace: namespace, selection: selection)
    return page.items
  }

  /// Whether the API server answers at all; everybody may ask.
  func probe() async throws(ClientError) {
    _ = try await client.send(.get(path: "/version"), retry: .never)
  }

  /// A read-only API behind the API server's service proxy.
  func feed(namespace: String, service: String) -> FeedConnection {
    FeedConnection(
      client: feedClient,
      route: .proxy(namespace: namespace, service: service, port: OperatorService.portName))
  }
}

/// One operator's read-only API.
struct FeedConnection: Sendable {
  enum Route: Hashable, Sendable {
    case direct
    case proxy(namespace: String, service: String, port: String)
  }

  private let client: KubernetesClient
  private let route: Route

  fileprivate init(client: KubernetesClient, route: Route) {
    self.client = client
    self.route = route
  }

  /// Reached without an API server.
  init(_ server: ClusterConfiguration.Server, options: AttachOptions) {
    client = KubernetesClient(
      ClusterConfiguration(name: server.description, server: server), options: options.streamClient)
    route = .direct
  }

  /// - Parameter brief: devices that were read and found as they were are told together. An operator from before that
  ///   was thought of answers 400.
  func stream(brief: Bool) async throws(ClientError) -> LineStream {
    let path = brief ? "/api/v1/stream?brief=true" : "/api/v1/stream"
    return try await client.lines(try request(path, isStream: true), retry: .never)
  }

  func get(_ path: String) async throws(ClientError) -> JSONValue {
    let response = try await client.send(try request(path, isStream: false), retry: .never)
    do {
      return try JSONValue(parsing: response.body)
    } catch {
      throw .undecodable("\(path): \(error)")
    }
  }

  private func request(_ path: String, isStream: Bool) throws(ClientError) -> APIRequest {
    switch route {
    case .direct: return .get(path: path)
    case .proxy(let namespace, let service, let port):
      do {
        return try .serviceProxy(
          namespace: namespace, service: service, port: port, path: path, isStream: isStream)
      } catch {
        throw .request(error)
      }
    }
  }
}
