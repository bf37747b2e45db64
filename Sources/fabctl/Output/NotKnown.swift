import Control
import Fleet

/// What cannot be compared with what is desired, of devices that can be reached: such a register is never in sync.
enum NotKnown {
  /// One line for each register with a desired value that was not read, or for a device that is not understood at all.
  static func lines(_ device: DeviceSnapshot) -> [String] {
    let view = device.view
    guard view.status != .unreachable else { return [] }
    if isNotUnderstood(device) { return ["\(device.id): not known: \(view.message)"] }
    return registers(view).map { "\(device.id) \($0.spec.name): not known: \(why($0, view))" }
  }

  /// Its specification does not validate, or clashes with another's: what is known of it does not count. That a device
  /// refuses a register is told of the register.
  static func isNotUnderstood(_ device: DeviceSnapshot) -> Bool {
    device.view.status == .invalid && device.view.registers.allSatisfy { $0.exception == nil }
  }

  static func registers(_ view: DeviceView) -> [RegisterView] {
    view.registers.filter { $0.spec.desired != nil && ($0.inSync == nil || $0.exception != nil) }
  }

  private static func why(_ register: RegisterView, _ view: DeviceView) -> String {
    if let exception = register.exception {
      return "the device refuses to give it (exception \(exceptionText(exception)))"
    }
    return view.message.isEmpty ? "not read yet" : view.message
  }
}
