/// The start of an engine, as a program around it sees it.
public enum EngineStart {
  /// By then manifests are read, connections made and the first polls done.
  private static let settled = Duration.seconds(20)

  /// Does something once when the start is over, such as giving back what only it needed; until the task is cancelled.
  public static func whenOver(_ work: @escaping @Sendable () -> Void) -> Task<Void, Never> {
    Task.detached {
      guard (try? await Task.sleep(for: settled)) != nil else { return }
      work()
    }
  }
}
