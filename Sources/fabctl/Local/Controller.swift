import LocalEngine

/// Who controls a device set now, found out without touching the lock.
enum Controller {
  /// `anna, pid 4711, since 2026-01-02 03:04:05`; `nil`: nobody.
  static func current(_ directory: StateDirectory) -> String? {
    ControllerLock.holder(of: directory).map(Console.visible)
  }
}
