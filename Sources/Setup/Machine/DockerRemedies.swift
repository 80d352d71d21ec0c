extension Docker {
  /// What to do about the state, the recommended way first; empty when Docker works.
  public func remedies(on system: OperatingSystem) -> [Remedy] {
    switch state {
    case .working: []
    case .notInstalled: Docker.installation(on: system)
    case .notRunning(let words): start(on: system, words)
    case .noPermission: permission(on: system)
    case .remote: Docker.localContext
    case .composeMissing: composeInstallation(on: system)
    case .hung: restart(on: system)
    case .broken(let words): repair(on: system, words)
    }
  }

  // MARK: Not installed

  /// https://docs.docker.com/engine/install/; the distributions' own packages as the second way.
  static func installation(on system: OperatingSystem) -> [Remedy] {
    if system.family == .macOS {
      return [
        Remedy(
          "Use Ollama itself: on a Mac, Docker has no GPU", run: "brew install ollama",
          "brew services start ollama"),
        Remedy(
          "Install Docker Desktop", run: "brew install --cask docker-desktop", "open -a Docker"),
        Remedy("Install OrbStack", run: "brew install --cask orbstack", "open -a OrbStack"),
      ]
    }
    var ways: [Remedy] = []
    if system.isWSL {
      ways.append(
        Remedy(
          "Use Docker Desktop for Windows",
          [
            .say(
              "Install it in Windows, then switch this distribution on under Settings → Resources → WSL integration."
            )
          ]))
    }
    let session: [Remedy.Step] = [
      .run("sudo usermod -aG docker \"$USER\""),
      .say("Log out and in again, so that your session knows the new group."),
    ]
    let start = Remedy.Step.run("sudo systemctl enable --now docker")
    switch (system.family, system.distribution) {
    case (.debian, _), (.fedora, "fedora"), (.fedora, "centos"), (.fedora, "rhel"):
      ways.append(
        Remedy(
          "Install Docker's own packages with Docker's script",
          [
            .run("curl -fsSL https://get.docker.com -o get-docker.sh"),
            .run("sudo sh get-docker.sh"), start,
          ] + session))
    case (.fedora, _):
      ways.append(
        Remedy(
          "Install Docker's own packages",
          [
            .run("sudo dnf install -y dnf-plugins-core"),
            .run(
              "sudo dnf config-manager --add-repo https://download.docker.com/linux/rhel/docker-ce.repo"
            ),
            .run(
              "sudo dnf install -y docker-ce docker-ce-cli containerd.io docker-buildx-plugin docker-compose-plugin"
            ), start,
          ] + session))
    case (.otherLinux, _), (.macOS, _):
      ways.append(
        Remedy(
          "Install Docker and Compose v2",
          [
            .say(
              "Install your distribution's packages for Docker and Docker Compose v2, or follow https://docs.docker.com/engine/install/binaries/."
            ), start,
          ] + session))
    }
    if let packages = distributionPackages(system) {
      ways.append(
        Remedy(
          "Install the distribution's packages", packages.map(Remedy.Step.run) + [start] + session))
    }
    return ways
  }

  /// `nil` where the distribution has no Docker with Compose v2 (Debian before 13, RHEL).
  private static func distributionPackages(_ system: OperatingSystem) -> [String]? {
    let major = Int(system.release.prefix { $0.isNumber }) ?? 0
    switch system.distribution {
    case "ubuntu" where major >= 22:
      return ["sudo apt-get update", "sudo apt-get install -y docker.io docker-compose-v2"]
    case "debian" where major >= 13:
      return ["sudo apt-get update", "sudo apt-get install -y docker.io docker-cli docker-compose"]
    case "fedora": return ["sudo dnf install -y moby-engine docker-cli docker-compose"]
    default: return nil
    }
  }

  // MARK: Not running

  private func start(on system: OperatingSystem, _ words: String) -> [Remedy] {
    switch product {
    case .dockerDesktop where system.family == .macOS:
      return [Remedy("Start Docker Desktop", run: "open -a Docker")]
    case .dockerDesktop where system.isWSL:
      return [Docker.desktopInWindows]
    case .dockerDesktop:
      return [
        Remedy("Start Docker Desktop", run: "systemctl --user start docker-desktop"),
        Remedy("Use Docker Engine instead of Docker Desktop", run: "docker context use default"),
      ]
    case .orbStack: return [Remedy("Start OrbStack", run: "open -a OrbStack")]
    case .colima: return [Remedy("Start Colima", run: "colima start --memory 16")]
    case .rancherDesktop:
      return [Remedy("Start Rancher Desktop", run: "open -a 'Rancher Desktop'")]
    case .engine, .podman: break
    }
    // The client alone, as Homebrew's `docker` gives it: there is no engine to start.
    if system.family == .macOS { return Docker.installation(on: system) }
    if isSnap { return [Remedy("Start Docker from snap", run: "sudo snap start docker")] }
    if words.contains("/run/user/") {
      return [
        Remedy("Start your own (rootless) engine", run: "systemctl --user enable --now docker")
      ]
    }
    var ways = [Remedy("Start Docker's engine", run: "sudo systemctl enable --now docker")]
    if system.isWSL {
      ways.append(
        Remedy("Start it without systemd, which WSL may lack", run: "sudo service docker start"))
      ways.append(Docker.desktopInWindows)
    }
    if system.container != nil {
      ways.append(
        Remedy(
          "Use an engine outside of this container",
          [
            .say(
              "We run inside a container. An engine runs here only in a privileged one; an Ollama outside can be named with --engine URL."
            )
          ]))
    }
    return ways
  }

  private static let desktopInWindows = Remedy(
    "Start Docker Desktop in Windows",
    [
      .say(
        "Start it from the Start menu, and see that this distribution is switched on under Settings → Resources → WSL integration."
      )
    ])

  // MARK: No permission

  private func permission(on system: OperatingSystem) -> [Remedy] {
    if product != .engine {
      return [
        Remedy(
          "Restart \(product.name)",
          [
            .say(
              "Its socket belongs to somebody else. Quit \(product.name) and start it as yourself.")
          ])
      ]
    }
    if isSnap {
      return [
        Remedy(
          "Let your user use Docker from snap",
          [
            .run("sudo addgroup --system docker"), .run("sudo adduser \"$USER\" docker"),
            .run("sudo snap disable docker"), .run("sudo snap enable docker"),
            .say("Log out and in again, so that your session knows the new group."),
          ])
      ]
    }
    if isGroupMember {
      return [
        Remedy(
          "Log out and in again",
          [
            .say("You are in the group docker, but this session began before that."),
            .run("newgrp docker"),
          ])
      ]
    }
    return [
      Remedy(
        "Add yourself to the group docker",
        [
          .run("sudo usermod -aG docker \"$USER\""),
          .say(
            "Log out and in again. Whoever is in this group can become root on this machine through Docker."
          ),
        ]),
      Remedy("Use a rootless engine", run: "dockerd-rootless-setuptool.sh install"),
    ]
  }

  // MARK: Another machine

  private static let localContext = [
    Remedy(
      "Use this machine's engine",
      [
        .run("unset DOCKER_HOST DOCKER_CONTEXT"), .run("docker context use default"),
        .say("A model over there would not be at this machine's 127.0.0.1."),
      ]),
    Remedy(
      "Use an Ollama over there",
      [.say("Start Ollama on that machine and name it with --engine http://THAT-MACHINE:11434.")]),
  ]

  // MARK: Compose v2 missing

  private func composeInstallation(on system: OperatingSystem) -> [Remedy] {
    let title = "Install Compose v2"
    if product != .engine {
      return [Remedy("Update \(product.name)", [.say("Its current release brings Compose v2.")])]
    }
    let major = Int(system.release.prefix { $0.isNumber }) ?? 0
    // Docker's own packages have the plugin beside them; a distribution's engine takes the distribution's.
    let fromDocker = Remedy(
      "Install Docker's plugin (where Docker's own repository is set up)",
      run: system.family == .fedora
        ? "sudo dnf install -y docker-compose-plugin"
        : "sudo apt-get install -y docker-compose-plugin")
    switch (system.family, system.distribution) {
    case (.macOS, _):
      return [
        Remedy(
          title,
          [
            .run("brew install docker-compose"), .run("mkdir -p ~/.docker/cli-plugins"),
            .run(
              "ln -sfn \"$(brew --prefix)/opt/docker-compose/bin/docker-compose\" ~/.docker/cli-plugins/docker-compose"
            ),
          ])
      ]
    case (.debian, "ubuntu") where major >= 22:
      return [Remedy(title, run: "sudo apt-get install -y docker-compose-v2"), fromDocker]
    case (.debian, "debian") where major >= 13:
      return [Remedy(title, run: "sudo apt-get install -y docker-compose"), fromDocker]
    case (.fedora, "fedora"):
      return [fromDocker, Remedy(title, run: "sudo dnf install -y docker-compose")]
    case (.debian, _), (.fedora, _): return [fromDocker, Docker.composeByHand]
    case (.otherLinux, _): return [Docker.composeByHand]
    }
  }

  /// https://docs.docker.com/compose/install/linux/#install-the-plugin-manually
  private static let composeByHand = Remedy(
    "Install Docker's plugin by hand, for your user",
    run: "mkdir -p ~/.docker/cli-plugins",
    "curl -fsSL \"https://github.com/docker/compose/releases/latest/download/docker-compose-linux-$(uname -m)\" -o ~/.docker/cli-plugins/docker-compose",
    "chmod +x ~/.docker/cli-plugins/docker-compose")

  // MARK: Hung, broken

  private func restart(on system: OperatingSystem) -> [Remedy] {
    switch product {
    case .engine where system.family != .macOS && !system.isWSL:
      [
        Remedy(
          "Restart Docker's engine",
          run: isSnap ? "sudo snap restart docker" : "sudo systemctl restart docker")
      ]
    default:
      [
        Remedy(
          "Restart Docker",
          [.say("Quit and start it again; if it still hangs, restart the machine.")])
      ]
    }
  }

  private func repair(on system: OperatingSystem, _ words: String) -> [Remedy] {
    if product == .podman {
      return [
        Remedy(
          "Use Docker Engine",
          [.say("This `docker` is Podman; `docker compose` against it is not supported here.")])
      ] + Docker.installation(on: system)
    }
    if words.contains("WSL") { return [Docker.desktopInWindows] }
    return [
      Remedy("See what Docker says", run: "docker info")
    ] + restart(on: system)
  }
}
