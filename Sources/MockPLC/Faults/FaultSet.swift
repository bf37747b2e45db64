/// The faults that are on for one unit, each with its own seed and count of requests.
struct FaultSet {
  private struct Active {
    var order: Int
    var name: String
    var fault: any Fault
    var seed: Seed
    var requests: UInt64 = 0
  }

  private var active: [Active] = []
  private let seed: Seed

  init(_ faults: [any Fault], seed: Seed) {
    self.seed = seed
    for fault in faults { enable(fault) }
  }

  var isEmpty: Bool { active.isEmpty }

  /// Switches a fault on, in place of one of the same name.
  mutating func enable(_ fault: any Fault) {
    let name = type(of: fault).name
    disable(name)
    let order = knownFaults.firstIndex { $0.name == name } ?? knownFaults.count
    active.append(Active(order: order, name: name, fault: fault, seed: seed.derived(name)))
    active.sort { $0.order < $1.order }
  }

  mutating func disable(_ name: String) {
    active.removeAll { $0.name == name }
  }

  mutating func disableAll() {
    active.removeAll()
  }

  /// What happens to the next request.
  mutating func exchange(isWrite: Bool) -> Exchange {
    var exchange = Exchange(isWrite: isWrite)
    for index in active.indices {
      var draws = Draws(active[index].seed, request: active[index].requests)
      active[index].requests &+= 1
      active[index].fault.disturb(&exchange, draws: &draws)
    }
    return exchange
  }

  func shape(_ policy: inout ConnectionPolicy) {
    for entry in active { entry.fault.shape(&policy) }
  }
}
