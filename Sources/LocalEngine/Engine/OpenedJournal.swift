import Control
import Fleet
import Foundation
import Journal
import NIOCore

/// Where to keep the journal, and who writes it.
public struct JournalChoice: Sendable {
  public var directory: StateDirectory
  public var actor: String
  /// With version.
  public var program: String
  /// What it holds counts, and nothing is added to it.
  public var readOnly: Bool

  public init(directory: StateDirectory, actor: String, program: String, readOnly: Bool = false) {
    self.directory = directory
    self.actor = actor
    self.program = program
    self.readOnly = readOnly
  }
}

/// The journal as the engine found it at its start: open, or with the problem that stops corrections.
struct OpenedJournal: Sendable {
  /// `nil`: nothing is kept.
  let door: JournalDoor?
  private let writer: JournalWriter?
  private let restore: JournalRestore
  private let problem: JournalProblem?
  private let actor: String
  private let relay = HealthRelay()
  /// The last audit record of what is in force, once that is so.
  private let restored = AsyncStream.makeStream(of: Int64.self, bufferingPolicy: .bufferingNewest(1))

  init(_ choice: JournalChoice?, loop: any EventLoop) async {
    actor = choice?.actor ?? ""
    guard let choice else {
      (door, writer, restore, problem) = (nil, nil, JournalRestore(), nil)
      return
    }
    let url = choice.directory.url
    do throws(JournalProblem) {
      let location = try JournalLocation(
        state: url.deletingLastPathComponent().path, set: url.lastPathComponent)
      guard !choice.readOnly else {
        (door, writer) = (nil, nil)
        (restore, problem) = await Self.read(location)
        return
      }
      let relay = relay
      let writer = JournalWriter(
        location, session: JournalSession(program: choice.program, actor: choice.actor, pid: getpid()),
        onHealth: { health in relay.tell(health) })
      self.writer = writer
      do throws(JournalProblem) {
        restore = try await writer.restore()
        problem = nil
      } catch {
        restore = JournalRestore()
        problem = error
      }
      door = JournalDoor(location)
      if problem == nil { restored.continuation.yield(restore.upTo ?? 0) }
    } catch {
      (door, writer, restore, problem) = (nil, nil, JournalRestore(), error)
    }
  }

  /// What the journal holds, without writing to it. That there is none yet is no problem.
  private static func read(_ location: JournalLocation) async -> (JournalRestore, JournalProblem?) {
    do throws(JournalProblem) {
      return (try await JournalReader(location).restore(now: JournalClock.now().wall), nil)
    } catch .missing {
      return (JournalRestore(), nil)
    } catch {
      return (JournalRestore(), error)
    }
  }

  /// On the engine's loop.
  func trail(on loop: any EventLoop) -> any AuditTrail {
    guard let writer else { return NoAuditTrail(restore) }
    return JournalTrail(writer: writer, loop: loop, actor: actor, restore: restore)
  }

  /// Hears what operators say through other processes; `nil`: there is no journal to hear it from.
  func listener(_ take: @escaping @Sendable (OperatorWords) async -> Void) -> WordListener? {
    door.map { WordListener(door: $0, restored: restored.stream, take: take) }
  }

  /// Waits until everything that was handed in is on the disk and the file is closed.
  func close() async { await writer?.close() }

  /// On the engine's loop: from here on the core hears of the journal's health.
  func attach(_ core: EngineCore, on loop: any EventLoop) {
    if let problem { core.journalChanged(JournalHealth(problem: problem)) }
    if let hold = restore.hold { core.restoreHold(hold) }
    guard let writer else { return }
    let bound = NIOLoopBound(core, eventLoop: loop)
    let late = LateRestore(isDue: problem != nil)
    let restored = restored.continuation
    relay.begin { health in
      loop.execute {
        guard health.problem == nil, late.isDue else { return bound.value.journalChanged(health) }
        // The gate stays shut until the overrides that the file holds are in force.
        writer.restore { result in
          guard case .success(let restore) = result else { return }
          loop.execute {
            if late.isDue {
              bound.value.restoreLate(restore)
              restored.yield(restore.upTo ?? 0)
            }
            late.isDue = false
            bound.value.journalChanged(writer.health)
          }
        }
      }
    }
  }
}

/// Carries the journal's health to the engine once there is one; keeps the newest until then.
private final class HealthRelay: @unchecked Sendable {
  private let lock = NSLock()
  private var latest: JournalHealth?
  private var receiver: (@Sendable (JournalHealth) -> Void)?

  func tell(_ health: JournalHealth) {
    let receiver = lock.withLock {
      latest = health
      return self.receiver
    }
    receiver?(health)
  }

  func begin(_ receiver: @escaping @Sendable (JournalHealth) -> Void) {
    let missed = lock.withLock {
      self.receiver = receiver
      return latest
    }
    if let missed { receiver(missed) }
  }
}

/// Whether what an earlier process left has still to be read. Confined to the engine's loop.
private final class LateRestore: @unchecked Sendable {
  var isDue: Bool
  init(isDue: Bool) { self.isDue = isDue }
}
