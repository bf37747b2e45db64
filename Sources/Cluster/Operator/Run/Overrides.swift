import Control
import Fleet
import LocalEngine

/// What operators have said about one device, as its resource carries it.
struct Overrides: Hashable, Sendable {
  var shelves: [Shelf] = []
  var suspendedBy: String?

  init(_ restored: RestoredDevice?) {
    shelves = restored?.shelves ?? []
    suspendedBy = restored?.suspendedBy
  }

  /// The commands that lead from these to `new`.
  func commands(to new: Overrides, for id: DeviceID, at now: WallTime) -> [FleetCommand] {
    var commands: [FleetCommand] = []
    for shelf in shelves
    where !new.shelves.contains(where: { $0.register == shelf.register }) && now < shelf.until {
      commands.append(.unshelve([id], register: shelf.register, by: "the resource"))
    }
    for shelf in new.shelves where !shelves.contains(shelf) && now < shelf.until {
      commands.append(
        .shelve([id], register: shelf.register, for: shelf.until - now, reason: shelf.reason, by: shelf.by))
    }
    if suspendedBy != new.suspendedBy {
      commands.append(
        new.suspendedBy.map { .suspend([id], reason: "", by: $0) } ?? .resume([id], by: "the resource"))
    }
    return commands
  }
}
