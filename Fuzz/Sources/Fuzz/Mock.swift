import MockPLC

private let plant: [MockDevice] =
  (try? MockDevice(yaml: "registers: [{name: a, address: 1}]", file: "m")).map { [$0] } ?? []

func fuzzMap(_ text: String) {
  do throws(FileProblems) {
    _ = try MockDevice(yaml: text, file: "m.yaml")
  } catch {
    requireFit(error.description, lines: true)
  }
}

func fuzzScript(_ text: String) {
  do throws(FileProblems) {
    _ = try Script(yaml: text, file: "s.yaml", for: plant)
  } catch {
    requireFit(error.description, lines: true)
  }
}

func fuzzFaults(_ text: String) {
  do throws(FaultProblem) {
    let specs = try FaultSpec.list(text)
    require(!specs.isEmpty, "no fault, and no problem")
  } catch {
    _ = "\(error)"
  }
  if let ids = MockUnit.ids(text) { require(ids == Array(Set(ids)).sorted(), "unit ids are not in order") }
}
