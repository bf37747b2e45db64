import Control

/// The fields of `spec.correction`.
enum CorrectionFields {
  static let correction = ObjectRule(fields: [
    FieldRule(
      name: "confirmReads", kind: .integer(1...100), fallback: 1, isDefaultedByServer: true,
      description: "Consecutive reads that must see a drift before it counts."),
    FieldRule(
      name: "maxWritesPerHour", kind: .integer(1...3600), fallback: 60, isDefaultedByServer: true,
      description: "Write budget of each register."),
    FieldRule(
      name: "writeEndurance", kind: .integer(1...1_000_000_000_000),
      description: "Writes that each register's memory is made for (EEPROM: often 100000). None beyond it."),
    FieldRule(
      name: "contestedAfter", kind: .integer(1...100), fallback: 3, isDefaultedByServer: true,
      description: "Corrections undone by something else before writing stops."),
    FieldRule(
      name: "contestedWithinSecs", kind: .integer(1...86_400), fallback: 60, isDefaultedByServer: true,
      description: "Seconds within which contestedAfter counts."),
    FieldRule(
      name: "permit", kind: .object(permit),
      description: "Interlock: corrections only while this register, read in the same cycle, is so."),
    FieldRule(
      name: "windows", kind: .list(.object(window), count: 0...32),
      description: "Corrections only inside these. Absent or empty: always."),
  ])

  static let permit = ObjectRule(fields: [
    FieldRule(
      name: "address", kind: .integer(0...465_536), isRequired: true,
      description: "Address within the table, counted as spec.addressBase says."),
    FieldRule(
      name: "table", kind: .choice(RegisterTable.allCases.map(\.rawValue)), fallback: "holding",
      isDefaultedByServer: true, description: "Modbus table of the permit register."),
    FieldRule(
      name: "equals", kind: .integer(0...65_535), isRequired: true,
      description: "Raw value that permits; 0 or 1 in coil and discrete."),
  ])

  static let window = ObjectRule(fields: [
    FieldRule(
      name: "schedule", kind: .text(TextFormat(maxLength: 100, minLength: 1)), isRequired: true,
      description: "When the window opens: minute hour day-of-month month day-of-week, as cron has it."),
    FieldRule(
      name: "durationMins", kind: .integer(1...10_080), isRequired: true,
      description: "Minutes the window stays open."),
    FieldRule(
      name: "timeZone", kind: .text(TextFormat(maxLength: 64, minLength: 1)), fallback: "UTC",
      isDefaultedByServer: true, description: "IANA time zone of the schedule, such as Europe/Berlin."),
  ])
}
