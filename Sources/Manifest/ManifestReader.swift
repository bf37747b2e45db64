import Control
import Foundation

/// One file to read.
public struct ManifestFile: Sendable {
  /// For messages and locations.
  public var name: String
  public var contents: [UInt8]
  /// Named by a person, not merely found in a directory: then a file without any `IndustrialPLC` is an
  /// error, too.
  public var isExplicit: Bool

  public init(name: String, contents: [UInt8], isExplicit: Bool = false) {
    self.name = name
    self.contents = contents
    self.isExplicit = isExplicit
  }
}

/// One file, read; to be joined with the others of its commit.
public struct ParsedManifestFile: Sendable {
  public let name: String
  public let devices: [ManifestDevice]
  public let diagnostics: [Diagnostic]
  public let skippedDocuments: Int

  public init(
    name: String, devices: [ManifestDevice] = [], diagnostics: [Diagnostic] = [], skippedDocuments: Int = 0
  ) {
    self.name = name
    self.devices = devices
    self.diagnostics = diagnostics
    self.skippedDocuments = skippedDocuments
  }
}

/// The one validator: for `fabctl lint`, the engine, the operator and its webhook alike.
///
/// Documents whose `apiVersion` is of another group belong to somebody else and are passed over, as are
/// files found in a directory that mention neither the group nor the kind (so that a Helm chart beside the
/// manifests, which is not even YAML, does no harm). Everything else must be right.
public enum ManifestReader {
  /// Objects of one document stream.
  static let maxDocuments = 10_000

  /// Reads files and joins them; see `parse` and `join`.
  public static func read(_ files: [ManifestFile]) -> ManifestReading { join(files.map(parse)) }

  /// Reads one file. Depends on nothing but its name and contents, so results may be kept.
  public static func parse(_ file: ManifestFile) -> ParsedManifestFile {
    guard file.isExplicit || concernsUs(file.contents) else {
      return ParsedManifestFile(name: file.name, devices: [], diagnostics: [], skippedDocuments: 0)
    }
    let text = SourceText(file.contents)
    var reader = DocumentReader(file: file.name)
    for problem in text.problems {
      reader.diagnostics.append(
        Diagnostic(
          location: ManifestLocation(
            file: file.name, line: problem.position.line, column: problem.position.column),
          message: problem.message,
          related: problem.related.map { ManifestLocation(file: file.name, line: $0.line, column: $0.column) }
        ))
    }
    for (index, node) in text.documents.prefix(maxDocuments).enumerated() {
      reader.read(node, document: index)
    }
    if text.documents.count > maxDocuments {
      reader.report(text.documents[maxDocuments], "", "more than \(maxDocuments) documents")
    }
    if file.isExplicit, reader.devices.isEmpty, reader.diagnostics.isEmpty {
      reader.diagnostics.append(
        Diagnostic(
          location: ManifestLocation(file: file.name, line: 1, column: 1),
          message: "contains no \(DeviceFields.kind)"))
    }
    return ParsedManifestFile(
      name: file.name, devices: reader.devices, diagnostics: reader.diagnostics,
      skippedDocuments: reader.skipped)
  }

  /// Puts files together; a device may be declared only once in all of them.
  public static func join(_ files: [ParsedManifestFile]) -> ManifestReading {
    var diagnostics = files.flatMap(\.diagnostics)
    let declared = files.flatMap(\.devices).sorted { $0.location < $1.location }
    var first: [DeviceID: ManifestDevice] = [:]
    for device in declared {
      guard let earlier = first[device.id] else {
        first[device.id] = device
        continue
      }
      let place = earlier.location
      diagnostics.append(
        Diagnostic(
          location: device.location, path: ShapeChecker.join(device.object, "metadata.name"),
          message: "\(device.id) is already declared at "
            + "\(PrintableText.escaped(place.file)):\(place.line):\(place.column)",
          related: place))
    }
    let devices = first.values.sorted { $0.id < $1.id }
    diagnostics += SharedRegisters.diagnostics(devices)
    return ManifestReading(
      devices: devices, diagnostics: diagnostics.sorted(by: Diagnostic.inOrder),
      skippedDocuments: files.reduce(0) { $0 + $1.skippedDocuments })
  }

  /// Reads one object from the API server. Locations have no lines.
  public static func read(object: ManifestValue, name: String = "") -> ManifestReading {
    var reader = DocumentReader(file: name)
    reader.read(SourceNode(object), document: 0)
    if reader.devices.isEmpty, reader.diagnostics.isEmpty {
      reader.report(SourceNode(object), "", "is no \(DeviceFields.kind) of \(DeviceFields.apiVersion)")
    }
    return ManifestReading(
      devices: reader.devices, diagnostics: reader.diagnostics.sorted(by: Diagnostic.inOrder),
      skippedDocuments: reader.skipped)
  }

  /// Reads one object in JSON, as the API server sends it.
  ///
  /// - Throws: `DecodingError` when it is not JSON.
  public static func read(json: Data, name: String = "") throws -> ManifestReading {
    read(object: try JSONDecoder().decode(ManifestValue.self, from: json), name: name)
  }

  /// Whether a file mentions our group or kind at all.
  private static func concernsUs(_ contents: [UInt8]) -> Bool {
    contents.withUnsafeBufferPointer { bytes in
      contains(bytes, Array("fabgitops".utf8)) || contains(bytes, Array("IndustrialPLC".utf8))
    }
  }

  private static func contains(_ bytes: UnsafeBufferPointer<UInt8>, _ word: [UInt8]) -> Bool {
    guard let first = word.first, bytes.count >= word.count else { return false }
    for start in 0...(bytes.count - word.count) where bytes[start] == first {
      if bytes[start..<(start + word.count)].elementsEqual(word) { return true }
    }
    return false
  }
}
