/// The time allowed ran out.
struct DeadlineExceeded: Error, Hashable, Sendable {}

/// Runs `body`, cancelled and answered with `DeadlineExceeded` when it takes longer than `limit`.
func withDeadline<Value: Sendable>(
  _ limit: Duration, _ body: @escaping @Sendable () async throws -> Value
) async throws -> Value {
  try await withThrowingTaskGroup(of: Value.self) { group in
    group.addTask { try await body() }
    group.addTask {
      try await Task.sleep(for: limit)
      throw DeadlineExceeded()
    }
    defer { group.cancelAll() }
    while let value = try await group.next() { return value }
    throw DeadlineExceeded()
  }
}
