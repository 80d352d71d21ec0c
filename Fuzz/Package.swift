// swift-tools-version: 6.2
import PackageDescription

// A package of its own, so that nothing of it is in the way of those who only build: the same sources (by links),
// compiled for libFuzzer (https://llvm.org/docs/LibFuzzer.html), which brings `main` along.
let swift: [SwiftSetting] = [
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .treatAllWarnings(as: .error),
]
let system = Target.Dependency.product(name: "SystemPackage", package: "swift-system")

let package = Package(
  name: "fuzz",
  platforms: [.macOS(.v15)],
  dependencies: [.package(url: "https://github.com/apple/swift-system", from: "1.8.1")],
  targets: [
    .target(name: "CAssets"),
    .target(name: "Assets", dependencies: ["CAssets"], swiftSettings: swift),
    .target(
      name: "CDigest", linkerSettings: [.linkedLibrary("md", .when(platforms: [.linux]))]),
    .target(name: "Setup", dependencies: ["Assets", "CDigest", system], swiftSettings: swift),
    .target(name: "Fuzzed", dependencies: ["Setup", system], swiftSettings: swift),
    .executableTarget(name: "fuzz", dependencies: ["Fuzzed"], swiftSettings: swift),
  ],
  cLanguageStandard: .gnu2x
)
