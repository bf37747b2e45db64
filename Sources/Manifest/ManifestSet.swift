import Control

/// Where a register's desired value is written; for a monitored register, where its address is.
public struct RegisterSource: Hashable, Sendable {
  public var location: ManifestLocation
  /// As `spec.registers[0].value`.
  public var path: String

  public init(location: ManifestLocation, path: String) {
    self.location = location
    self.path = path
  }
}

/// One valid device, with where it is written.
public struct ManifestDevice: Hashable, Sendable {
  public var spec: DeviceSpec
  /// Of `metadata.name`.
  public var location: ManifestLocation
  /// Index of the document in its file.
  public var document: Int
  /// One per register.
  public var sources: [RegisterSource]
  /// Sorted by key.
  public var annotations: [DeviceSpec.Label]
  /// Path of the object in its document: empty, or `items[3]` in a `List`.
  public var object: String

  public var id: DeviceID { spec.id }
}

/// What the files of a directory or a commit say, all together.
public struct ManifestReading: Sendable {
  /// Valid devices, sorted by id.
  public var devices: [ManifestDevice]
  /// In order of file, line and column.
  public var diagnostics: [Diagnostic]
  /// Documents of other kinds, which are none of our business.
  public var skippedDocuments: Int

  /// No errors; warnings do not count.
  public var isValid: Bool { !diagnostics.contains { $0.severity == .error } }
  public var errors: [Diagnostic] { diagnostics.filter { $0.severity == .error } }
}
