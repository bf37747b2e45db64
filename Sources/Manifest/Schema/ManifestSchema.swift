/// Schemas made from the field table, for editors and for the API server.
public enum ManifestSchema {
  /// JSON Schema (draft 7, which every editor knows) of a manifest.
  public static func jsonSchema() -> String {
    var root = ObjectBuilder()
    root.add("$schema", "http://json-schema.org/draft-07/schema#")
    root.add("title", "FabGitOps IndustrialPLC")
    root.add("description", "One PLC and what its registers should be.")
    var document = schema(of: .object(DeviceFields.document), for: .editor)
    if case .object(let members) = document {
      for member in members { root.add(member.name, member.value) }
    }
    document = root.value
    return document.json()
  }

  enum Audience {
    case editor, server
  }

  static func schema(of kind: FieldKind, for audience: Audience) -> ManifestValue {
    var schema = ObjectBuilder()
    switch kind {
    case .integer(let range):
      schema.add("type", "integer")
      if audience == .server { schema.add("format", "int64") }
      schema.add("minimum", .integer(range.lowerBound))
      schema.add("maximum", .integer(range.upperBound))
    case .number(let range):
      schema.add("type", "number")
      addBounds(range, audience, to: &schema)
    case .boolean: schema.add("type", "boolean")
    case .text(let format): addText(format, to: &schema)
    case .choice(let choices):
      schema.add("type", "string")
      schema.add("enum", .array(choices.map(ManifestValue.string)))
      if audience == .server {
        schema.add("maxLength", .integer(Int64(choices.map(\.utf8.count).max() ?? 0)))
      }
    case .scalar:
      // The server knows no "number or boolean or text".
      if audience == .server {
        schema.add("x-kubernetes-preserve-unknown-fields", true)
      } else {
        schema.add("type", ["number", "boolean", "string"])
      }
    case .object(let rule): return object(rule, audience)
    case .list(let element, let count):
      schema.add("type", "array")
      schema.add("items", self.schema(of: element, for: audience))
      if count.lowerBound > 0 { schema.add("minItems", .integer(Int64(count.lowerBound))) }
      schema.add("maxItems", .integer(Int64(count.upperBound)))
    case .map(let format, let count):
      schema.add("type", "object")
      schema.add("maxProperties", .integer(Int64(count)))
      schema.add("additionalProperties", self.schema(of: .text(format), for: audience))
    case .ignored: break
    }
    return schema.value
  }

  /// OpenAPI 3.0 has the exclusive bound as a boolean, JSON Schema as a number.
  private static func addBounds(_ range: NumberRange, _ audience: Audience, to schema: inout ObjectBuilder) {
    if let minimum = range.minimum {
      if range.excludesMinimum, audience == .editor {
        schema.add("exclusiveMinimum", .real(minimum))
      } else {
        schema.add("minimum", .real(minimum))
        if range.excludesMinimum { schema.add("exclusiveMinimum", true) }
      }
    }
    schema.add("maximum", range.maximum.map(ManifestValue.real))
  }

  private static func addText(_ format: TextFormat, to schema: inout ObjectBuilder) {
    schema.add("type", "string")
    if format.minLength > 0 { schema.add("minLength", .integer(Int64(format.minLength))) }
    schema.add("maxLength", .integer(Int64(format.maxLength)))
    schema.add("pattern", format.pattern.map(ManifestValue.string))
  }

  private static func object(_ rule: ObjectRule, _ audience: Audience) -> ManifestValue {
    var schema = ObjectBuilder()
    schema.add("type", "object")
    let required = rule.fields.filter(\.isRequired).map { ManifestValue.string($0.name) }
    if !required.isEmpty { schema.add("required", .array(required)) }
    schema.add("properties", .object(rule.fields.map { .init($0.name, field($0, audience)) }))
    switch audience {
    case .editor:
      schema.add("additionalProperties", false)
      if rule.field("targetRegister") != nil { schema.add("oneOf", shortOrLong) }
    case .server:
      let rules = rule.serverRules.map { rule -> ManifestValue in
        ["rule": .string(rule.expression), "message": .string(rule.message)]
      }
      if !rules.isEmpty { schema.add("x-kubernetes-validations", .array(rules)) }
    }
    return schema.value
  }

  private static let shortOrLong: ManifestValue = [
    ["required": ["targetRegister", "targetValue"], "not": ["required": ["registers"]]],
    [
      "required": ["registers"],
      "not": ["anyOf": [["required": ["targetRegister"]], ["required": ["targetValue"]]]],
    ],
  ]

  private static func field(_ rule: FieldRule, _ audience: Audience) -> ManifestValue {
    var schema = ObjectBuilder()
    schema.add("description", .string(rule.description))
    if case .object(let members) = self.schema(of: rule.kind, for: audience) {
      for member in members { schema.add(member.name, member.value) }
    }
    if audience == .editor || rule.isDefaultedByServer { schema.add("default", rule.fallback) }
    return schema.value
  }
}
