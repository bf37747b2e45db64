import ArgumentParser
import Control
import Fleet
import Journal
import Manifest

struct Audit: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Who did what: every write and every operator's word, from the journal's hash chain.",
    subcommands: [AuditList.self, AuditVerify.self], defaultSubcommand: AuditList.self)
}

struct AuditList: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "Print audit records, oldest first.",
    discussion: "What `fabctl audit` does by itself. Reads the journal only; no device is asked.")

  @Argument(help: "Only records of this device.", completion: .deviceNames)
  var name: String?

  @OptionGroup var source: SourceOptions
  @OptionGroup var journal: JournalOption
  @OptionGroup var past: PastOptions

  @Option(help: ArgumentHelp("Only records of this register.", valueName: "name"))
  var register: String?

  @Option(
    help: ArgumentHelp(
      "Only records of this kind: intent, outcome, refused, sync, hold, release, shelve, unshelve, suspend, "
        + "resume, adopt, acknowledge, revision, started, stopped. May be repeated."))
  var kind: [String] = []

  @Option(help: ArgumentHelp("Only what this person or program did.", valueName: "name"))
  var by: String?

  @Option(help: "At most so many, the newest, 1 to 100000.")
  var limit: Int = 100

  @Option(name: .shortAndLong, help: "Output format: table, wide, json or yaml.")
  var output: Format = .table

  @Flag(help: "Leave the header line out.")
  var noHeaders = false

  enum Format: String, ExpressibleByArgument, CaseIterable { case table, wide, json, yaml }

  private static let kinds: [AuditKind] = [
    .intent, .outcome, .refused, .sync, .hold, .release, .shelve, .unshelve, .suspend, .resume,
    .retryContested, .takenUp,
    .adopt, .acknowledge, .revision, .started, .stopped,
  ]

  func validate() throws {
    guard (1...100_000).contains(limit) else {
      throw ValidationError("--limit \(limit) is outside 1...100000")
    }
    for kind in kind where !Self.kinds.contains(AuditKind(rawValue: kind)) {
      let known = Self.kinds.map(\.rawValue).joined(separator: ", ")
      throw ValidationError("--kind \(kind): there is no such kind (there are \(known))")
    }
  }

  func run() async throws {
    let audited = try AuditedJournal(source, journal)
    guard let reader = audited.reader else { return Console.error(audited.nothingYet) }
    let query = AuditQuery(
      device: name.map(JournalNames.device), register: register, kinds: kind.map(AuditKind.init(rawValue:)),
      from: past.beginning(now: DashboardRuntime.now()), to: past.to?.time,
      limit: by == nil ? limit : 100_000)
    do throws(JournalProblem) {
      let found = try await reader.audit(query).filter { by == nil || $0.draft.actor == by }
      let records = Array(found.suffix(limit))
      if records.isEmpty { Console.error("fabctl: no such records") }
      AuditTable(wide: output == .wide || output == .json || output == .yaml)
        .table(records).print(format, withHeader: !noHeaders)
    } catch {
      throw SetJournal.failure(error)
    }
  }

  private var format: HistoryCommand.Format {
    switch output {
    case .table, .wide: .table
    case .json: .json
    case .yaml: .yaml
    }
  }
}

/// Audit records in columns; `wide` is everything that a record holds.
private struct AuditTable {
  var wide: Bool

  func table(_ records: [AuditRecord]) -> RecordTable {
    var columns = [
      "SEQUENCE", "TIME", "ACTOR", "KIND", "DEVICE", "REGISTER", "BEFORE", "AFTER", "OUTCOME", "DETAIL",
    ]
    if wide { columns += ["PLACE", "CAUSE", "REVISION", "SESSION", "ORDER", "HASH"] }
    var table = RecordTable(columns: columns)
    table.rows = records.map(row)
    return table
  }

  private func row(_ record: AuditRecord) -> [ManifestValue] {
    let draft = record.draft
    func text(_ value: String?) -> ManifestValue { value.map(ManifestValue.string) ?? .null }
    var row: [ManifestValue] = [
      .integer(record.sequence), .string(draft.at.rfc3339), .string(draft.actor),
      .string(draft.kind.rawValue), text(draft.device?.description), text(draft.register),
      draft.before.map { ManifestValue($0) } ?? .null, draft.after.map { ManifestValue($0) } ?? .null,
      text(draft.outcome), text(draft.detail),
    ]
    if wide {
      row += [
        text(draft.place), text(draft.cause), text(draft.revision), .integer(record.session),
        draft.order.map { .integer(Int64(clamping: $0)) } ?? .null,
        .string(record.hash.map { $0 < 16 ? "0" + String($0, radix: 16) : String($0, radix: 16) }.joined()),
      ]
    }
    return row
  }
}

struct AuditVerify: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify", abstract: "Check the hash chain of the audit: finds any edit, gap or cut.",
    discussion: """
      Prints the head of the chain, which is worth keeping elsewhere: with --head it proves that nothing before it was
      changed. Exit codes: 0 intact; 5 not intact (the first bad row is named), or there is no journal.
      """)

  @OptionGroup var source: SourceOptions
  @OptionGroup var journal: JournalOption

  @Option(help: ArgumentHelp("A head that was printed earlier and kept elsewhere.", valueName: "row:hash"))
  var head: String?

  @Option(name: .shortAndLong, help: "Output format: text or json.")
  var output: Format = .text

  enum Format: String, ExpressibleByArgument, CaseIterable { case text, json }

  func validate() throws {
    if let head, AuditHead(head) == nil {
      throw ValidationError("--head \(head): not a head as `fabctl audit verify` prints it (ROW:HASH)")
    }
  }

  func run() async throws {
    let audited = try AuditedJournal(source, journal)
    guard let reader = audited.reader else { throw CommandFailure(.sourceInvalid, audited.nothingYet) }
    let verdict: AuditVerdict
    do throws(JournalProblem) {
      verdict = try await reader.verifyAudit(against: head.flatMap { AuditHead($0) })
    } catch {
      throw SetJournal.failure(error)
    }
    switch output {
    case .text: printText(verdict)
    case .json: printJSON(verdict)
    }
    if !verdict.isIntact { throw ExitCode(ExitStatus.sourceInvalid.rawValue) }
  }

  private func printText(_ verdict: AuditVerdict) {
    guard verdict.isIntact else {
      for fault in verdict.faults { Console.error("fabctl: audit: \(fault)") }
      return
    }
    let head = verdict.head.map { ", head \($0)" } ?? ""
    Console.out("intact: \(verdict.records) records\(head)")
    if !verdict.anchored {
      Console.error("fabctl: audit: no copy of the head beside the journal to compare with")
    }
  }

  private func printJSON(_ verdict: AuditVerdict) {
    let document: ManifestValue = [
      "intact": .bool(verdict.isIntact), "records": .integer(verdict.records),
      "head": verdict.head.map { .string($0.description) } ?? .null, "anchored": .bool(verdict.anchored),
      "faults": .array(
        verdict.faults.map { ["row": .integer($0.row), "message": .string($0.description)] }),
    ]
    Console.out(document.json().withoutFinalLineBreak)
  }
}

/// A journal that no source names: an operator's, or a copy.
struct JournalOption: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "A journal's folder instead of a source: an operator's --state-dir, or a copy of it.",
      valueName: "folder"),
    completion: .directory)
  var journal: String?
}

/// The journal whose audit is meant.
private struct AuditedJournal {
  /// `nil`: nothing has been recorded yet.
  let reader: JournalReader?
  let nothingYet: String

  init(_ source: SourceOptions, _ option: JournalOption) throws {
    guard let folder = option.journal else {
      let choice = try source.auditedChoice()
      reader = try SetJournal.reader(choice)
      nothingYet = SetJournal.nothingYet(choice)
      return
    }
    do throws(JournalProblem) {
      reader = try JournalReader(JournalLocation(directory: folder))
      nothingYet = ""
    } catch {
      throw SetJournal.failure(error)
    }
  }
}

extension SourceOptions {
  /// The audit is the chain of one process, in its own journal: a cluster's stays with the operator.
  fileprivate func auditedChoice() throws -> SourceChoice {
    guard case .cluster(let choices) = try target() else { return try choice() }
    throw CommandFailure(
      .usage,
      "fabctl: the audit of \(choices.map(\.name).joined(separator: ", ")) is in the journal on its operator's "
        + "volume, and no API serves it: copy the journal and say --journal FOLDER (docs/how-to/look-back.md), or "
        + "see `fabctl history NAME` and `kubectl get events --field-selector involvedObject.kind=IndustrialPLC`"
    )
  }
}
