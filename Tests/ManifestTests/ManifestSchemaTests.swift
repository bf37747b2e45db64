import Foundation
import Testing

@testable import Manifest

struct ManifestSchemaTests {
  @Test func committedSchemasAreThoseOfTheFieldTable() throws {
    try expectGolden(ManifestSchema.customResourceDefinition(), "../../deploy/k8s/crd.yaml")
    try expectGolden(ManifestSchema.jsonSchema(), "../../docs/reference/industrialplc.schema.json")
  }

  @Test func everyFieldHasADescriptionAndADefaultInsideItsRange() {
    func check(_ rule: ObjectRule) {
      #expect(Set(rule.fields.map(\.name)).count == rule.fields.count)
      for field in rule.fields {
        #expect(field.description.hasSuffix("."), "\(field.name)")
        #expect(!(field.isRequired && field.fallback != nil), "\(field.name)")
        switch (field.kind, field.fallback) {
        case (.object(let inner), _): check(inner)
        case (.list(.object(let inner), _), _): check(inner)
        case (.integer(let range), .integer(let value)?): #expect(range.contains(value), "\(field.name)")
        case (.choice(let choices), .string(let value)?): #expect(choices.contains(value), "\(field.name)")
        default: break
        }
      }
    }
    check(DeviceFields.document)
  }

  @Test func schemasAreValidDocuments() throws {
    let schema = try JSONDecoder().decode(ManifestValue.self, from: Data(ManifestSchema.jsonSchema().utf8))
    #expect(schema["properties"]?["spec"]?["properties"]?["port"]?["maximum"] == 65_535)
    let text = SourceText(Array(ManifestSchema.customResourceDefinition().utf8))
    #expect(text.problems.isEmpty && text.documents.count == 1)
  }
}
