import ArgumentParser

/// Starts the command that the arguments name, and ends the process with its exit code.
public func start() async {
  await CCLSetup.main()
}
