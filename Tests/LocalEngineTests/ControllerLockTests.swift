import Foundation
import Testing

@testable import LocalEngine

@Suite struct ControllerLockTests {
  /// A directory as `/run/lock` is: everybody may make files, nobody may remove another's.
  private final class Shared {
    let path = NSTemporaryDirectory() + "fabgitops-lock-\(UUID().uuidString)"
    init() throws {
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
      chmod(path, 0o1777)
    }
    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// The state directory of one user for the set `plant`, whose name both have.
    func state(_ user: String) -> StateDirectory { StateDirectory(path: "\(path)/\(user)/plant-0123abcd") }
    var file: String { HostLock.path(key: "0123abcd", in: path) }
  }

  private func acquire(_ user: String, _ shared: Shared) -> ControllerLock.Outcome {
    ControllerLock.acquire(in: shared.state(user), user: user, since: Date(), shared: shared.path)
  }

  @Test func twoUsersOfOneHostCannotBothControlASet() throws {
    let shared = try Shared()
    guard case .acquired(let first) = acquire("anna", shared) else {
      Issue.record("the first lock was not acquired")
      return
    }
    #expect(
      ControllerLock.holder(of: shared.state("ben"), shared: shared.path)?.hasPrefix("anna, pid \(getpid())")
        == true)
    guard case .heldBy(let here) = acquire("anna", shared),
      case .heldElsewhere(let there) = acquire("ben", shared)
    else {
      Issue.record("took a lock that is held")
      return
    }
    #expect(here.hasPrefix("anna, pid \(getpid()), since "), "\(here)")
    #expect(there == here)
    withExtendedLifetime(first) {}
  }

  @Test func anEndedControllerLeavesTheLockToTheNext() throws {
    let shared = try Shared()
    do {
      guard case .acquired(let first) = acquire("anna", shared) else {
        Issue.record("not acquired")
        return
      }
      withExtendedLifetime(first) {}
    }
    #expect(ControllerLock.holder(of: shared.state("anna"), shared: shared.path) == nil)
    guard case .acquired = acquire("ben", shared) else {
      Issue.record("a free lock was not acquired")
      return
    }
  }

  /// A process that is no controller of ours holds it, and the file tells of an earlier one: the kernel knows better.
  @Test func whoHoldsItIsAskedOfTheKernel() throws {
    let shared = try Shared()
    try Data("mallory, pid 1, since 2020-01-01 00:00:00\n".utf8).write(to: URL(fileURLWithPath: shared.file))
    let descriptor = open(shared.file, O_RDONLY)
    defer { close(descriptor) }
    #expect(flock(descriptor, LOCK_EX | LOCK_NB) == 0)
    guard case .heldElsewhere(let holder) = acquire("ben", shared) else {
      Issue.record("took a lock that is held")
      return
    }
    let me = getpwuid(geteuid()).map { String(cString: $0.pointee.pw_name) } ?? ""
    #expect(holder.hasPrefix("\(me), pid \(getpid()), since 2"), "\(holder)")
  }

  /// In a directory where everybody may write, somebody may have put something in the file's place.
  @Test(arguments: ["symbolic link", "hard link", "pipe", "directory"])
  func whatIsNoPlainFileIsRefused(kind: String) throws {
    let shared = try Shared()
    let other = shared.path + "/other"
    try Data("precious\n".utf8).write(to: URL(fileURLWithPath: other))
    switch kind {
    case "symbolic link": #expect(symlink(other, shared.file) == 0)
    case "hard link": #expect(link(other, shared.file) == 0)
    case "pipe": #expect(mkfifo(shared.file, 0o666) == 0)
    default: #expect(mkdir(shared.file, 0o777) == 0)
    }
    guard case .unavailable(let problem) = acquire("anna", shared) else {
      Issue.record("locked a \(kind)")
      return
    }
    #expect(problem.reason.contains(shared.file), "\(problem)")
    #expect(try String(contentsOfFile: other, encoding: .utf8) == "precious\n")
  }

  @Test func othersCanOpenTheFileWhateverTheUmask() throws {
    let shared = try Shared()
    let before = umask(0o077)
    defer { umask(before) }
    guard case .acquired(let lock) = acquire("anna", shared) else {
      Issue.record("not acquired")
      return
    }
    var info = stat()
    #expect(stat(shared.file, &info) == 0 && info.st_mode & 0o777 == 0o644)
    withExtendedLifetime(lock) {}
  }

  /// The choice must be the same for everybody: only what is everybody's and root's counts.
  @Test func theSharedDirectoryIsEverybodys() throws {
    let shared = try Shared()
    let mine = shared.path + "/mine"
    try FileManager.default.createDirectory(atPath: mine, withIntermediateDirectories: false)
    #expect(HostLock.sharedDirectory(of: [mine, "/nowhere"]) == nil)
    if geteuid() == 0 { #expect(HostLock.sharedDirectory(of: [mine, shared.path]) == shared.path) }
    let one = StateDirectory(origin: "/srv/plant", subPath: "", environment: ["HOME": "/home/anna"])
    let two = StateDirectory(origin: "/srv/plant", subPath: "", environment: ["XDG_STATE_HOME": "/x"])
    #expect(one.setKey == two.setKey && one.setKey.count == 16)
  }

  /// One repository is one, however it is spelt.
  @Test func spellingsOfASourceAreOneSet() throws {
    let root = NSTemporaryDirectory() + "fabgitops-set-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: root) }
    for folder in [
      "plant/.git/objects", "plant/.git/refs", "plant/lines/a", "bare.git/objects", "bare.git/refs",
    ] {
      try FileManager.default.createDirectory(atPath: "\(root)/\(folder)", withIntermediateDirectories: true)
    }
    for head in ["plant/.git/HEAD", "bare.git/HEAD"] {
      try "ref: x".write(toFile: "\(root)/\(head)", atomically: true, encoding: .utf8)
    }
    try FileManager.default.createSymbolicLink(atPath: root + "/link", withDestinationPath: root + "/plant")
    let real = URL(fileURLWithPath: root).resolvingSymlinksInPath().path
    func name(_ origin: String, _ path: String = "") -> SetName { SetName(origin: origin, subPath: path) }
    let whole = name(root + "/plant")
    #expect(whole.repository == real + "/plant" && whole.folders.isEmpty && whole.enclosing.isEmpty)
    for (origin, path) in [
      ("/plant", "./"), ("/plant", "/"), ("/plant/", "lines/.."), ("/plant/.git", ""), ("/link", ""),
      ("/plant/./", "."),
    ] {
      #expect(name(root + origin, path) == whole, "\(origin) \(path)")
    }
    #expect(name("file://" + root + "/plant") == whole)
    let lines = name(root + "/plant", "lines/a")
    #expect(name(root + "/plant/lines", "a/") == lines && lines.key != whole.key)
    #expect(lines.enclosing == [whole.key, name(root + "/plant", "lines").key])
    #expect(name(root + "/bare.git").repository == real + "/bare.git")
    #expect(name("https://host/plant.git/") == name("https://host/plant"))
    #expect(name("https://host/plant", "a").enclosing == [name("https://host/plant").key])
  }

  /// Two folders may have two controllers; a folder and all of the repository may not.
  @Test func aFolderAndTheWholeAreNotControlledByTwo() throws {
    let shared = try Shared()
    let environment = ["XDG_STATE_HOME": shared.path]
    func acquire(_ path: String) -> ControllerLock.Outcome {
      ControllerLock.acquire(
        in: StateDirectory(origin: "https://host/plant", subPath: path, environment: environment),
        user: "anna",
        since: Date(), shared: shared.path)
    }
    guard case .acquired(let first) = acquire("lines/a"), case .acquired(let second) = acquire("lines/b")
    else {
      Issue.record("two folders cannot be controlled")
      return
    }
    for outer in ["", "lines"] {
      guard case .heldElsewhere(let holder) = acquire(outer) else {
        Issue.record("\(outer) was acquired")
        continue
      }
      #expect(holder.contains("pid \(getpid())"))
    }
    guard case .heldElsewhere = acquire("lines/a/deep") else {
      Issue.record("a folder in a folder was acquired")
      return
    }
    withExtendedLifetime((first, second)) {}
  }

  /// Who can rename the directory has the journal and the holds in it.
  @Test func aStateDirectoryThatOthersCanReplaceIsRefused() throws {
    let root = NSTemporaryDirectory() + "fabgitops-open-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: root) }
    let directory = StateDirectory(origin: "/srv/plant", subPath: "", environment: ["XDG_STATE_HOME": root])
    let parent = root + "/fabgitops"
    try FileManager.default.createDirectory(atPath: parent, withIntermediateDirectories: true)
    chmod(parent, 0o777)
    try directory.create()
    var info = stat()
    #expect(stat(parent, &info) == 0 && info.st_mode & 0o022 == 0, "ours is closed")
    if geteuid() == 0 {
      chown(parent, 65534, 65534)
      #expect(throws: StateProblem.self) { try directory.create() }
    }
    try FileManager.default.removeItem(atPath: parent)
    try FileManager.default.createDirectory(atPath: root + "/elsewhere", withIntermediateDirectories: true)
    try FileManager.default.createSymbolicLink(atPath: parent, withDestinationPath: root + "/elsewhere")
    #expect(throws: StateProblem.self) { try directory.create() }
    // Without a home in the environment it is the user's own, and never everybody's.
    let home = StateDirectory(origin: "/srv/plant", subPath: "", environment: [:])
    #expect(!home.path.hasPrefix("/tmp/"))
  }
}
