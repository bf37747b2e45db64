import ArgumentParser
import Control
import Fleet
import Journal
import Manifest

struct HistoryCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "history",
    abstract: "What happened to a device: states and events, or the values of a register, from the journal.",
    discussion: """
      Reads the journal only; no device is asked. Oldest first. In a cluster it is the journal of the operator, asked for
      through the API server or at --operator-url, and the events that the API server still has.
      """, aliases: ["log"])

  enum Format: String, ExpressibleByArgument, CaseIterable { case table, json, yaml }

  @Argument(help: "The device, `name` or `namespace/name`.", completion: .deviceNames)
  var name: String

  @OptionGroup var source: SourceOptions
  @OptionGroup var past: PastOptions
  @OptionGroup var operators: OperatorOptions

  @Option(help: ArgumentHelp("Values of this register instead of events.", valueName: "name"))
  var register: String?

  @Option(help: "At most so many lines, the newest, 1 to 100000.")
  var limit: Int = 100

  @Option(name: .shortAndLong, help: "Output format: table, json or yaml.")
  var output: Format = .table

  @Flag(help: "Leave the header line out.")
  var noHeaders = false

  func validate() throws {
    guard (1...100_000).contains(limit) else {
      throw ValidationError("--limit \(limit) is outside 1...100000")
    }
  }

  func run() async throws {
    let now = DashboardRuntime.now()
    switch try source.target() {
    case .cluster(let choices):
      let query = query(JournalNames.device(name), now)
      let found = try await ClusterHistory(choices: choices, operators: operators).read(name, query)
      let table =
        register == nil ? happenings(ClusterHistory.entries(found, query)) : values(found.past.samples)
      show(table, of: "\(found.past.device)")
    case .local(let choice):
      try operators.refuse()
      guard let reader = try SetJournal.reader(choice) else {
        return Console.error(SetJournal.nothingYet(choice))
      }
      let device = JournalNames.device(name)
      do throws(JournalProblem) {
        show(try await recorded(reader, device, now), of: "\(device)")
      } catch {
        throw SetJournal.failure(error)
      }
    }
  }

  private func show(_ table: RecordTable, of device: String) {
    if table.rows.isEmpty { Console.error("fabctl: nothing recorded for \(device) in this time") }
    table.print(output, withHeader: !noHeaders)
  }

  private func query(_ device: DeviceID, _ now: WallTime) -> HistoryQuery {
    HistoryQuery(
      devices: [device], register: register, from: past.beginning(now: now) ?? now + .seconds(-86_400 * 30),
      to: past.to?.time ?? now, maxPoints: limit)
  }

  private func recorded(
    _ reader: JournalReader, _ device: DeviceID, _ now: WallTime
  ) async throws(JournalProblem) -> RecordTable {
    let period = query(device, now)
    let found = try await reader.history(period).first
    guard register == nil else { return values(found?.samples ?? []) }
    let events = try await reader.events(
      EventQuery(device: device, from: past.beginning(now: now), to: past.to?.time, limit: limit))
    let entries = events.map {
      Entry(at: $0.at, kind: "event", register: $0.register, what: $0.reason, message: $0.message)
    }
    return happenings(entries + Entry.changes(found?.states ?? [], since: period.from))
  }

  private func values(_ samples: [DeviceHistory.Sample]) -> RecordTable {
    var table = RecordTable(columns: ["TIME", "MIN", "MEAN", "MAX"])
    table.rows = samples.suffix(limit).map {
      [.string($0.at.rfc3339), .real($0.minimum), .real($0.mean), .real($0.maximum)]
    }
    return table
  }

  /// Something that happened.
  struct Entry {
    var at: WallTime
    /// `event` or `state`.
    var kind: String
    var register: String?
    var what: String
    var message: String

    /// The first of `states` may only tell what was so when the period began.
    static func changes(_ states: [DeviceHistory.StateChange], since begin: WallTime) -> [Entry] {
      states.filter { $0.at > begin }.map { change in
        Entry(
          at: change.at, kind: "state", what: change.status?.rawValue ?? "Unknown",
          message: change.status == nil ? "not watched" : "")
      }
    }
  }

  private func happenings(_ entries: [Entry]) -> RecordTable {
    let ordered = entries.sorted { $0.at == $1.at ? $0.kind < $1.kind : $0.at < $1.at }
    var table = RecordTable(columns: ["TIME", "KIND", "REASON", "REGISTER", "MESSAGE"])
    table.rows = ordered.suffix(limit).map { entry in
      [
        .string(entry.at.rfc3339), .string(entry.kind), .string(entry.what),
        entry.register.map(ManifestValue.string) ?? .null, .string(entry.message),
      ]
    }
    return table
  }
}

/// Rows that are printed as a table for people or as objects for programs.
struct RecordTable {
  /// As the table heads them; objects have them in lower case.
  var columns: [String]
  var rows: [[ManifestValue]] = []

  init(columns: [String]) { self.columns = columns }

  func print(_ format: HistoryCommand.Format, withHeader: Bool) {
    switch format {
    case .json: Console.out(document.json().withoutFinalLineBreak)
    case .yaml: Console.out(document.yaml().withoutFinalLineBreak)
    case .table:
      guard !rows.isEmpty else { return }
      var table = TextTable(header: columns)
      table.rows = rows.map { $0.map { Console.visible(Self.cell($0)) } }
      for line in table.lines(withHeader: withHeader) { Console.out(line) }
    }
  }

  private var document: ManifestValue {
    .array(
      rows.map { row in
        .object(
          zip(columns, row).compactMap { name, value in
            value == .null ? nil : .init(Self.member(name), value)
          })
      })
  }

  /// `ORDER-NUMBER` → `orderNumber`.
  private static func member(_ column: String) -> String {
    let words = column.lowercased().split(separator: "-")
    return words.enumerated()
      .map {
        $0.offset == 0 ? String($0.element) : $0.element.prefix(1).uppercased() + $0.element.dropFirst()
      }
      .joined()
  }

  private static func cell(_ value: ManifestValue) -> String {
    switch value {
    case .null: "-"
    case .string(let text): text.isEmpty ? "-" : text
    default: value.json(pretty: false)
    }
  }
}

/// How the journal's readers are asked for by name.
enum JournalNames {
  static func device(_ text: String) -> DeviceID {
    let text = DeviceSelection.withoutKind(text)
    let parts = text.split(separator: "/", maxSplits: 1).map(String.init)
    return parts.count == 2 ? DeviceID(namespace: parts[0], name: parts[1]) : DeviceID(name: text)
  }
}
