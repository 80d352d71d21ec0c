import CDigest

/// The SHA-256 of some bytes, in the same 64 hex digits that `sha256sum` prints.
public struct Digest: Sendable, Hashable, Codable {
  public var hex: String

  public init(of bytes: [UInt8]) {
    var digest = [UInt8](repeating: 0, count: 32)
    ccl_sha256(bytes, bytes.count, &digest)
    let digits = Array("0123456789abcdef")
    hex = String(digest.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] })
  }

  public init(from decoder: any Decoder) throws {
    hex = try decoder.singleValueContainer().decode(String.self)
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(hex)
  }
}
