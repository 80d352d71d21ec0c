import Setup
import Support
import SystemPackage
import Testing

/// Every line that the doctor can show has a test that turns it red: a new one cannot come without.
struct DoctorCoverageTests {
  /// What only ever passes.
  private static let green: Set<Check.Kind> = [
    .receipt, .server, .settings, .context,
  ]

  /// What a test of its own turns red: its file below `Tests`, and its name.
  private static let elsewhere: [Check.Kind: (file: String, test: String)] = [
    .notSetUp: ("EndToEnd/FixTests", "withoutASetupThereIsNothingToRepair"),
    .composeGPUFile: ("EndToEnd/GraphicsInDockerTests", "theCardIsGivenAndItsLossIsMended"),
    .docker: ("EndToEnd/FixInDockerTests", "aDaemonOutOfReachIsTold"),
    .container: ("EndToEnd/FixInDockerTests", "aDaemonOutOfReachIsTold"),
    .containerResources: ("EndToEnd/FixInDockerTests", "aContainerWithTooLittleIsMadeAnew"),
    .serverMoved: ("EndToEnd/FixEngineTests", "aServerThatMovedIsFollowed"),
    .proxyProgramMissing: ("EndToEnd/DoctorLineTests", "aProxyWithoutItsProgram"),
    .model: ("EndToEnd/FixTests", "whatBreaksIsFoundAndRepaired"),
    .modelWithoutTools: ("EndToEnd/FixEngineTests", "aModelWithoutToolsIsReplaced"),
    .contextTooSmall: ("EndToEnd/FixEngineTests", "aClientWithALongerPromptGetsALargerContext"),
    .aliases: ("EndToEnd/FixTests", "whatBreaksIsFoundAndRepaired"),
    .variable: ("EndToEnd/FixConflictTests", "managedSettingsAreNamedWithWhomToAsk"),
    .tokenBeaten: ("EndToEnd/ServerElsewhereTests", "behindTLSWithAToken"),
    .claude: ("SetupTests/Doctor/MachineChecksTests", "whatCouldNotBeLookedAt"),
    .clientContractChanged: ("EndToEnd/ProbeTests", "theInstalledClientDecidesTheBaseURL"),
    .deep: ("EndToEnd/DeepDoctorTests", "aRealServerThatOnlyTalks"),
    .deepSpeed: ("EndToEnd/DeepDoctorTests", "aModelThatFailsUnderWork"),
    .deepContext: ("EndToEnd/DeepDoctorTests", "aContextThatIsCut"),
    .deepGPU: ("EndToEnd/DeepDoctorTests", "aServerThatIsNotAsItShouldBe"),
    .deepTiers: ("EndToEnd/DeepDoctorTests", "aTierWithoutItsName"),
    .deepLoads: ("EndToEnd/DeepDoctorTests", "aServerThatIsNotAsItShouldBe"),
    .deepTools: ("EndToEnd/DeepDoctorTests", "aRealServerThatOnlyTalks"),
    .deepClient: ("EndToEnd/DeepDoctorTests", "aRealServerThatOnlyTalks"),
    .deepCache: ("EndToEnd/DeepDoctorTests", "aLostPrefix"),
    .deepWait: ("EndToEnd/DeepDoctorTests", "aServerThatIsNotAsItShouldBe"),
  ]

  /// The ids of the rows that are turned red one after the other.
  private static let rows =
    FixTests.Damage.allCases.map(\.finding)
    + FixInDockerTests.Damage.allCases.flatMap(\.findings) + DoctorLineTests.lines.map(\.id)

  @Test(arguments: Check.Kind.allCases) func aLineHasItsRedCase(kind: Check.Kind) throws {
    let id = kind.rawValue
    let isInRow = Self.rows.contains { $0 == id || $0.hasPrefix("\(id):") }
    guard !Self.green.contains(kind), !isInRow else { return }
    let place = try #require(
      Self.elsewhere[kind],
      "no test turns “\(id)” red: give it a row of DoctorLineTests, or name its test here")
    let file = Part.packageRoot.appending("Tests/\(place.file).swift")
    let text = try Support.text(of: file)
    let start = try #require(
      text.firstRange(of: "func \(place.test)("), "\(file) has no \(place.test)")
    let rest = text[start.upperBound...]
    let body = rest[..<(rest.firstRange(of: "\n  }\n")?.lowerBound ?? rest.endIndex)]
    let word = try Regex("[^a-z-]\(id)[^a-z-]")
    #expect(body.contains(word), "\(place.test) does not speak of \(id)")
  }
}
