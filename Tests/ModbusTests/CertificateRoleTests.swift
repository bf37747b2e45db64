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
}
