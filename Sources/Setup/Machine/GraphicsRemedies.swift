extension Graphics {
  /// How to get the missing piece; empty where nothing is missing. Commands as NVIDIA documents them
  /// (https://docs.nvidia.com/datacenter/cloud-native/container-toolkit/latest/install-guide.html).
  public func remedies(on system: OperatingSystem, docker: Docker) -> [Remedy] {
    switch driver {
    case .absent: return []
    case .missing, .broken: return [Graphics.driverRemedy(on: system)]
    case .working: break
    }
    switch toolkit {
    case .working, .notNeeded, .unknown: return []
    case .notConfigured: return [Graphics.configuration(docker)]
    case .missing where docker.product == .dockerDesktop:
      return [
        Remedy(
          "Use Docker Engine, or Ollama itself",
          [
            .say(
              "Docker Desktop on Linux runs a virtual machine that cannot reach the card. Docker Engine "
                + "can (`docker context use default` once it is installed), and so can Ollama itself."
            )
          ])
      ]
    case .missing:
      let install = Graphics.toolkitInstallation(on: system)
      return [Remedy(install.title, install.steps + Graphics.configuration(docker).steps)]
    case .unreachableFromSnap:
      return [
        Remedy(
          "Replace Docker from snap by Docker's own packages",
          [
            .run("sudo snap remove docker"),
            .say("Images and volumes of the snap are removed with it (snap keeps a snapshot)."),
          ] + (Docker.installation(on: system).first?.steps ?? []))
      ]
    }
  }

  private static func driverRemedy(on system: OperatingSystem) -> Remedy {
    if system.isWSL {
      return Remedy(
        "Install the driver in Windows",
        [
          .say("Under WSL the card's driver is Windows': install NVIDIA's there, none in Linux."),
          .run("wsl.exe --shutdown"),
        ])
    }
    let restart = Remedy.Step.run("sudo reboot")
    switch (system.family, system.distribution) {
    case (.debian, "ubuntu"):
      return Remedy(
        "Install the NVIDIA driver",
        [
          .run("sudo apt-get install -y ubuntu-drivers-common"),
          .run("sudo ubuntu-drivers install"), restart,
        ])
    case (.debian, _):
      return Remedy(
        "Install the NVIDIA driver",
        [
          .say("The components contrib, non-free and non-free-firmware must be in APT's sources."),
          .run("sudo apt-get install -y linux-headers-amd64 nvidia-driver"), restart,
        ])
    case (.fedora, "fedora"):
      return Remedy(
        "Install the NVIDIA driver from RPM Fusion",
        [
          .say("RPM Fusion's nonfree repository must be enabled (https://rpmfusion.org)."),
          .run("sudo dnf install -y akmod-nvidia xorg-x11-drv-nvidia-cuda"),
          .say("Wait until the module is built (about five minutes), then start again."), restart,
        ])
    default:
      return Remedy(
        "Install the NVIDIA driver",
        [
          .say(
            "NVIDIA describes it for this system at https://docs.nvidia.com/datacenter/tesla/driver-installation-guide/."
          ),
          restart,
        ])
    }
  }

  private static func toolkitInstallation(on system: OperatingSystem) -> Remedy {
    let title = "Install the NVIDIA Container Toolkit"
    let source = "https://nvidia.github.io/libnvidia-container"
    let keyring = "/usr/share/keyrings/nvidia-container-toolkit-keyring.gpg"
    switch system.family {
    case .debian:
      return Remedy(
        title,
        run: "curl -fsSL \(source)/gpgkey | sudo gpg --dearmor -o \(keyring)",
        "curl -fsSL \(source)/stable/deb/nvidia-container-toolkit.list | sed 's#deb https://#deb [signed-by=\(keyring)] https://#g' | sudo tee /etc/apt/sources.list.d/nvidia-container-toolkit.list",
        "sudo apt-get update", "sudo apt-get install -y nvidia-container-toolkit")
    case .fedora:
      return Remedy(
        title,
        run:
          "curl -fsSL \(source)/stable/rpm/nvidia-container-toolkit.repo | sudo tee /etc/yum.repos.d/nvidia-container-toolkit.repo",
        "sudo dnf install -y nvidia-container-toolkit")
    case .otherLinux, .macOS:
      return Remedy(
        title, [.say("Install the package nvidia-container-toolkit of your distribution.")])
    }
  }

  private static func configuration(_ docker: Docker) -> Remedy {
    let title = "Tell Docker of the toolkit"
    if docker.isRootless {
      return Remedy(
        title,
        run:
          "nvidia-ctk runtime configure --runtime=docker --config=\"$HOME/.config/docker/daemon.json\"",
        "systemctl --user restart docker",
        "sudo nvidia-ctk config --set nvidia-container-cli.no-cgroups --in-place")
    }
    return Remedy(
      title, run: "sudo nvidia-ctk runtime configure --runtime=docker",
      "sudo systemctl restart docker")
  }
}
