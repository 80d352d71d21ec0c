/// A program's version: dotted numbers and an optional pre-release part, ordered as semantic versions are.
public struct Version: Sendable, Hashable, Comparable, CustomStringConvertible {
  public var numbers: [Int]
  public var preRelease: String?

  /// The first version in a text such as "Docker version 28.2.2, build e6534b4" or "v0.14.3-rc1"; `nil` without one.
  public init?(_ text: String) {
    let words = text.split { !($0.isASCII && ($0.isLetter || $0.isNumber || ".-+_".contains($0))) }
    for word in words {
      let bare = word.first == "v" ? word.dropFirst() : word
      guard bare.first?.isNumber == true else { continue }
      let core = bare.prefix { $0.isNumber || $0 == "." }
      let numbers = core.split(separator: ".").compactMap { Int($0) }
      guard numbers.count >= 2 else { continue }
      self.numbers = numbers
      let rest = bare.dropFirst(core.count)
      preRelease = rest.first == "-" ? String(rest.dropFirst().prefix { $0 != "+" }) : nil
      return
    }
    return nil
  }

  public var description: String {
    numbers.map(String.init).joined(separator: ".") + (preRelease.map { "-" + $0 } ?? "")
  }

  public static func < (left: Version, right: Version) -> Bool {
    let length = max(left.numbers.count, right.numbers.count)
    for index in 0..<length {
      let a = index < left.numbers.count ? left.numbers[index] : 0
      let b = index < right.numbers.count ? right.numbers[index] : 0
      if a != b { return a < b }
    }
    switch (left.preRelease, right.preRelease) {
    case (.some, nil): return true
    case (.some(let a), .some(let b)): return a < b
    default: return false
    }
  }
}
