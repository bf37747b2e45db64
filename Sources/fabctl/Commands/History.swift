import ArgumentParser
import Control
import Fleet
import Journal
import Manifest

struct HistoryCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "history",
    abstract: "What happened to a device: states and events, or the values of a register, from the journal.",
    discussion: "Reads the journal only; no device is asked. Oldest first.", aliases: ["log"])

  enum Format: String, ExpressibleByArgument, CaseIterable { case table, json, yaml }

  @Argument(help: "The device, `name` or `namespace/name`.", completion: .deviceNames)
  var name: String

  @OptionGroup var source: SourceOptions
  @OptionGroup var past: PastOptions

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
    let choice = try source.choice()
    guard let reader = try SetJournal.reader(choice) else {
      return Console.error(SetJournal.nothingYet(choice))
    }
    let device = JournalNames.device(name)
    let now = DashboardRuntime.now()
    do throws(JournalProblem) {
      let table: RecordTable
      if let register {
        table = try await values(reader, device, register, now)
      } else {
        table = try await happenings(reader, device, now)
      }
      if table.rows.isEmpty { Console.error("fabctl: nothing recorded for \(device) in this time") }
      table.print(output, withHeader: !noHeaders)
    } catch {
      throw SetJournal.failure(error)
    }
  }

  private func query(_ device: DeviceID, _ register: String?, _ now: WallTime) -> HistoryQuery {
    HistoryQuery(
      devices: [device], register: register, from: past.beginning(now: now) ?? now + .seconds(-86_400 * 30),
      to: past.to?.time ?? now, maxPoints: limit)
  }

  private func values(
    _ reader: JournalReader, _ device: DeviceID, _ register: String, _ now: WallTime
  ) async throws(JournalProblem) -> RecordTable {
    let found = try await reader.history(query(device, register, now)).first?.samples ?? []
    var table = RecordTable(columns: ["TIME", "MIN", "MEAN", "MAX"])
    table.rows = found.suffix(limit).map {
      [.string($0.at.rfc3339), .real($0.minimum), .real($0.mean), .real($0.maximum)]
    }
    return table
  }

  private func happenings(
    _ reader: JournalReader, _ device: DeviceID, _ now: WallTime
  ) async throws(JournalProblem) -> RecordTable {
    let events = try await reader.events(
      EventQuery(device: device, from: past.beginning(now: now), to: past.to?.time, limit: limit))
    let period = query(device, nil, now)
    let states = try await reader.history(period).first?.states ?? []
    // The first one may only tell what was so when the period began.
    let changes = states.filter { $0.at > period.from }
    var entries: [(at: WallTime, kind: String, register: String?, what: String, message: String)] =
      events.map { ($0.at, "event", $0.register, $0.reason, $0.message) }
    entries += changes.map { change in
      (
        change.at, "state", nil, change.status?.rawValue ?? "Unknown",
        change.status == nil ? "not watched" : ""
      )
    }
    entries.sort { $0.at == $1.at ? $0.kind < $1.kind : $0.at < $1.at }
    var table = RecordTable(columns: ["TIME", "KIND", "REASON", "REGISTER", "MESSAGE"])
    table.rows = entries.suffix(limit).map { entry in
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
