import Setup
import SystemPackage

/// Refuses a home folder in which nothing may be changed: one that is not there would be made and kept, and root (by
/// sudo with someone's `HOME`) would leave that person's files to root.
func refuseForeignHome(_ world: World) throws(Failure) {
  let home = world.environment.home
  let found: FileStatus?
  do { found = try world.files.status(world.files.resolve(home)) } catch {
    throw Failure("Your home folder cannot be read", why: "HOME is \(home): \(error.reason)")
  }
  guard let found else {
    throw Failure(
      "Your home folder does not exist", why: "HOME is \(home)",
      tryNext: ["Make the folder, or set HOME to the one in which your shells find their files."])
  }
  guard world.environment.account.userID == 0, found.owner != 0 else { return }
  throw Failure(
    "This would change another person's files as root",
    why: "HOME is \(home), which belongs to user \(found.owner)",
    tryNext: ["Run ccl-setup without sudo.", "`sudo -H ccl-setup` sets up root's own account."])
}
