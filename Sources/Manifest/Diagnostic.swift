/// A place in a manifest file.
public struct ManifestLocation: Hashable, Comparable, Sendable {
  /// As the caller named the file; for a repository, relative to its root.
  public var file: String
  /// 1-based; 0 when the document has no text positions (an object from the API server).
  public var line: Int
  /// 1-based, in characters; 0 as for `line`.
  public var column: Int

  public init(file: String, line: Int, column: Int) {
    self.file = file
    self.line = line
    self.column = column
  }

  public static func < (a: ManifestLocation, b: ManifestLocation) -> Bool {
    if a.file != b.file { return a.file < b.file }
    return a.line == b.line ? a.column < b.column : a.line < b.line
  }
}

/// One thing that is wrong with a manifest.
public struct Diagnostic: Hashable, Sendable, CustomStringConvertible {
  public enum Severity: String, Hashable, Sendable, CaseIterable {
    /// The manifest is not applied, nor is anything else of the same commit.
    case error
    /// Worth a look; applied all the same.
    case warning
  }

  public var severity: Severity
  public var location: ManifestLocation
  /// As `spec.registers[0].value`; empty for the document or file as a whole.
  public var path: String
  /// What is wrong, without location, path and suggestion. Free of control characters.
  public var message: String
  /// The nearest name that would have been right.
  public var suggestion: String?
  /// A second place that the message is about, such as the first of two duplicates.
  public var related: ManifestLocation?

  public init(
    severity: Severity = .error, location: ManifestLocation, path: String = "", message: String,
    suggestion: String? = nil, related: ManifestLocation? = nil
  ) {
    self.severity = severity
    self.location = location
    self.path = path
    self.message = message
    self.suggestion = suggestion
    self.related = related
  }

  /// Path, message and suggestion, as `spec.port: 70000 is above 65535`.
  public var summary: String {
    var text = severity == .warning ? "warning: " : ""
    if !path.isEmpty { text += path + ": " }
    text += message
    if let suggestion { text += ", did you mean \(suggestion)?" }
    return text
  }

  /// One line, as compilers print it: `file.yaml:12:7: spec.registers[0].value: 120 is above max 95`.
  public var description: String {
    var text = PrintableText.escaped(location.file)
    if location.line > 0 { text += ":\(location.line):\(location.column)" }
    return text.isEmpty ? summary : text + ": " + summary
  }
}

extension Diagnostic {
  /// By file, line and column; errors before warnings of the same place.
  static func inOrder(_ a: Diagnostic, _ b: Diagnostic) -> Bool {
    if a.location != b.location { return a.location < b.location }
    if a.severity != b.severity { return a.severity == .error }
    return (a.path, a.message) < (b.path, b.message)
  }
}
