import Testing

@testable import Modbus

@Suite struct CertificateRoleTests {
  /// Whatever it is given, it ends, and finds nothing where there is nothing.
  @Test func whatIsNoCertificateHasNoRole() {
    #expect(CertificateRole.role(inDER: []) == nil)
    withSeeds(2000) { random, seed in
      var bytes = random.bytes(random.int(1...200))
      bytes[0] = 0x30
      #expect(CertificateRole.role(inDER: bytes) == nil, seed)
    }
  }

  @Test(arguments: [
    ("plc-7", "plc-7", true), ("plc-7", "plc-70", false), ("*.plant.example", "oven.plant.example", true),
    ("*.plant.example", "a.oven.plant.example", false), ("*.plant.example", "plant.example", false),
    ("*.plant.example", ".plant.example", false), ("oven*.plant.example", "oven1.plant.example", false),
  ]) func whatANameCovers(_ pattern: String, _ name: String, _ expected: Bool) {
    #expect(CertificateName.covers(pattern, name) == expected)
  }
}
