import CBareSystem

/// What only the start of a program that stays needed.
enum StartUp {
  /// By then manifests are read, connections made and the first polls done.
  private static let settled = Duration.seconds(20)

  /// Gives memory back once, when the program has settled; until the task is cancelled.
  static func giveBackWhenSettled() -> Task<Void, Never> {
    Task.detached {
      guard (try? await Task.sleep(for: settled)) != nil else { return }
      giveBackMemory()
    }
  }
}
