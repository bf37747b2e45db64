import Control

/// What people do: commits and commands at random instants.
extension World {
  func commit(_ device: Int) {
    let index = random.number(0...(devices[device].registers.count - 1))
    let register = devices[device].registers[index]
    let before = devices[device].spec
    var isUnderway = true
    switch random.number(0...9) {
    case 0: return note("an invalid commit: the last good one stays")
    case 1, 2, 3, 4:
      guard register.kind != .input else { return }
      devices[device].desired[index] = register.drawDesired(&random, leaky: swarm.leakyValidator)
    case 5: devices[device].desired[index] = nil
    case 6: devices[device].spec.autoCorrect.toggle()
    case 7: devices[device].spec.suspend = random.chance(0.5)
    case 8: devices[device].spec.pollInterval = .seconds([2, 5, 10, 30][random.number(0...3)])
    default:
      if random.chance(0.5) {
        devices[device].spec.port = 500 + random.number(0...9)
      } else {
        note("\(devices[device].id.name) leaves the repository and comes back")
        feed(.removed, device)
        isUnderway = false
      }
    }
    applyCommit(device, before: before, isUnderway: isUnderway)
  }

  func applyCommit(_ device: Int, before: DeviceSpec, isUnderway: Bool = true) {
    devices[device].writeSpec()
    // As any driver: what has not changed is not told.
    guard devices[device].spec != before || !isUnderway else { return }
    devices[device].revision += 1
    devices[device].reader = SimulatedReader(devices[device].spec, after: devices[device].reader)
    for index in devices[device].registers.indices {
      devices[device].ledger.registers[index].contestedAt = nil
    }
    feed(.desired(devices[device].toldSpec(options.planted)), device)
  }

  func command(_ kind: Swarm.Incident, _ device: Int) {
    let names = devices[device].registers.map(\.name)
    let one = random.chance(0.5) ? names[random.number(0...(names.count - 1))] : nil
    switch kind {
    case .sync:
      syncCount += 1
      let force = random.chance(0.3)
      obey(
        .sync(SyncRequest(id: syncCount, by: "sim", force: force, registers: one.map { [$0] } ?? [])), device)
    case .shelve:
      let wall = moment.wall
      let until = wall + .seconds(random.number(1...900))
      obey(.shelve(Shelf(by: "sim", since: wall, until: until, reason: "", register: one)), device)
    case .unshelve: obey(.unshelve(register: one, by: "sim"), device)
    case .suspend: obey(.suspend(by: "sim"), device)
    case .resume: obey(.resume(by: "sim"), device)
    case .retry: obey(.retryContested(by: "sim"), device)
    default: obey(.refresh, device)
    }
  }

  /// A command, and what the oracle makes of it.
  func obey(_ command: OperatorCommand, _ device: Int) {
    switch command {
    case .sync(let request):
      guard isAlive else { return }
      devices[device].ledger.syncs.append(request)
    case .shelve(let shelf):
      devices[device].ledger.shelves.removeAll { $0.shelf.register == shelf.register }
      devices[device].ledger.shelves.append(OrderedShelf(shelf, at: now, wall: moment.wall))
    case .unshelve(let register, _):
      devices[device].ledger.shelves.removeAll { $0.shelf.register == register }
    case .suspend(let by): devices[device].ledger.suspendedBy = by
    case .resume: devices[device].ledger.suspendedBy = nil
    case .retryContested:
      for index in devices[device].registers.indices {
        devices[device].ledger.registers[index].contestedAt = nil
      }
    case .refresh: break
    }
    feed(.command(command), device)
  }
}
