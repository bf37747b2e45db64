/// A small food plant: ten PLCs that live, and whose setpoints somebody keeps turning.
public enum DemoPlant {
  public static let plcs: [DemoPLC] = hotSide + coldSide + packing

  /// A fleet of the whole plant, in the order of ``plcs``, on free ports of the loopback.
  public static func configuration(seed: UInt64 = 1) -> FleetConfiguration {
    FleetConfiguration(plcs: plcs.map(\.device), seed: seed)
  }

  private static let tenths = ValueFormat(.int16, scale: 0.1)
  private static let hundredths = ValueFormat(.uint16, scale: 0.01)
  private static let float = ValueFormat(.float32)
  private static let swappedFloat = ValueFormat(.float32, order: .cdab)
  private static let counter = ValueFormat(.uint32)

  private static let hotSide: [DemoPLC] = [
    DemoPLC(
      "mixing-line-1", "mixer of the syrup line", zone: "a", area: "mixing", tags: ["production", "line-1"],
      product: "MX-200",
      registers: [
        .setpoint(
          "mixer-speed-setpoint", unit: "rpm", value: .integer(2500), tolerance: 5, in: 500...3000,
          chaosEvery: 23,
          by: 450),
        .measured(
          "mixer-speed", 0, unit: "rpm",
          FirstOrder(follows: "mixer-speed-setpoint", timeConstant: .seconds(3)).noisy(4)),
        .measured(
          "motor-current", 1, tenths, unit: "A",
          Sine(mean: 38, amplitude: 3.5, period: .seconds(45)).noisy(0.6)),
        .measured(
          "tank-level", 2, tenths, unit: "%",
          Ramp(from: 35, to: 92, period: .seconds(120), shape: .triangle).noisy(0.2)),
      ]),
    DemoPLC(
      "oven-zone-1", "tunnel oven, first zone", zone: "a", area: "baking", tags: ["production", "heat"],
      product: "OV-40",
      registers: [
        .setpoint(
          "zone1-setpoint", 4001, tenths, unit: "°C", value: .real(182.5), tolerance: 0.5, in: 20...230,
          chaosEvery: 41, by: 18),
        .measured(
          "zone1-temperature", 0, float, unit: "°C",
          FirstOrder(follows: "zone1-setpoint", timeConstant: .seconds(20), initial: 165).noisy(0.25)),
        .measured(
          "burner-output", 2, tenths, unit: "%",
          Sine(mean: 61, amplitude: 9, period: .seconds(75), phase: 0.3).noisy(1.2)),
      ]),
    DemoPLC(
      "oven-zone-2", "tunnel oven, second zone", zone: "a", area: "baking", tags: ["production", "heat"],
      product: "OV-40",
      registers: [
        .setpoint(
          "zone2-setpoint", 4001, tenths, unit: "°C", value: .real(205), tolerance: 0.5, in: 20...230,
          chaosEvery: 67, by: 15),
        .measured(
          "zone2-temperature", 0, float, unit: "°C",
          FirstOrder(follows: "zone2-setpoint", timeConstant: .seconds(26), initial: 190).noisy(0.3)),
      ]),
    DemoPLC(
      "boiler-1", "steam boiler", zone: "a", area: "utilities", tags: ["utilities", "steam"],
      pollIntervalSecs: 1,
      product: "BR-9",
      registers: [
        .setpoint(
          "steam-pressure-setpoint", 4001, hundredths, unit: "bar", value: .real(8.2), tolerance: 0.05,
          in: 4...10, chaosEvery: 53, by: 1.5),
        .measured(
          "steam-pressure", 0, hundredths, unit: "bar",
          FirstOrder(follows: "steam-pressure-setpoint", timeConstant: .seconds(9)).noisy(0.02)),
        .measured(
          "water-level", 1, tenths, unit: "%", Sine(mean: 64, amplitude: 5, period: .seconds(33)).noisy(0.4)),
      ]),
  ]

  private static let coldSide: [DemoPLC] = [
    DemoPLC(
      "pump-station-1", "process water pumps", zone: "b", area: "utilities", tags: ["utilities", "water"],
      product: "PS-3",
      registers: [
        .setpoint(
          "pressure-setpoint", 4001, hundredths, unit: "bar", value: .real(6.2), tolerance: 0.05, in: 2...9,
          chaosEvery: 31, by: 1.2),
        .setpoint(
          "standby-pump", 10, ValueFormat(.bool), table: .coil, value: .bool(true), chaosEvery: 97, by: 1),
        .measured(
          "pressure", 0, hundredths, unit: "bar",
          FirstOrder(follows: "pressure-setpoint", timeConstant: .seconds(4)).noisy(0.03)),
        .measured(
          "flow", 1, tenths, unit: "m³/h", Sine(mean: 42, amplitude: 6, period: .seconds(60)).noisy(0.5)),
      ]),
    DemoPLC(
      "chiller-1", "glycol chiller", zone: "b", area: "cooling", tags: ["utilities", "cold"],
      product: "CH-12",
      registers: [
        .setpoint(
          "supply-setpoint", 4001, tenths, unit: "°C", value: .real(-4), tolerance: 0.2, in: -10...8,
          chaosEvery: 47, by: 4),
        .measured(
          "supply-temperature", 0, tenths, unit: "°C",
          FirstOrder(follows: "supply-setpoint", timeConstant: .seconds(15), initial: 1).noisy(0.1)),
        .measured(
          "compressor-current", 1, tenths, unit: "A",
          Sine(mean: 71, amplitude: 6, period: .seconds(52), phase: 0.6).noisy(1)),
      ]),
    DemoPLC(
      "ph-dosing-1", "waste water neutralisation", zone: "b", area: "waste-water", tags: ["environment"],
      pollIntervalSecs: 5, product: "PD-1",
      registers: [
        .setpoint(
          "ph-setpoint", 4001, hundredths, unit: "pH", value: .real(7.2), tolerance: 0.05, in: 6...9,
          chaosEvery: 79, by: 0.8),
        .measured(
          "ph", 0, hundredths, unit: "pH",
          FirstOrder(follows: "ph-setpoint", timeConstant: .seconds(12)).noisy(0.04)),
        .measured("acid-flow", 1, tenths, unit: "l/h", Noise(mean: 12, deviation: 1.5, every: .seconds(2))),
      ]),
  ]

  private static let packing: [DemoPLC] = [
    DemoPLC(
      "filler-1", "bottle filler", zone: "c", area: "packing", tags: ["production", "line-1"],
      pollIntervalSecs: 1, product: "FL-24",
      registers: [
        .setpoint(
          "fill-volume-setpoint", 4001, swappedFloat, unit: "l", value: .real(0.33), tolerance: 0.001,
          in: 0.2...0.5, chaosEvery: 37, by: 0.02),
        .measured(
          "fill-volume", 0, swappedFloat, unit: "l",
          FirstOrder(follows: "fill-volume-setpoint", timeConstant: .seconds(2)).noisy(0.0006)),
        .measured(
          "bottles", 2, counter, unit: "", Ramp(from: 0, to: 960_000, period: .seconds(144_000))),
        .text("product", 4100, words: 8, "LEMONADE-330"),
      ]),
    DemoPLC(
      "conveyor-1", "conveyor to the packer", zone: "c", area: "packing", tags: ["production", "line-1"],
      autoCorrect: false, product: "CV-2",
      registers: [
        .setpoint(
          "belt-speed-setpoint", 4001, ValueFormat(.uint16, scale: 0.001), unit: "m/s", value: .real(0.85),
          tolerance: 0.005, in: 0.1...1.5, chaosEvery: 29, by: 0.25),
        .measured(
          "belt-speed", 0, ValueFormat(.uint16, scale: 0.001), unit: "m/s",
          FirstOrder(follows: "belt-speed-setpoint", timeConstant: .seconds(2)).noisy(0.004)),
        .measured(
          "drive-temperature", 1, tenths, unit: "°C",
          Sine(mean: 54, amplitude: 4, period: .seconds(180)).noisy(0.2)),
      ]),
    DemoPLC(
      "palletizer-1", "palletizer", zone: "c", area: "packing", tags: ["logistics"], pollIntervalSecs: 5,
      product: "PZ-7",
      registers: [
        .setpoint(
          "layers-per-pallet", 4001, value: .integer(6), in: 1...8, chaosEvery: 113, by: 2),
        .measured(
          "cycle-time", 0, tenths, unit: "s", Noise(mean: 9.4, deviation: 0.4, every: .seconds(5))),
      ]),
  ]
}
