public import SystemPackage

/// The name under which a file is written before it takes its real one: `.NAME.ccl-RANDOM-CHECK`.
///
/// A process that is killed while it writes leaves such a file. The check follows from the rest, so that one of ours is known by
/// its name alone, without a receipt, and nobody else's file is ever taken for one.
public enum TemporaryName {
  private static let mark = ".ccl-"
  private static let digits = 16

  /// A name that nobody can guess, beside the file itself.
  public static func beside(_ path: FilePath) -> FilePath {
    let name = path.lastComponent?.string ?? "file"
    let hex = String(UInt64.random(in: .min ... .max), radix: 16)
    let random = String(repeating: "0", count: digits - hex.count) + hex
    return path.removingLastComponent()
      .appending(".\(name)\(mark)\(random)-\(check(name, random))")
  }

  package static func isOne(_ name: String) -> Bool {
    guard name.hasPrefix(".") else { return false }
    let (check, rest) = (name.suffix(digits), name.dropLast(digits))
    guard rest.hasSuffix("-") else { return false }
    let random = rest.dropLast().suffix(digits)
    let start = rest.dropLast(digits + 1)
    guard random.count == digits, start.hasSuffix(mark) else { return false }
    return check == Self.check(String(start.dropFirst().dropLast(mark.count)), String(random))
  }

  private static func check(_ name: String, _ random: String) -> String {
    String(Digest(of: Array("ccl-setup writes\0\(name)\0\(random)".utf8)).hex.prefix(digits))
  }
}
