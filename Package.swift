// swift-tools-version: 6.2
import PackageDescription

// Arrows between targets go down only (docs/architecture.md). SwiftPM itself would let any target import what
// another one depends on; Tests/ArchitectureTests reads the `import` lines and fails on any other arrow.

/// Warnings are errors in CI, and only there: a newer compiler must not break a user's build.
let warningsAreErrors = Context.environment["FABGITOPS_WARNINGS_AS_ERRORS"] == "1"

let strict: [SwiftSetting] =
  [.swiftLanguageMode(.v6), .enableUpcomingFeature("ExistentialAny")]
  + (warningsAreErrors ? [.treatAllWarnings(as: .error)] : [])

func library(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
  .target(name: name, dependencies: dependencies, swiftSettings: strict)
}

func program(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
  .executableTarget(name: name, dependencies: dependencies, swiftSettings: strict)
}

func tests(_ name: String, _ dependencies: [Target.Dependency], exclude: [String] = []) -> Target {
  .testTarget(name: name, dependencies: dependencies, exclude: exclude, swiftSettings: strict)
}

func nio(_ product: String) -> Target.Dependency { .product(name: product, package: "swift-nio") }

let argumentParser: Target.Dependency = .product(name: "ArgumentParser", package: "swift-argument-parser")
let asyncHTTPClient: Target.Dependency = .product(name: "AsyncHTTPClient", package: "async-http-client")
let crypto: Target.Dependency = .product(name: "Crypto", package: "swift-crypto")
let coreMetrics: Target.Dependency = .product(name: "CoreMetrics", package: "swift-metrics")
let grdb: Target.Dependency = .product(name: "GRDB", package: "GRDB.swift")
let hummingbirdCore: Target.Dependency = .product(name: "HummingbirdCore", package: "hummingbird")
let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")
let metrics: Target.Dependency = .product(name: "Metrics", package: "swift-metrics")
let nioSSL: Target.Dependency = .product(name: "NIOSSL", package: "swift-nio-ssl")
let swiftASN1: Target.Dependency = .product(name: "SwiftASN1", package: "swift-asn1")
let yams: Target.Dependency = .product(name: "Yams", package: "Yams")

let package = Package(
  name: "fabgitops",
  products: [
    .executable(name: "fabctl", targets: ["fabctl"]),
    .executable(name: "fabgitops-operator", targets: ["fabgitops-operator"]),
    .executable(name: "mock-plc", targets: ["mock-plc"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
    .package(url: "https://github.com/apple/swift-asn1", exact: "1.7.4"),
    .package(url: "https://github.com/apple/swift-crypto", exact: "4.5.2"),
    .package(url: "https://github.com/apple/swift-log", exact: "1.16.2"),
    .package(url: "https://github.com/apple/swift-metrics", exact: "2.13.0"),
    .package(url: "https://github.com/apple/swift-nio", exact: "2.101.2"),
    .package(url: "https://github.com/apple/swift-nio-ssl", exact: "2.37.6"),
    .package(url: "https://github.com/groue/GRDB.swift", exact: "7.10.0"),
    .package(url: "https://github.com/hummingbird-project/hummingbird", exact: "2.28.1"),
    .package(url: "https://github.com/jpsim/Yams", exact: "6.2.2"),
    .package(url: "https://github.com/swift-server/async-http-client", exact: "1.37.0"),
  ],
  targets: [
    // What decides.
    library("Control"),
    library("Fleet", ["Control"]),
    library("Manifest", ["Control", yams]),

    // What reaches the world.
    library("Modbus", [nio("NIOCore"), nio("NIOPosix"), nio("NIOTLS"), nioSSL, swiftASN1]),
    .target(name: "CFileTrace"),
    library("Journal", ["CFileTrace", "Control", "Fleet", grdb, crypto]),
    .target(name: "CSpawn"),
    library("ChildProcesses", ["CSpawn"]),
    library("GitSource", ["CFileTrace", "ChildProcesses", "Control", "Fleet", "Manifest", logging]),
    library(
      "LocalEngine",
      ["Control", "Fleet", "GitSource", "Journal", "Manifest", "Modbus", logging, metrics, nio("NIOPosix")]),
    library(
      "Kubernetes",
      [
        "ChildProcesses", asyncHTTPClient, logging, yams, nio("NIOCore"), nio("NIOPosix"), nio("NIOHTTP1"),
        nio("NIOFoundationCompat"), nioSSL,
      ]),
    library(
      "Cluster",
      [
        "Control", "Fleet", "Kubernetes", "LocalEngine", "Manifest", asyncHTTPClient, logging, metrics,
        nio("NIOCore"), nio("NIOHTTP1"), nio("NIOPosix"), nioSSL,
      ]),
    library("MockPLC", ["Modbus", yams, nio("NIOCore"), nio("NIOPosix")]),

    // What is seen.
    library("Terminal"),
    .target(
      name: "CNcurses", linkerSettings: [.linkedLibrary("ncursesw"), .linkedLibrary("tinfo")]),
    library("NcursesTerminal", ["CNcurses", "Terminal"]),
    library("ThemeFiles", ["Terminal", yams]),
    library("Dashboard", ["Control", "Fleet", "Terminal"]),

    .target(name: "CZlib", linkerSettings: [.linkedLibrary("z")]),
    library(
      "Observability",
      [
        "CZlib", "Control", "Fleet", coreMetrics, hummingbirdCore, logging, metrics, nio("NIOCore"),
        nio("NIOPosix"),
      ]),
    library("Simulation", ["Control", "Modbus", nio("NIOCore")]),

    // Linked into programs: for systems with no /proc, few descriptors or little memory.
    .target(name: "CBareSystem"),

    // Programs: command line and composition only.
    program(
      "fabctl",
      [
        "CBareSystem", "Cluster", "Control", "Dashboard", "Fleet", "GitSource", "Journal", "Kubernetes",
        "LocalEngine",
        "Manifest", "MockPLC", "Modbus", "NcursesTerminal", "Observability", "Terminal", "ThemeFiles",
        argumentParser, logging,
        metrics,
        nio("NIOPosix"),
      ]),
    program(
      "fabgitops-operator",
      [
        "CBareSystem", "Cluster", "Control", "Fleet", "Kubernetes", "LocalEngine", "Observability",
        argumentParser,
        logging, metrics, nio("NIOPosix"),
      ]),
    program("fabsim", ["Control", "Modbus", "Simulation", argumentParser]),
    program("mock-plc", ["CBareSystem", "MockPLC", "Modbus", argumentParser, nio("NIOPosix")]),

    // What parts of the engine cost by themselves; for Benchmarks/run, not shipped.
    .executableTarget(
      name: "benchmark-units", dependencies: ["Control", "Modbus", nio("NIOCore"), nio("NIOPosix")],
      path: "Benchmarks/units", swiftSettings: strict),

    // Tests.
    .target(
      name: "EnvTest", dependencies: ["Kubernetes", asyncHTTPClient, nio("NIOCore")], path: "Tests/EnvTest",
      swiftSettings: strict),
    tests("ArchitectureTests", []),
    tests(
      "ClusterTests",
      [
        "Cluster", "Control", "EnvTest", "Fleet", "Kubernetes", "LocalEngine", "Manifest", "MockPLC",
        "Observability", asyncHTTPClient, logging, nio("NIOPosix"), nioSSL,
      ]),
    tests("ChildProcessesTests", ["ChildProcesses"]),
    tests("ControlTests", ["Control"]),
    tests("DashboardTests", ["Control", "Dashboard", "Fleet", "Terminal"], exclude: ["Goldens"]),
    tests("GitSourceTests", ["Control", "Fleet", "GitSource", "Manifest", logging]),
    tests("JournalTests", ["Control", "Fleet", "Journal", grdb]),
    tests("KubernetesTests", ["EnvTest", "Kubernetes", nio("NIOPosix"), nio("NIOHTTP1"), nioSSL]),
    tests(
      "LocalEngineTests",
      [
        "Control", "Fleet", "Journal", "LocalEngine", "Manifest", "MockPLC", "Modbus", logging,
        nio("NIOCore"),
        nio("NIOEmbedded"), nio("NIOPosix"),
      ]),
    tests("ManifestTests", ["Control", "Manifest"], exclude: ["Goldens", "Samples", "Wrong"]),
    tests("MockPLCTests", ["MockPLC", "Modbus", nio("NIOPosix")], exclude: ["Goldens"]),
    tests("ModbusTests", ["Control", "Modbus", nio("NIOPosix")]),
    tests("NcursesTerminalTests", ["NcursesTerminal", "Terminal"]),
    tests(
      "ObservabilityTests",
      [
        "CZlib", "Control", "Fleet", "Observability", coreMetrics, logging, nio("NIOEmbedded"),
        nio("NIOPosix"),
      ],
      exclude: ["Golden"]),
    tests("SimulationTests", ["Control", "Modbus", "Simulation"]),
    tests("TerminalTests", ["Terminal"]),
    tests("ThemeFilesTests", ["Terminal", "ThemeFiles"]),
  ]
)
