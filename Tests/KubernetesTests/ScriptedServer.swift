import Foundation
import Kubernetes
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import Synchronization

/// An HTTP server that answers what a script says, byte by byte where that matters.
final class ScriptedServer: Sendable {
  struct Request: Sendable {
    var method: String
    var uri: String
    var headers: HTTPHeaders
    var body: [UInt8]

    var path: String { String(uri.prefix { $0 != "?" }) }
    var query: [String: String] {
      let items = URLComponents(string: uri)?.queryItems ?? []
      return Dictionary(items.map { ($0.name, $0.value ?? "") }, uniquingKeysWith: { _, last in last })
    }
  }

  enum Step: Sendable {
    case bytes([UInt8])
    /// The same bytes over and over until the other side closes.
    case endless([UInt8])
    /// Breaks the connection.
    case close
    /// Says nothing more and keeps the connection.
    case hang

    static func text(_ text: String) -> Step { .bytes(Array(text.utf8)) }
  }

  let port: Int
  private let channel: any Channel
  private let state: State

  private final class State: Sendable {
    let requests = Mutex<[Request]>([])
    let sentEndless = Mutex(0)
    let answer: @Sendable (Request, Int) -> [Step]
    init(_ answer: @escaping @Sendable (Request, Int) -> [Step]) { self.answer = answer }
  }

  /// - Parameter answer: gets the request and how many came before it.
  static func start(
    tls: TLSConfiguration? = nil, _ answer: @escaping @Sendable (Request, Int) -> [Step]
  ) async throws -> ScriptedServer {
    let state = State(answer)
    let context = try tls.map { try NIOSSLContext(configuration: $0) }
    let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          if let context {
            try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: context))
          }
          try channel.pipeline.syncOperations.addHandler(ByteToMessageHandler(HTTPRequestDecoder()))
          try channel.pipeline.syncOperations.addHandler(Handler(state))
        }
      }
      .bind(host: "127.0.0.1", port: 0).get()
    return ScriptedServer(channel, state)
  }

  private init(_ channel: any Channel, _ state: State) {
    self.channel = channel
    self.state = state
    port = channel.localAddress?.port ?? 0
  }

  deinit { channel.close(promise: nil) }

  var requests: [Request] { state.requests.withLock { $0 } }
  var sentEndless: Int { state.sentEndless.withLock { $0 } }

  var configuration: ClusterConfiguration {
    ClusterConfiguration(name: "scripted", server: .init(isTLS: false, host: "127.0.0.1", port: port))
  }

  func client(_ change: (inout KubernetesClient.Options) -> Void = { _ in }) -> KubernetesClient {
    var options = KubernetesClient.Options()
    options.retry.backoff = Backoff(base: .milliseconds(1), cap: .milliseconds(5))
    options.seed = 1
    change(&options)
    return KubernetesClient(configuration, options: options)
  }

  private final class Handler: ChannelInboundHandler, Sendable {
    typealias InboundIn = HTTPServerRequestPart
    private let state: State
    private let current = Mutex<Request?>(nil)

    init(_ state: State) { self.state = state }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
      switch unwrapInboundIn(data) {
      case .head(let head):
        let request = Request(method: head.method.rawValue, uri: head.uri, headers: head.headers, body: [])
        current.withLock { $0 = request }
      case .body(let buffer):
        current.withLock { $0?.body.append(contentsOf: buffer.readableBytesView) }
      case .end:
        guard let request = current.withLock({ $0 }) else { return }
        let number = state.requests.withLock { requests in
          requests.append(request)
          return requests.count - 1
        }
        let steps = state.answer(request, number)
        let channel = context.channel
        let state = state
        Task { await Self.play(steps, on: channel, state) }
      }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    private static func play(_ steps: [Step], on channel: any Channel, _ state: State) async {
      for step in steps {
        switch step {
        case .bytes(let bytes):
          try? await channel.writeAndFlush(ByteBuffer(bytes: bytes)).get()
        case .endless(let bytes):
          let buffer = ByteBuffer(bytes: bytes)
          while (try? await channel.writeAndFlush(buffer).get()) != nil {
            state.sentEndless.withLock { $0 += bytes.count }
          }
        case .close: try? await channel.close().get()
        case .hang: return
        }
      }
    }
  }
}

extension [ScriptedServer.Step] {
  /// A whole answer.
  static func answer(_ code: Int, _ body: String, headers: [String] = []) -> Self {
    let lines = [
      "HTTP/1.1 \(code) X", "content-type: application/json", "content-length: \(body.utf8.count)",
    ]
    return [.text((lines + headers + ["", body]).joined(separator: "\r\n"))]
  }

  static func status(_ code: Int, _ reason: String, _ message: String, headers: [String] = []) -> Self {
    let body =
      #"{"kind":"Status","status":"Failure","reason":"\#(reason)","message":"\#(message)","code":\#(code)}"#
    return answer(code, body, headers: headers)
  }

  /// The head of a stream and its first pieces, each a chunk of its own; `end` adds what follows.
  static func stream(_ pieces: [String], end: Self = .streamEnd) -> Self {
    [.text("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n")]
      + pieces.filter { !$0.isEmpty }.map { .text("\(String($0.utf8.count, radix: 16))\r\n\($0)\r\n") } + end
  }

  static var streamEnd: Self { [.text("0\r\n\r\n")] }

  static func list(_ objects: [String], version: String, token: String = "") -> Self {
    let metadata = #"{"resourceVersion":"\#(version)","continue":"\#(token)"}"#
    return answer(
      200, #"{"kind":"List","metadata":\#(metadata),"items":[\#(objects.joined(separator: ","))]}"#)
  }
}

/// A minimal object's JSON.
func objectJSON(_ name: String, version: Int, uid: String? = nil) -> String {
  let metadata = #""name":"\#(name)","namespace":"a","uid":"\#(uid ?? name)","resourceVersion":"\#(version)""#
  return #"{"apiVersion":"v1","kind":"ConfigMap","metadata":{\#(metadata)},"data":{"v":"\#(version)"}}"#
}

func eventLine(_ type: String, _ object: String) -> String {
  #"{"type":"\#(type)","object":\#(object)}"# + "\n"
}

func bookmarkLine(_ version: Int) -> String {
  eventLine("BOOKMARK", #"{"metadata":{"resourceVersion":"\#(version)"}}"#)
}

func goneLine() -> String {
  eventLine(
    "ERROR", #"{"kind":"Status","status":"Failure","reason":"Expired","message":"too old","code":410}"#)
}
