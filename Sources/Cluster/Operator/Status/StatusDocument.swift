import Control
import Kubernetes
import Manifest

/// Makes the merge patch of one status.
struct StatusDocument {
  var entry: ResourceBook.Entry
  /// The device as the engine sees it; `nil`: it has no specification in force.
  var spec: DeviceSpec?
  var view: DeviceView?
  /// The status before, as it stands in the API server.
  var previous: JSONValue
  var handledSync: String?
  var now: WallTime

  /// Fields that are absent when there is nothing to say: a merge patch must take them away.
  private static let optional = [
    "currentValue", "inSync", "lastError", "source", "lastHandledSyncRequest", "lastUpdate",
  ]

  func status() -> JSONValue {
    guard let spec, let view else { return neverValid() }
    let context = PLCStatusContext(
      now: now, observedGeneration: entry.inForce?.generation, lastHandledSyncRequest: handledSync,
      source: entry.resource.source,
      previousConditions: PLCCondition.read(ManifestValue(previous)))
    var status = JSONValue(PLCStatus.status(of: spec, view, context))
    keepTimes(&status)
    if !entry.problems.isEmpty {
      status["message"] = .string(problemText)
      let others = (status["conditions"]?.arrayValue ?? []).filter { $0["type"] != "Ready" }
      status["conditions"] = .array([invalidCondition("Ready", .false)] + others)
    }
    return status
  }

  /// The body to send. With the version it is based on, so that a leader of the past cannot overwrite what its
  /// successor has written.
  func patch(resourceVersion: String?) -> JSONValue {
    var status = status()
    for name in Self.optional where status[name] == nil && previous[name] != nil { status[name] = .null }
    var patch: JSONValue = ["status": status]
    if let resourceVersion { patch["metadata"] = ["resourceVersion": .string(resourceVersion)] }
    return patch
  }

  /// A process that has just begun does not know when a register was last corrected; the status does.
  private func keepTimes(_ status: inout JSONValue) {
    let before = previous["registers"]?.arrayValue ?? []
    guard !before.isEmpty, let registers = status["registers"]?.arrayValue else { return }
    status["registers"] = .array(
      registers.map { register in
        var register = register
        if register["lastCorrectionTime"] == nil,
          let time = before.first(where: { $0["name"] == register["name"] })?["lastCorrectionTime"]
        {
          register["lastCorrectionTime"] = time
        }
        return register
      })
  }

  // MARK: Invalid specifications

  private var problemText: String {
    let more = entry.problems.count > 1 ? " (and \(entry.problems.count - 1) more)" : ""
    return "invalid: \(entry.problems.first ?? "")\(more)"
  }

  private func neverValid() -> JSONValue {
    [
      "phase": "Pending", "message": .string(problemText),
      "conditions": [
        invalidCondition("Ready", .false), invalidCondition("InSync", .unknown),
        invalidCondition("Reachable", .unknown),
      ],
    ]
  }

  private func invalidCondition(_ type: String, _ status: PLCCondition.Status) -> JSONValue {
    let before = previous["conditions"]?.arrayValue?.first { $0["type"]?.stringValue == type }
    let isSame = before?["status"]?.stringValue == status.rawValue
    let text = String(entry.problems.joined(separator: "; ").prefix(1000))
    return [
      "type": .string(type), "status": .string(status.rawValue), "reason": "InvalidSpec",
      "message": .string(text),
      "observedGeneration": .integer(entry.resource.generation),
      "lastTransitionTime": (isSame ? before?["lastTransitionTime"] : nil)
        ?? .string(Timestamp(milliseconds: now.milliseconds).rfc3339),
    ]
  }
}
