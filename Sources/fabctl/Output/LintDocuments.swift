import Manifest

/// Diagnostics for programs: as plain objects, and as SARIF for code scanning.
enum LintDocuments {
  static func json(_ diagnostics: [Diagnostic]) -> ManifestValue {
    .array(
      diagnostics.map { diagnostic in
        var members: [ManifestValue.Member] = [
          .init("file", .string(diagnostic.location.file)),
          .init("line", .integer(Int64(diagnostic.location.line))),
          .init("column", .integer(Int64(diagnostic.location.column))),
          .init("severity", .string(diagnostic.severity.rawValue)), .init("path", .string(diagnostic.path)),
          .init("message", .string(diagnostic.message)),
        ]
        if let suggestion = diagnostic.suggestion { members.append(.init("suggestion", .string(suggestion))) }
        return .object(members)
      })
  }

  /// SARIF 2.1.0 (OASIS).
  static func sarif(_ diagnostics: [Diagnostic]) -> ManifestValue {
    let driver: ManifestValue = [
      "name": "fabctl lint", "version": .string(Build.version),
      "rules": [["id": "manifest", "shortDescription": ["text": "The manifest must be valid."]]],
    ]
    let run: ManifestValue = [
      "tool": ["driver": driver], "columnKind": "unicodeCodePoints",
      "results": .array(diagnostics.map(result)),
    ]
    return [
      "$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0", "runs": .array([run]),
    ]
  }

  private static func result(_ diagnostic: Diagnostic) -> ManifestValue {
    [
      "ruleId": "manifest", "level": .string(diagnostic.severity.rawValue),
      "message": ["text": .string(diagnostic.summary)],
      "locations": .array([["physicalLocation": place(diagnostic.location)]]),
    ]
  }

  private static func place(_ location: ManifestLocation) -> ManifestValue {
    [
      "artifactLocation": ["uri": .string(uri(location.file))],
      "region": [
        "startLine": .integer(Int64(max(1, location.line))),
        "startColumn": .integer(Int64(max(1, location.column))),
      ],
    ]
  }

  /// A relative reference: everything but letters, digits and `-._~/` is escaped (RFC 3986).
  private static func uri(_ path: String) -> String {
    path.utf8.map { byte -> String in
      let scalar = Unicode.Scalar(byte)
      let isPlain = byte < 0x80 && (Character(scalar).isLetter || Character(scalar).isNumber)
      if isPlain || "-._~/".unicodeScalars.contains(scalar) { return String(Character(scalar)) }
      let digits = String(byte, radix: 16, uppercase: true)
      return "%" + (digits.count < 2 ? "0" : "") + digits
    }.joined()
  }
}
