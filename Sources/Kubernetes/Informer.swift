/// What an informer tells its handler.
public enum InformerEvent<Object: KubernetesObject>: Sendable {
  /// The object is new or has changed.
  case upsert(Object)
  case delete(ObjectKey, uid: String?)
  /// The object exists or has changed, but does not fit its type.
  case undecodable(UndecodableObject)
  /// Everything that exists has been announced; sent after every complete list.
  case synced
  /// Contact is lost; what was announced grows old until `recovered`.
  case troubled(ClientError)
  case recovered
}

/// Runs a `Reflector` against an API server.
public struct Informer<Object: KubernetesObject>: Sendable {
  public var client: KubernetesClient
  public var type: ResourceType
  /// Nil for all namespaces.
  public var namespace: String?
  public var selection: Selection
  public var configuration: Reflector<Object>.Configuration
  public var seed: UInt64

  public init(
    _ client: KubernetesClient, _ type: ResourceType, _ as: Object.Type = Object.self,
    namespace: String? = nil, selection: Selection = Selection(),
    configuration: Reflector<Object>.Configuration = .init(), seed: UInt64 = .random(in: .min ... .max)
  ) {
    self.client = client
    self.type = type
    self.namespace = namespace
    self.selection = selection
    self.configuration = configuration
    self.seed = seed
  }

  /// Lists and watches until the task is cancelled. The handler is called for one event at a time, in order,
  /// and nothing more is read from the server until it returns.
  public func run(_ handle: (InformerEvent<Object>) async -> Void) async {
    var reflector = Reflector<Object>(configuration: configuration, seed: seed)
    var pending = reflector.step(.start, at: .now())
    while !Task.isCancelled {
      guard let request = await dispatch(pending, handle) else { return }
      switch request {
      case .list(let limit, let token):
        pending = reflector.step(await list(limit, token), at: .now())
      case .wait(let until):
        try? await Task.sleep(for: max(MonotonicInstant.now().duration(to: until), .zero))
        pending = reflector.step(.timer, at: .now())
      case .watch(let version, let seconds):
        pending = await watch(&reflector, version, seconds, handle)
      default:
        return
      }
    }
  }

  /// Hands out what is to be announced; returns the request to make next.
  private func dispatch(
    _ actions: [Reflector<Object>.Action], _ handle: (InformerEvent<Object>) async -> Void
  ) async -> Reflector<Object>.Action? {
    var request: Reflector<Object>.Action?
    for action in actions {
      switch action {
      case .upsert(let object): await handle(.upsert(object))
      case .delete(let key, let uid): await handle(.delete(key, uid: uid))
      case .undecodable(let failure): await handle(.undecodable(failure))
      case .synced: await handle(.synced)
      case .troubled(let error): await handle(.troubled(error))
      case .recovered: await handle(.recovered)
      case .list, .watch, .wait: request = action
      case .closeWatch: break
      }
    }
    return request
  }

  private func list(_ limit: Int?, _ token: String?) async -> Reflector<Object>.Input {
    do throws(ClientError) {
      let page: ListPage<Object> = try await client.page(
        type, namespace: namespace, selection: selection, limit: limit, continueToken: token)
      return .page(page)
    } catch {
      return .failed(error)
    }
  }

  /// Follows one watch to its end; returns what the reflector then wants.
  private func watch(
    _ reflector: inout Reflector<Object>, _ version: String, _ seconds: Int,
    _ handle: (InformerEvent<Object>) async -> Void
  ) async -> [Reflector<Object>.Action] {
    let end: Reflector<Object>.Input
    do {
      let stream: WatchStream<Object> = try await client.watch(
        type, namespace: namespace, selection: selection, resourceVersion: version, timeoutSeconds: seconds,
        retry: .never)
      _ = await dispatch(reflector.step(.watchOpened, at: .now()), handle)
      for try await event in stream {
        let actions = reflector.step(.event(event), at: .now())
        let request = await dispatch(actions, handle)
        // An error event: the reflector has given this watch up, and leaving the loop closes it.
        if let request { return [request] }
      }
      end = .watchEnded
    } catch let error as ClientError {
      end = input(error)
    } catch {
      end = .failed(.transport(client.transport.failure(error)))
    }
    return reflector.step(end, at: .now())
  }

  /// Silence is no trouble by itself: nothing may have happened. If the link is dead, opening the next watch
  /// says so.
  private func input(_ error: ClientError) -> Reflector<Object>.Input {
    if case .transport(let failure) = error, failure.kind == .timeout { return .watchEnded }
    return .failed(error)
  }
}
