import Control
import Terminal
import ThemeFiles

@testable import Contexts
@testable import Manifest

/// A manifest: whatever is said about it is one fit line; what is valid survives being written and read again, and
/// its values can be edited in place.
func fuzzManifest(_ bytes: [UInt8]) {
  let file = ManifestFile(name: "f.yaml", contents: bytes, isExplicit: true)
  let reading = ManifestReader.read([file])
  for diagnostic in reading.diagnostics { requireFit(diagnostic.description) }
  guard reading.isValid else { return }
  for device in reading.devices {
    let yaml = ManifestEncoder.yaml(device.spec)
    let again = ManifestReader.read([ManifestFile(name: "g.yaml", contents: Array(yaml.utf8))])
    require(again.devices.map(\.spec) == [device.spec], "a device does not survive the trip:\n\(yaml)")
    let json = ManifestEncoder.document(device.spec).json()
    let fromJSON = ManifestReader.read([ManifestFile(name: "g.json", contents: Array(json.utf8))])
    require(fromJSON.devices.map(\.spec) == [device.spec], "a device does not survive JSON:\n\(json)")
    for register in device.spec.registers {
      guard let desired = register.desired else { continue }
      fuzzEdit(file, device.id, register.name, desired)
    }
  }
}

/// Puts the same value again: every other byte of meaning stays.
private func fuzzEdit(_ file: ManifestFile, _ device: DeviceID, _ register: String, _ value: RegisterValue) {
  do throws(ManifestEditor.Failure) {
    _ = try ManifestEditor.apply([.init(device: device, register: register, value: value)], to: file)
  } catch {
    requireFit(error.description)
  }
}

/// A schedule and two times. The next opening is later than the time asked for, and is one.
func fuzzCron(_ bytes: UnsafeRawBufferPointer) {
  guard bytes.count > 6 else { return }
  let minutes = bytes[0..<4].reduce(Int64(0)) { $0 << 8 | Int64($1) }
  let duration = 1 + Int(bytes[4]) * 6 + Int(bytes[5])
  let words = text(bytes[6...].prefix(120))
  do throws(CronProblem) {
    let schedule = try CronSchedule(parsing: words)
    let window = CorrectionWindow(schedule: schedule, durationMinutes: duration, zone: .utc)
    let now = WallTime(milliseconds: minutes * 60_000)
    _ = window.isOpen(at: now)
    guard let next = window.nextOpening(after: now) else { return }
    require(next > now, "the next opening is not later")
    require(window.isOpen(at: next), "the next opening is none")
  } catch {
    require(error.position >= 0 && error.position <= words.count, "a place outside of the text")
  }
}

/// The file of contexts: what it says survives being written and read again.
func fuzzContexts(_ text: String) {
  do throws(ContextFile.Problem) {
    let file = try ContextFile(parsing: text)
    let again = try? ContextFile(parsing: file.yaml)
    require(again == file, "contexts do not survive the trip:\n\(file)\n\(file.yaml)")
  } catch {
    require(error.line >= 0, "a line below 0")
    requireFit(Console.visible(error.message), lines: true)
  }
}

func fuzzTheme(_ text: String) {
  do throws(ThemeError) {
    _ = try ThemeFile.parse(text, file: "t.yaml")
  } catch {
    requireFit(error.description, lines: true)
  }
}

func fuzzPreferences(_ text: String) {
  let words = PreferenceWords(
    sorts: ["name", "status", "age"], columns: ["name", "device", "desired", "actual"], spans: ["15m", "1h"],
    actions: ["quit", "sync", "hold", "filter"])
  let (_, problems) = PreferencesFile.parse(text, file: "p.yaml", words)
  for problem in problems { requireFit(problem.description) }
}
