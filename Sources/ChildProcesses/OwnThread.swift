import Foundation

/// Runs what blocks on a thread of its own, and says so when there can be none: Foundation's does not.
public enum OwnThread {
  /// - Returns: 0, or the `errno` for which there is no thread; `body` is then not called.
  public static func start(stack: Int = 1 << 20, _ body: @escaping @Sendable () -> Void) -> Int32 {
    var attributes = pthread_attr_t()
    pthread_attr_init(&attributes)
    defer { pthread_attr_destroy(&attributes) }
    pthread_attr_setstacksize(&attributes, stack)
    pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
    let box = Unmanaged.passRetained(Body(body))
    var thread = pthread_t()
    let result = pthread_create(
      &thread, &attributes,
      { pointer in
        guard let pointer else { return nil }
        let body = Unmanaged<Body>.fromOpaque(pointer).takeRetainedValue()
        body.call()
        return nil
      }, box.toOpaque())
    if result != 0 { box.release() }
    return result
  }

  private final class Body: Sendable {
    let call: @Sendable () -> Void
    init(_ call: @escaping @Sendable () -> Void) { self.call = call }
  }
}
