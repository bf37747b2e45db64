import Control
import Metrics
import Modbus

/// Counts and times the Modbus requests of an engine, through swift-metrics. Confined to the engine's loop.
///
/// The labels are words of this program and never of a device: what comes over the wire cannot add series.
final class RequestMeter {
  /// Exceptions of the specification by a short word; any other code is `exception_other`.
  private static let exceptions: [ModbusException: String] = [
    .illegalFunction: "illegal_function", .illegalDataAddress: "illegal_data_address",
    .illegalDataValue: "illegal_data_value", .serverDeviceFailure: "server_device_failure",
    .acknowledge: "acknowledge", .busy: "busy", .negativeAcknowledge: "negative_acknowledge",
    .memoryParityError: "memory_parity_error", .gatewayPathUnavailable: "gateway_path_unavailable",
    .gatewayTargetFailedToRespond: "gateway_target_failed_to_respond",
  ]

  private var durations: [FunctionCode: Timer] = [:]
  private let wire: [WireProblem.Kind: Counter]
  private let refused: [ModbusException: Counter]
  private let other = RequestMeter.counter("exception_other")
  private let notSent = RequestMeter.counter("not_sent")

  init() {
    wire = Dictionary(
      uniqueKeysWithValues: WireProblem.Kind.allCases.map { ($0, Self.counter($0.word)) })
    refused = Self.exceptions.mapValues(Self.counter)
  }

  /// A request and how it ended; `nanoseconds` from handing it to the connection to the answer, the wait for
  /// requests of other units behind the same address included.
  func finished(
    _ function: FunctionCode, after nanoseconds: Int64, _ outcome: Result<ModbusResponse, RequestFailure>
  ) {
    timer(function).recordNanoseconds(max(0, nanoseconds))
    guard case .failure(let failure) = outcome else { return }
    switch failure {
    case .wire(let failure): connectionFailed(WireProblem(failure))
    case .refused(let refusal): (refused[refusal.exception] ?? other).increment()
    case .notSent: notSent.increment()
    }
  }

  /// A connection could not be made, or went away.
  func connectionFailed(_ problem: WireProblem) { wire[problem.kind]?.increment() }

  private func timer(_ function: FunctionCode) -> Timer {
    if let known = durations[function] { return known }
    let made = Timer(
      label: "fabgitops_modbus_request_duration_seconds", dimensions: [("function", function.word)])
    durations[function] = made
    return made
  }

  private static func counter(_ kind: String) -> Counter {
    Counter(label: "fabgitops_modbus_errors_total", dimensions: [("kind", kind)])
  }
}

extension WireProblem.Kind {
  /// As label values are written.
  var word: String {
    switch self {
    case .badFrame: "bad_frame"
    default: rawValue
    }
  }
}

extension FunctionCode {
  /// `read_holding_registers`: the description with the spaces and strokes of people taken out.
  var word: String {
    String(description.map { $0 == " " || $0 == "/" ? "_" : $0 })
  }
}
