import Modbus
import Testing

@testable import MockPLC

/// Which role may write; the certificates themselves are tried in ModbusTests and by Tests/Interop/matrix.py.
@Suite struct FleetSecurityTests {
  private let files = CredentialFiles(directory: "/nowhere")

  @Test func onlyWritersWrite() {
    let open = FleetSecurity(files: files)
    #expect(open.mayWrite(role: nil) && open.mayWrite(role: "anyone"))
    let strict = FleetSecurity(files: files, writers: ["operator", "engineer"])
    #expect(strict.mayWrite(role: "operator") && strict.mayWrite(role: "engineer"))
    #expect(!strict.mayWrite(role: "viewer") && !strict.mayWrite(role: "Operator"))
    #expect(!strict.mayWrite(role: nil))
  }

  @Test func aWriteThatTheRoleMayNotMakeChangesNothingAndIsInTheLog() {
    let core = FleetCore(FleetConfiguration(plcs: [.simple()]))
    var lines: [String] = []
    core.observer = { lines.append($0.line(.none)) }
    let write = ModbusRequest.writeSingleRegister(address: 4001, value: 9)
    let read = ModbusRequest.readHoldingRegisters(address: 4001, count: 1)
    func outcome(_ request: ModbusRequest, mayWrite: Bool) -> PLC.Verdict.Outcome {
      core.handle(request, plc: core.plcs[0], unit: 1, connection: 1, mayWrite: mayWrite, at: .seconds(1))
        .outcome
    }
    guard case .refuse(.illegalFunction) = outcome(write, mayWrite: false) else {
      Issue.record("it must be refused with exception 0x01")
      return
    }
    guard case .answer(.readHoldingRegisters([2500])) = outcome(read, mayWrite: false) else {
      Issue.record("reading is free, and the value is as it was")
      return
    }
    #expect(lines.count == 1 && lines[0].contains("event=write") && lines[0].hasSuffix("outcome=refused"))
    guard case .answer = outcome(write, mayWrite: true) else {
      Issue.record("a writer writes")
      return
    }
  }
}
