/// Under which reason an event of the engine is known in the API server.
enum EventReason {
  /// What people look for in `kubectl get events`, when the engine's own word is another one.
  private static let words = ["ConnectionLost": "ConnectionFailed"]

  static func inCluster(_ own: String) -> String { words[own] ?? own }
}
