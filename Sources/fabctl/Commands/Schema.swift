import ArgumentParser
import Manifest

struct SchemaCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "schema", abstract: "Print the JSON Schema of a manifest, for editors.",
    discussion: "With --crd the CustomResourceDefinition for an API server, in YAML.")

  @Flag(help: "The CustomResourceDefinition.")
  var crd = false

  func run() throws {
    let text = crd ? ManifestSchema.customResourceDefinition() : ManifestSchema.jsonSchema()
    Console.out(text.withoutFinalLineBreak)
  }
}
