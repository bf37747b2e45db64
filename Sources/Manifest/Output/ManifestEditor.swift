import Control

/// Changes desired values in the text of a manifest and leaves everything else, comments and layout
/// included, as it is.
public enum ManifestEditor {
  public struct Change: Hashable, Sendable {
    public var device: DeviceID
    /// Name of the register.
    public var register: String
    public var value: RegisterValue

    public init(device: DeviceID, register: String, value: RegisterValue) {
      self.device = device
      self.register = register
      self.value = value
    }
  }

  /// Why a text cannot be changed; one line.
  public struct Failure: Error, Hashable, Sendable, CustomStringConvertible {
    public var description: String

    public init(description: String) { self.description = description }
  }

  /// The text with all changes made, checked by reading it again: valid, these values changed, and nothing
  /// else.
  public static func apply(_ changes: [Change], to file: ManifestFile) throws(Failure) -> [UInt8] {
    let before = ManifestReader.read([file])
    guard before.isValid else { throw Failure(description: "\(file.name) is not valid as it is") }
    var edited = file
    for change in changes { try apply(change, to: &edited) }
    let after = ManifestReader.read([edited])
    if let error = after.errors.first { throw Failure(description: error.description) }
    guard expected(before, changes) == after.devices.map(\.spec) else {
      throw Failure(description: "\(file.name): cannot be changed without changing something else")
    }
    return edited.contents
  }

  private static func expected(_ reading: ManifestReading, _ changes: [Change]) -> [DeviceSpec] {
    var devices = reading.devices.map(\.spec)
    for change in changes {
      for index in devices.indices where devices[index].id == change.device {
        for register in devices[index].registers.indices
        where devices[index].registers[register].name == change.register {
          devices[index].registers[register].desired = change.value
        }
      }
    }
    return devices
  }

  private static func apply(_ change: Change, to file: inout ManifestFile) throws(Failure) {
    let name = "\(change.device) \(change.register)"
    let reading = ManifestReader.read([file])
    guard let device = reading.devices.first(where: { $0.id == change.device }),
      let index = device.spec.registers.firstIndex(where: { $0.name == change.register })
    else { throw Failure(description: "\(name): not in \(file.name)") }
    guard device.spec.registers[index].desired != nil else {
      throw Failure(description: "\(name): has no desired value in \(file.name), it is only monitored")
    }
    guard var text = String(validating: file.contents, as: UTF8.self) else {
      throw Failure(description: "\(file.name): not UTF-8 text")
    }
    let hasMark = text.unicodeScalars.first == "\u{FEFF}"
    if hasMark { text.unicodeScalars.removeFirst() }
    guard let token = token(of: device, register: index, in: file, text) else {
      throw Failure(
        description: "\(name): \(file.name): the value is an alias, has an anchor or a tag; change it by hand"
      )
    }
    text.replaceSubrange(token, with: ManifestValue(change.value).yamlScalar)
    if hasMark { text.unicodeScalars.insert("\u{FEFF}", at: text.unicodeScalars.startIndex) }
    file.contents = Array(text.utf8)
  }

  /// Where exactly a value stands.
  private static func token(of device: ManifestDevice, register: Int, in file: ManifestFile, _ text: String)
    -> Range<String.Index>?
  {
    let documents = SourceText(file.contents).documents
    guard documents.indices.contains(device.document) else { return nil }
    var node: SourceNode? = documents[device.document]
    if device.object.hasPrefix("items["), let item = Int(device.object.dropFirst(6).dropLast()) {
      node = node?.child("items")?.element(item)
    }
    guard let spec = node?.child("spec") else { return nil }
    let owner = spec.child("registers")?.element(register) ?? spec
    let name = spec.child("registers") == nil ? "targetValue" : "value"
    guard let field = owner.field(name), let token = field.value.token, let key = field.position,
      let start = field.value.position, (key.line, key.column) < (start.line, start.column)
    else { return nil }
    return token.range(at: start, in: text)
  }
}
