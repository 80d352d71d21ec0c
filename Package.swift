// swift-tools-version: 6.2
import PackageDescription

// Every import says what it needs and whom it shows it to:
// https://github.com/swiftlang/swift-evolution/blob/main/proposals/0335-existential-any.md
// https://github.com/swiftlang/swift-evolution/blob/main/proposals/0409-access-level-on-imports.md
// https://github.com/swiftlang/swift-evolution/blob/main/proposals/0444-member-import-visibility.md
let swift: [SwiftSetting] = [
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .treatAllWarnings(as: .error),
]
// `#embed` (C23) finds the templates and compose files from the package's top folder.
let c: [CSetting] = [.treatAllWarnings(as: .error)]

let argumentParser = Target.Dependency.product(
  name: "ArgumentParser", package: "swift-argument-parser")
let asyncHTTPClient = Target.Dependency.product(
  name: "AsyncHTTPClient", package: "async-http-client")
let customDump = Target.Dependency.product(name: "CustomDump", package: "swift-custom-dump")
let hummingbird = Target.Dependency.product(name: "Hummingbird", package: "hummingbird")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let nioSSL = Target.Dependency.product(name: "NIOSSL", package: "swift-nio-ssl")
let subprocess = Target.Dependency.product(name: "Subprocess", package: "swift-subprocess")
let system = Target.Dependency.product(name: "SystemPackage", package: "swift-system")

func nio(_ names: String...) -> [Target.Dependency] {
  names.map { .product(name: $0, package: "swift-nio") }
}

let package = Package(
  name: "ccl-setup",
  platforms: [.macOS(.v15)],
  products: [.executable(name: "ccl-setup", targets: ["ccl-setup"])],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
    .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
    .package(
      url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1", traits: []),
    .package(url: "https://github.com/apple/swift-system", from: "1.8.1"),
    .package(url: "https://github.com/pointfreeco/swift-custom-dump", from: "1.7.3"),
    .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
    .package(
      url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.2", traits: []),
  ],
  targets: [
    .systemLibrary(
      name: "CLibEdit", providers: [.apt(["libedit-dev"]), .brew(["libedit"])]),
    .target(
      name: "CLineEditor", dependencies: ["CLibEdit"], cSettings: c,
      linkerSettings: [.linkedLibrary("edit")]),
    .target(name: "LineEditor", dependencies: ["CLineEditor"], swiftSettings: swift),
    .target(name: "CAssets", cSettings: c),
    .target(name: "Assets", dependencies: ["CAssets"], swiftSettings: swift),
    .target(
      name: "CDigest", cSettings: c,
      linkerSettings: [.linkedLibrary("md", .when(platforms: [.linux]))]),
    .target(name: "Setup", dependencies: ["Assets", "CDigest", system], swiftSettings: swift),
    .target(name: "Conversation", dependencies: ["Setup"], swiftSettings: swift),
    .target(name: "CFileAttributes", cSettings: c),
    .target(
      name: "Live",
      dependencies: ["CFileAttributes", "Setup", subprocess, asyncHTTPClient, nioSSL, system]
        + nio("NIOCore", "NIOHTTP1", "NIOPosix"),
      swiftSettings: swift),
    .target(name: "CProxyPage", cSettings: c),
    .target(name: "CScan", cSettings: c),
    .target(name: "CKernel", cSettings: c),
    .target(
      name: "Proxy",
      dependencies: ["CKernel", "CProxyPage", "CScan", nioSSL]
        + nio("NIOCore", "NIOPosix", "NIOTLS"),
      swiftSettings: swift),
    .target(
      name: "Rehearsal", dependencies: [asyncHTTPClient, hummingbird, logging] + nio("NIOCore"),
      swiftSettings: swift),
    .target(
      name: "Commands",
      dependencies: [
        "Conversation", "LineEditor", "Live", "Proxy", "Rehearsal", "Setup", argumentParser,
        system,
      ],
      swiftSettings: swift),
    .executableTarget(name: "ccl-setup", dependencies: ["Commands"], swiftSettings: swift),

    .target(name: "CSupport", path: "Tests/CSupport", cSettings: c),
    .target(
      name: "Support",
      dependencies: ["CSupport", "Setup", customDump, system]
        + nio("NIOCore", "NIOHTTP1", "NIOPosix"),
      path: "Tests/Support",
      swiftSettings: swift),
    // Also built by the package in Fuzz, for libFuzzer.
    .target(
      name: "Fuzzed", dependencies: ["Setup", system], path: "Fuzz/Sources/Fuzzed",
      swiftSettings: swift),
    .executableTarget(
      name: "line-editor-probe", dependencies: ["LineEditor"], path: "Tests/LineEditorProbe",
      swiftSettings: swift),
    .testTarget(
      name: "AssetsTests", dependencies: ["Assets", "Setup", "Support", system],
      swiftSettings: swift),
    .testTarget(
      name: "ConversationTests", dependencies: ["Conversation", "Setup", "Support", system],
      swiftSettings: swift),
    .testTarget(
      name: "EndToEndTests",
      dependencies: ["Setup", "Support", system] + nio("NIOCore", "NIOHTTP1", "NIOPosix"),
      path: "Tests/EndToEnd", swiftSettings: swift),
    .testTarget(
      name: "LineEditorTests",
      dependencies: ["LineEditor", "Setup", "Support", "line-editor-probe", system],
      swiftSettings: swift),
    .testTarget(
      name: "LiveTests",
      dependencies: ["CSupport", "Live", "Setup", "Support", system]
        + nio("NIOCore", "NIOPosix"),
      swiftSettings: swift),
    .testTarget(
      name: "ProxyTests",
      dependencies: ["CScan", "CSupport", "Proxy", "Support", nioSSL]
        + nio("NIOCore", "NIOPosix"),
      swiftSettings: swift),
    .testTarget(
      name: "RehearsalTests", dependencies: ["Rehearsal"] + nio("NIOCore", "NIOPosix"),
      swiftSettings: swift),
    .testTarget(
      name: "ShellTests",
      dependencies: ["Assets", "Live", "Setup", "Support", system]
        + nio("NIOCore", "NIOHTTP1", "NIOPosix"),
      swiftSettings: swift),
    .testTarget(
      name: "SupportTests", dependencies: ["Setup", "Support", system], swiftSettings: swift),
    .testTarget(
      name: "SetupTests",
      dependencies: [
        "Fuzzed", "Live", "Rehearsal", "Setup", "Support", system,
      ],
      exclude: ["Fixtures"],
      swiftSettings: swift),
  ],
  cLanguageStandard: .gnu2x
)
