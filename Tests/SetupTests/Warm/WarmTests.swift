import Support
import SystemPackage
import Testing

@testable import Setup

struct WarmTests {
  /// What a client of ours sees of Linux: ours, that of another client, one that waits for its end, another port,
  /// another machine.
  @Test func connectionsOfLinux() {
    let table = """
        sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
         0: 0100007F:2CAA 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 100 1
         1: 0100007F:D431 0100007F:2CAA 01 00000000:00000000 00:00000000 00000000     0        0 101 1
         2: 0100007F:D432 0100007F:2CAA 01 00000000:00000000 00:00000000 00000000     0        0 102 1
         3: 0100007F:2CAA 0100007F:D432 01 00000000:00000000 00:00000000 00000000     0        0 103 1
         4: 0100007F:D433 0100007F:2CAA 08 00000000:00000000 00:00000000 00000000     0        0 104 1
         5: 0100007F:D434 0100007F:2CAB 01 00000000:00000000 00:00000000 00000000     0        0 105 1
         6: 0200007F:D435 0A00000A:2CAA 01 00000000:00000000 00:00000000 00000000     0        0 106 1
      """
    #expect(connectionInodes(table: table, to: 11434) == ["101", "102"])
  }

  @Test func connectionsOfMacOS() {
    let output = """
      Active Internet connections (including servers)
      Proto Recv-Q Send-Q  Local Address          Foreign Address        (state)
      tcp4       0      0  127.0.0.1.50113        127.0.0.1.11434        ESTABLISHED
      tcp4       0      0  127.0.0.1.11434        127.0.0.1.50113        ESTABLISHED
      tcp4       0      0  127.0.0.1.50114        127.0.0.1.11434        TIME_WAIT
      tcp4       0      0  127.0.0.1.11434        *.*                    LISTEN
      """
    #expect(connections(netstat: output, to: 11434) == 1)
  }

  /// What stands against it on each system, from recorded words.
  @Test(
    arguments: [
      (["BAT0/type": "Battery", "BAT0/status": "Discharging"], "0.1 0.2 0.3 1/2 3", "battery"),
      (
        ["AC/type": "Mains", "AC/online": "0", "BAT0/type": "Battery", "BAT0/status": "Unknown"],
        "0.1 0 0 1/2 3", "battery"
      ),
      (
        [
          "AC/type": "Mains", "AC/online": "1", "BAT0/type": "Battery",
          "BAT0/status": "Discharging",
        ], "0.1 0 0 1/2 3", nil
      ),
      (
        ["hid/type": "Battery", "hid/scope": "Device", "hid/status": "Discharging"],
        "0.1 0 0 1/2 3", nil
      ),
      ([:], "4.00 1 1 1/2 3", "busy"), ([:], "3.99 9 9 1/2 3", nil),
    ] as [([String: String], String, String?)])
  func whatStandsAgainstItOnLinux(
    supplies: [String: String], load: String, reason: String?
  ) async throws {
    var files = [
      "/proc/loadavg": load,
      "/proc/cpuinfo": (0..<4).map { "processor : \($0)\nmodel name : x\n\n" }.joined(),
    ]
    for (name, text) in supplies { files["/sys/class/power_supply/\(name)"] = text + "\n" }
    let world = ScriptedWorld()
    for (path, text) in files { world.file(FilePath(path), text) }
    try await expect(reason, in: world)
  }

  @Test(
    arguments: [
      (
        "Now drawing from 'Battery Power'\n -InternalBattery-0 (id=1)\t80%; discharging\n",
        "{ 0.10 0.20 0.30 }\n8\n", "battery"
      ),
      ("Now drawing from 'AC Power'\n", "{ 0.10 0.20 0.30 }\n8\n", nil),
      ("Now drawing from 'AC Power'\n", "{ 8.25 4.00 2.00 }\n8\n", "busy"),
      ("", "", nil),
    ] as [(String, String, String?)])
  func whatStandsAgainstItOnMacOS(battery: String, load: String, reason: String?) async throws {
    let world = ScriptedWorld(platform: .macOS)
    world.install("pmset")
    world.install("sysctl")
    world.program("pmset -g batt", prints: battery)
    world.program("sysctl -n vm.loadavg hw.logicalcpu", prints: load)
    try await expect(reason, in: world)
  }

  private func expect(_ reason: String?, in world: ScriptedWorld) async throws {
    let warmUp = WarmUp(.example(), in: world.world) { () throws(Failure) in
      throw Failure("No client is to be asked", why: "this is only about the machine")
    }
    let found = await warmUp.reasonToLeave
    #expect(reason.map { found?.contains($0) ?? false } ?? (found == nil), "\(found ?? "nothing")")
  }

  @Test func aPrefixIsFilledInForAnotherFolder() throws {
    let prefix = ClientPrefix(
      key: "k", folder: "/home/ada/.local/state/ccl-setup/probe/print",
      body: """
        {"model":"m","max_tokens":8192,"system":[{"type":"text","text":"memory at `/home/ada/.local/state/ccl-setup\
        /probe/print/projects/-home-ada--local-state-ccl-setup-probe-print/memory/`"}],"messages":[{"role":"user",\
        "content":"working directory: /home/ada/.local/state/ccl-setup/probe/print\\nIs a git repository: false"}]}
        """)
    let prompt = try prefix.filled(
      for: "/srv/my \"app\"", configuration: "/home/ada/.claude", isRepository: true)
    #expect(
      prompt["system"]?.elements?[0]["text"]?.text
        == "memory at `/home/ada/.claude/projects/-srv-my--app-/memory/`")
    #expect(
      prompt["messages"]?.elements?[0]["content"]?.text
        == "working directory: /srv/my \"app\"\nIs a git repository: true")
    #expect(prompt["max_tokens"]?.int == 1)
    #expect(prompt["stream"]?.bool == true)
  }
}
