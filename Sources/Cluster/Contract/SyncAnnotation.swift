import Kubernetes

/// A sync asked for through annotations.
public struct SyncAnnotation: Hashable, Sendable {
  /// Opaque, compared for equality only; by convention the time of the request in RFC 3339.
  public var request: String
  public var force: Bool
  /// Empty: all with a desired value.
  public var registers: [String]
  /// Empty: not told.
  public var by: String

  public init(request: String, force: Bool = false, registers: [String] = [], by: String = "") {
    self.request = request
    self.force = force
    self.registers = registers
    self.by = by
  }

  /// What an object's annotations ask for; `nil`: nothing.
  public init?(annotations: [String: String]) {
    guard let request = annotations[PLCAnnotation.lastSyncRequest], !request.isEmpty else { return nil }
    self.init(
      request: request, force: annotations[PLCAnnotation.forceSync] == "true",
      registers: (annotations[PLCAnnotation.syncRegisters] ?? "").split(separator: ",")
        .map { $0.trimmed() }.filter { !$0.isEmpty },
      by: annotations[PLCAnnotation.requestedBy] ?? "")
  }

  /// The merge patch that asks for it; what an earlier request left is taken away.
  public var patch: JSONValue {
    [
      "metadata": [
        "annotations": [
          PLCAnnotation.lastSyncRequest: .string(request),
          PLCAnnotation.forceSync: force ? "true" : .null,
          PLCAnnotation.syncRegisters: registers.isEmpty ? .null : .string(registers.joined(separator: ",")),
          PLCAnnotation.requestedBy: by.isEmpty ? .null : .string(by),
        ]
      ]
    ]
  }
}

extension Substring {
  /// Without spaces at both ends.
  func trimmed() -> String {
    var text = self
    while text.first == " " { text.removeFirst() }
    while text.last == " " { text.removeLast() }
    return String(text)
  }
}
