import Control

/// The table of the fields of an `IndustrialPLC`: name, type, range, default and meaning.
enum DeviceFields {
  static let group = "fabgitops.io"
  static let apiVersion = "fabgitops.io/v1"
  static let kind = "IndustrialPLC"

  static let document = ObjectRule(fields: [
    FieldRule(
      name: "apiVersion", kind: .choice([apiVersion]), isRequired: true,
      description: "Version of this schema: \(apiVersion)."),
    FieldRule(name: "kind", kind: .choice([kind]), isRequired: true, description: "Always \(kind)."),
    FieldRule(
      name: "metadata", kind: .object(metadata), isRequired: true,
      description: "Kubernetes object metadata."),
    FieldRule(
      name: "spec", kind: .object(spec), isRequired: true,
      description: "What the device should be, and how to reach it."
    ),
    FieldRule(
      name: "status", kind: .ignored, description: "Written by the operator; ignored in a repository."),
  ])

  /// Names that Kubernetes gives, of which most are only ever seen in objects read back from a cluster.
  static let metadata = ObjectRule(
    fields: [
      FieldRule(
        name: "name", kind: .text(.subdomain), isRequired: true,
        description: "Name of the device, unique within its namespace."),
      FieldRule(
        name: "namespace", kind: .text(.label), fallback: "default",
        description: "Kubernetes namespace of the device."),
      FieldRule(
        name: "labels", kind: .map(.labelValue, count: 64),
        description: "Labels to select devices by, such as zone: a."),
      FieldRule(
        name: "annotations", kind: .map(.free(262_144), count: 256),
        description: "Annotations, as Kubernetes has them."),
    ]
      + [
        "creationTimestamp", "deletionGracePeriodSeconds", "deletionTimestamp", "finalizers", "generateName",
        "generation", "managedFields", "ownerReferences", "resourceVersion", "selfLink", "uid", "clusterName",
      ].map { FieldRule(name: $0, kind: .ignored, description: "Set by Kubernetes.") })

  static let spec = ObjectRule(
    fields: connection + shortForm + [
      FieldRule(
        name: "registers", kind: .list(.object(RegisterFields.register), count: 1...RegisterFields.maxCount),
        description: "The registers to watch and to keep. Replaces targetRegister and targetValue."),
      FieldRule(
        name: "correction", kind: .object(CorrectionFields.correction),
        description: "When and how often corrections may be made."),
    ],
    serverRules: [
      ServerRule(
        expression: "has(self.registers) != (has(self.targetRegister) || has(self.targetValue))",
        message: "give either registers, or targetRegister with targetValue"),
      ServerRule(
        expression: "has(self.targetRegister) == has(self.targetValue)",
        message: "targetRegister and targetValue belong together"),
      ServerRule(
        expression: "!has(self.tls) || self.deviceAddress.startsWith('mbaps://')",
        message: "tls belongs to a deviceAddress that begins with mbaps://"),
    ])

  private static let shortForm: [FieldRule] = [
    FieldRule(
      name: "targetRegister", kind: .integer(0...465_536),
      description:
        "Short form: address of the one holding register (uint16) to keep, counted as addressBase says."),
    FieldRule(
      name: "targetValue", kind: .integer(0...65_535),
      description: "Short form: the value that register should have."),
    FieldRule(
      name: "pollIntervalSecs", kind: .integer(1...86_400), fallback: 5, isDefaultedByServer: true,
      description: "Seconds between polls."),
    FieldRule(
      name: "autoCorrect", kind: .boolean, fallback: true, isDefaultedByServer: true,
      description: "Whether drift is corrected without being asked."),
    FieldRule(
      name: "suspend", kind: .boolean, fallback: false, isDefaultedByServer: true,
      description: "Keep reading, never write."),
    FieldRule(
      name: "tags", kind: .list(.text(.tag), count: 0...64), description: "Words to filter by."),
  ]

  private static let connection: [FieldRule] = [
    FieldRule(
      name: "deviceAddress", kind: .text(DeviceAddress.format), isRequired: true,
      description:
        "IPv4 address, IPv6 address or host name of the device (Modbus TCP), or a URL: mbaps://host (Modbus/TCP "
        + "Security), rtu+tcp://host, ascii+tcp://host, or serial:///dev/ttyUSB0?baud=19200&parity=even."),
    FieldRule(
      name: "port", kind: .integer(1...65_535), fallback: 502, isDefaultedByServer: true,
      description: "TCP port. A port in the URL goes before it; mbaps:// takes 802 where this is 502."),
    FieldRule(
      name: "tls", kind: .object(security),
      description: "Modbus/TCP Security, for a deviceAddress that begins with mbaps://."),
    FieldRule(
      name: "unitId", kind: .integer(0...255), fallback: 1, isDefaultedByServer: true,
      description: "Modbus unit identifier (slave address behind a gateway)."),
    FieldRule(
      name: "timeoutMs", kind: .integer(10...60_000), fallback: 1000, isDefaultedByServer: true,
      description: "Milliseconds to wait for each answer."),
    FieldRule(
      name: "connection", kind: .choice(["persistent", "perRequest"]), fallback: "persistent",
      isDefaultedByServer: true, description: "Whether the connection is kept between polls."),
    FieldRule(
      name: "pauseAfterConnectMs", kind: .integer(0...60_000), fallback: 0, isDefaultedByServer: true,
      description: "Milliseconds to wait after connecting, for devices that need it."),
    FieldRule(
      name: "pauseBetweenRequestsMs", kind: .integer(0...60_000), fallback: 0, isDefaultedByServer: true,
      description: "Milliseconds to wait between requests."),
    FieldRule(
      name: "maxRegistersPerRequest", kind: .integer(1...125), fallback: 125, isDefaultedByServer: true,
      description: "Largest number of registers the device gives in one answer."),
    FieldRule(
      name: "maxGap", kind: .integer(0...124), fallback: 16, isDefaultedByServer: true,
      description: "Unused registers that one read may span to join two."),
    FieldRule(
      name: "addressBase", kind: .integer(0...1), fallback: 0, isDefaultedByServer: true,
      description:
        "0: addresses are protocol addresses. 1: they count from 1, or are Modicon references (40001)."),
    FieldRule(
      name: "identity", kind: .object(identity),
      description: "What the device must say it is (function 43/14) before it is first written."),
  ]

  static let security = ObjectRule(fields: [
    FieldRule(
      name: "credentials", kind: .text(.subdomain), fallback: .string(TransportSecurity.defaultCredentials),
      description:
        "Name of the certificate, key and authorities to use: a folder of the engine's TLS directory (tls.crt, "
        + "tls.key, ca.crt, as a Kubernetes secret has them)."),
    FieldRule(
      name: "serverName", kind: .text(DeviceAddress.nameFormat),
      description: "Name that the device's certificate must carry. Default: the host of deviceAddress."),
  ])

  static let identity = ObjectRule(fields: [
    FieldRule(
      name: "vendorName", kind: .text(.free(244)), description: "Vendor name the device must report."),
    FieldRule(
      name: "productCode", kind: .text(.free(244)), description: "Product code the device must report."),
    FieldRule(name: "revision", kind: .text(.free(244)), description: "Revision the device must report."),
  ])
}
