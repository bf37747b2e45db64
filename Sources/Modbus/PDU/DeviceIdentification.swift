import NIOCore

/// What part of a device's identity a request asks for (function 43, MEI type 14).
public enum IdentificationAccess: UInt8, Sendable, Hashable, CaseIterable {
  /// Objects 0x00 to 0x02: vendor name, product code, revision.
  case basic = 1
  /// Up to 0x7F: vendor URL, product name, model name, application name.
  case regular = 2
  /// Up to 0xFF: the vendor's own.
  case extended = 3
  /// One object alone.
  case specific = 4
}

/// One identity object: an id and a text (or a vendor's own bytes).
public struct IdentificationObject: Sendable, Hashable {
  public var id: UInt8
  /// At most 244 bytes, so that one object fits a PDU.
  public var value: [UInt8]

  public init(id: UInt8, value: [UInt8]) {
    self.id = id
    self.value = value
  }

  public init(id: UInt8, text: String) { self.init(id: id, value: Array(text.utf8)) }

  /// The value as UTF-8, with replacement characters for what is not.
  public var text: String { String(decoding: value, as: UTF8.self) }

  public static let vendorName: UInt8 = 0x00
  public static let productCode: UInt8 = 0x01
  public static let majorMinorRevision: UInt8 = 0x02
  public static let vendorURL: UInt8 = 0x03
  public static let productName: UInt8 = 0x04
  public static let modelName: UInt8 = 0x05
  public static let userApplicationName: UInt8 = 0x06

  /// Longest value: 253 less the 7 bytes before the list and the 2 before the value.
  public static let longestValue = 244
}

/// One answer to Read Device Identification. An identity that does not fit one PDU comes in pages.
public struct IdentificationPage: Sendable, Hashable {
  public var access: IdentificationAccess
  /// The device's conformity level byte, 0x01...0x03 or 0x81...0x83; kept as it came.
  public var conformity: UInt8
  /// Object to ask for next; nil when this was the last page.
  public var nextObject: UInt8?
  public var objects: [IdentificationObject]

  public init(
    access: IdentificationAccess, conformity: UInt8, nextObject: UInt8? = nil, objects: [IdentificationObject]
  ) {
    self.access = access
    self.conformity = conformity
    self.nextObject = nextObject
    self.objects = objects
  }

  /// The page that answers a request from a device that has `identity`, or nil where the specification
  /// wants exception 0x02 (a specific object it has not). `identity` is in ascending order of id.
  public static func answering(
    access: IdentificationAccess, from object: UInt8, identity: [IdentificationObject]
  ) -> IdentificationPage? {
    let conformity: UInt8 =
      0x80 | (identity.contains { $0.id >= 0x80 } ? 3 : identity.contains { $0.id > 2 } ? 2 : 1)
    if access == .specific {
      guard let found = identity.first(where: { $0.id == object }) else { return nil }
      return IdentificationPage(access: access, conformity: conformity, objects: [found])
    }
    let last: UInt8 = access == .basic ? 0x02 : access == .regular ? 0x7F : 0xFF
    let inRange = identity.filter { $0.id <= last }
    // An object that is not there restarts at the beginning (section 6.21).
    let start = inRange.contains { $0.id == object } ? object : 0
    var page = IdentificationPage(access: access, conformity: conformity, objects: [])
    var room = ModbusLimit.pduBytes - headerBytes
    for candidate in inRange where candidate.id >= start {
      let needed = candidate.value.count + 2
      guard needed <= room else {
        page.nextObject = candidate.id
        break
      }
      room -= needed
      page.objects.append(candidate)
    }
    return page
  }

  /// Function, MEI type, access, conformity, more follows, next object, number of objects.
  static let headerBytes = 7
  static let meiType: UInt8 = 0x0E
}
