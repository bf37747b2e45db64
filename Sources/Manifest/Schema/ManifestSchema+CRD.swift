extension ManifestSchema {
  /// The CustomResourceDefinition, as YAML.
  public static func customResourceDefinition() -> String {
    let definition: ManifestValue = [
      "apiVersion": "apiextensions.k8s.io/v1",
      "kind": "CustomResourceDefinition",
      "metadata": ["name": .string("industrialplcs." + DeviceFields.group)],
      "spec": [
        "group": .string(DeviceFields.group),
        "scope": "Namespaced",
        "names": [
          "kind": .string(DeviceFields.kind), "listKind": .string(DeviceFields.kind + "List"),
          "plural": "industrialplcs", "singular": "industrialplc", "shortNames": ["plc"],
          "categories": ["fabgitops"],
        ],
        "versions": [version],
      ],
    ]
    return "# Made from the validator's field table; a test compares.\n" + definition.yaml()
  }

  private static let version: ManifestValue = [
    "name": "v1", "served": true, "storage": true,
    "subresources": ["status": [:]],
    "additionalPrinterColumns": .array(columns),
    "schema": [
      "openAPIV3Schema": [
        "description": "One PLC and what its registers should be.",
        "type": "object",
        "required": ["spec"],
        "properties": [
          "apiVersion": ["type": "string"], "kind": ["type": "string"], "metadata": ["type": "object"],
          "spec": described("What the device should be, and how to reach it.", .object(DeviceFields.spec)),
          "status": StatusFields.schema,
        ],
      ]
    ],
  ]

  private static func described(_ description: String, _ kind: FieldKind) -> ManifestValue {
    guard case .object(let members) = schema(of: kind, for: .server) else { return .null }
    return .object([.init("description", .string(description))] + members)
  }

  private static let columns: [ManifestValue] = [
    column("Device", "string", ".spec.deviceAddress"),
    column("Value", "string", ".status.currentValue", "Value of the first register, as last read."),
    column("In-Sync", "string", ".status.conditions[?(@.type==\"InSync\")].status"),
    column("Phase", "string", ".status.phase"),
    column("Drifts", "integer", ".status.driftEvents"),
    column("Corrections", "integer", ".status.correctionsApplied"),
    column("Last-Read", "date", ".status.lastUpdate"),
    column("Age", "date", ".metadata.creationTimestamp"),
    column("Message", "string", ".status.message", wide: true),
    column("Revision", "string", ".status.source.revision", wide: true),
  ]

  private static func column(
    _ name: String, _ type: String, _ path: String, _ description: String? = nil, wide: Bool = false
  ) -> ManifestValue {
    var column = ObjectBuilder()
    column.add("name", .string(name))
    column.add("type", .string(type))
    column.add("jsonPath", .string(path))
    column.add("description", description.map(ManifestValue.string))
    if wide { column.add("priority", 1) }
    return column.value
  }
}

/// The schema of `status`. Lenient: the operator writes it, and nobody else reads desired state from it.
private enum StatusFields {
  static let schema: ManifestValue = [
    "description": "What is known of the device; written by the operator.",
    "type": "object",
    "properties": [
      "phase": [
        "type": "string",
        "enum": ["Pending", "Connecting", "Connected", "DriftDetected", "Correcting", "Failed"],
        "description": "Where the device is in its life.",
      ],
      "currentValue": scalar("Value of the first register, as last read."),
      "inSync": [
        "type": "boolean", "description": "Whether all registers are as desired; absent while unknown.",
      ],
      "driftEvents": count("Drifts since the beginning."),
      "correctionsApplied": count("Verified corrections since the beginning."),
      "lastUpdate": time("Last successful read."),
      "lastError": text("The failure that stands now."),
      "message": text("One short line."),
      "observedGeneration": count("Generation of the spec in force."),
      "lastHandledSyncRequest": text("The sync request last acted on."),
      "registers": registers,
      "conditions": conditions,
      "source": [
        "type": "object", "description": "Where the desired state came from.",
        "properties": [
          "revision": text("As main@sha1:0123..."), "author": text("Author of the commit."),
          "time": time("When the commit was written."),
        ],
      ],
    ],
  ]

  private static let registers: ManifestValue = [
    "type": "array", "description": "Each register.",
    "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"],
    "items": [
      "type": "object", "required": ["name"],
      "properties": [
        "name": text("Name of the register."),
        "desired": scalar("Desired value in engineering units."),
        "actual": scalar("Value last read, in engineering units."),
        "raw": [
          "type": "array", "description": "Words last read.",
          "items": ["type": "integer", "format": "int64"],
        ],
        "inSync": ["type": "boolean", "description": "Whether it is as desired."],
        "lastReadTime": time("Last successful read."),
        "lastDriftTime": time("When the present drift was first seen."),
        "lastCorrectionTime": time("Last verified correction."),
        "driftEvents": count("Drifts since the beginning."),
        "corrections": count("Verified corrections since the beginning."),
      ],
    ],
  ]

  private static let conditions: ManifestValue = [
    "type": "array", "description": "Ready, InSync, Reachable, Suspended, Contested, Uncertain.",
    "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["type"],
    "items": [
      "type": "object", "required": ["type", "status", "lastTransitionTime", "reason", "message"],
      "properties": [
        "type": text("Name of the condition."),
        "status": [
          "type": "string", "enum": ["True", "False", "Unknown"], "description": "Whether it holds.",
        ],
        "observedGeneration": count("Generation it is about."),
        "lastTransitionTime": time("When status last changed."),
        "reason": text("One word."),
        "message": text("For people."),
      ],
    ],
  ]

  private static func scalar(_ description: String) -> ManifestValue {
    ["description": .string(description), "x-kubernetes-preserve-unknown-fields": true]
  }

  private static func count(_ description: String) -> ManifestValue {
    ["type": "integer", "format": "int64", "description": .string(description)]
  }

  private static func text(_ description: String) -> ManifestValue {
    ["type": "string", "description": .string(description)]
  }

  private static func time(_ description: String) -> ManifestValue {
    ["type": "string", "format": "date-time", "description": .string(description)]
  }
}
