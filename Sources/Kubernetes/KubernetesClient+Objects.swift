extension KubernetesClient {
  /// Reads one object. Throws `ClientError`; a missing object is `.refused` with reason `.notFound`.
  public func get<Object: KubernetesObject>(
    _ type: ResourceType, _ as: Object.Type = Object.self, namespace: String? = nil, name: String,
    subresource: String? = nil
  ) async throws(ClientError) -> Object {
    let request = try built { () throws(RequestError) in
      try APIRequest.get(type, namespace: namespace, name: name, subresource: subresource)
    }
    return try await object(request)
  }

  /// Lists one page; `namespace` nil means all of them.
  public func page<Object: KubernetesObject>(
    _ type: ResourceType, _ as: Object.Type = Object.self, namespace: String? = nil,
    selection: Selection = Selection(), limit: Int? = nil, continueToken: String? = nil
  ) async throws(ClientError) -> ListPage<Object> {
    let request = try built { () throws(RequestError) in
      try APIRequest.list(
        type, namespace: namespace, selection: selection, limit: limit, continueToken: continueToken)
    }
    let json = try parsed(try await send(request).body, request)
    do {
      return try ListPage(json: json)
    } catch {
      throw .undecodable("\(request.verb) \(request.target): \(describe(error))")
    }
  }

  /// Lists everything, page by page. When the server forgets a page half way, everything is asked for in one
  /// answer.
  ///
  /// - Parameter maxObjects: more than this many is an error.
  public func list<Object: KubernetesObject>(
    _ type: ResourceType, _ as: Object.Type = Object.self, namespace: String? = nil,
    selection: Selection = Selection(), pageSize: Int = 500, maxObjects: Int = 200_000
  ) async throws(ClientError) -> ListPage<Object> {
    var whole = ListPage<Object>(items: [], resourceVersion: "")
    var token: String?
    repeat {
      let page: ListPage<Object>
      do throws(ClientError) {
        page = try await self.page(
          type, namespace: namespace, selection: selection, limit: pageSize, continueToken: token)
      } catch {
        guard error.isGone, token != nil else { throw error }
        return try await self.page(type, namespace: namespace, selection: selection)
      }
      whole.items += page.items
      whole.undecodable += page.undecodable
      whole.resourceVersion = page.resourceVersion
      token = page.items.isEmpty && page.undecodable.isEmpty ? nil : page.continueToken
      guard whole.items.count + whole.undecodable.count <= maxObjects else {
        throw .undecodable("list \(type): more than \(maxObjects) objects")
      }
    } while token != nil
    return whole
  }

  /// Opens a watch for changes after `resourceVersion`. An informer is nearly always what is wanted instead.
  public func watch<Object: KubernetesObject>(
    _ type: ResourceType, _ as: Object.Type = Object.self, namespace: String? = nil,
    selection: Selection = Selection(), resourceVersion: String, timeoutSeconds: Int = 290,
    retry: RetryPolicy? = nil
  ) async throws(ClientError) -> WatchStream<Object> {
    let request = try built { () throws(RequestError) in
      try APIRequest.watch(
        type, namespace: namespace, selection: selection, resourceVersion: resourceVersion,
        timeoutSeconds: timeoutSeconds)
    }
    let lines = try await lines(request, retry: retry)
    return WatchStream(
      lines: lines, target: request.target, limits: options.jsonLimits, server: transport.server)
  }

  /// Creates an object and returns it as the server stored it.
  public func create<Object: KubernetesObject>(
    _ type: ResourceType, _ object: Object, namespace: String? = nil, retry: RetryPolicy? = nil
  ) async throws(ClientError) -> Object {
    let body = try encoded(object, type)
    let request = try built { () throws(RequestError) in
      try APIRequest.create(type, namespace: namespace, body: body)
    }
    return try await self.object(request, retry: retry)
  }

  /// Replaces an object. With `metadata.resourceVersion` set, a stale one is refused as a conflict.
  public func replace<Object: KubernetesObject>(
    _ type: ResourceType, _ object: Object, namespace: String? = nil, name: String,
    subresource: String? = nil,
    retry: RetryPolicy? = nil
  ) async throws(ClientError) -> Object {
    let body = try encoded(object, type)
    let request = try built { () throws(RequestError) in
      try APIRequest.replace(type, namespace: namespace, name: name, subresource: subresource, body: body)
    }
    return try await self.object(request, retry: retry)
  }

  /// Patches an object or a subresource and returns the result.
  public func patch<Object: KubernetesObject>(
    _ type: ResourceType, _ as: Object.Type = Object.self, namespace: String? = nil, name: String,
    subresource: String? = nil, _ kind: PatchKind, _ patch: JSONValue, retry: RetryPolicy? = nil
  ) async throws(ClientError) -> Object {
    let request = try built { () throws(RequestError) in
      try APIRequest.patch(
        type, namespace: namespace, name: name, subresource: subresource, kind, body: patch.serialized())
    }
    return try await object(request, retry: retry)
  }

  /// Deletes an object. A finalizer may keep it in existence for a while.
  public func delete(
    _ type: ResourceType, namespace: String? = nil, name: String, options: DeleteOptions = DeleteOptions()
  ) async throws(ClientError) {
    let request = try built { () throws(RequestError) in
      try APIRequest.delete(type, namespace: namespace, name: name, options: options)
    }
    _ = try await send(request)
  }

  // MARK: Encoding and decoding

  private func built(_ body: () throws(RequestError) -> APIRequest) throws(ClientError) -> APIRequest {
    do {
      return try body()
    } catch {
      throw .request(error)
    }
  }

  /// The object's JSON, with `apiVersion` and `kind` filled in from its type.
  private func encoded(_ object: some KubernetesObject, _ type: ResourceType) throws(ClientError) -> [UInt8] {
    do {
      var json = try (object as? DynamicObject)?.json ?? JSONValue(encoding: object)
      if json["apiVersion"] == nil { json["apiVersion"] = .string(type.apiVersion) }
      if json["kind"] == nil { json["kind"] = .string(type.kind) }
      return json.serialized()
    } catch {
      throw .request(RequestError(message: "\(type): \(describe(error))"))
    }
  }

  private func parsed(_ body: [UInt8], _ request: APIRequest) throws(ClientError) -> JSONValue {
    do {
      return try JSONValue(parsing: body, limits: options.jsonLimits)
    } catch {
      throw .undecodable("\(request.verb) \(request.target): \(error)")
    }
  }

  func object<Object: KubernetesObject>(
    _ request: APIRequest, retry: RetryPolicy? = nil
  ) async throws(ClientError) -> Object {
    let json = try parsed(try await send(request, retry: retry).body, request)
    do {
      return try Object(json: json)
    } catch {
      throw .undecodable("\(request.verb) \(request.target): \(describe(error))")
    }
  }
}
