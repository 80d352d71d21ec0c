/// Sizes in bytes, and how they are said: memory in GiB (as Ollama and the system count it), downloads in GB
/// (as the registry's pages do).
public enum Bytes {
  public static let gibibyte = 1_073_741_824
  public static let gigabyte = 1_000_000_000

  public static func gibibytes(_ number: Double) -> Int { Int(number * Double(gibibyte)) }

  /// `24.3 GiB`
  public static func memory(_ bytes: Int) -> String { "\(tenths(bytes, of: gibibyte)) GiB" }

  /// `18.6 GB`
  public static func download(_ bytes: Int) -> String { "\(tenths(bytes, of: gigabyte)) GB" }

  private static func tenths(_ bytes: Int, of unit: Int) -> String {
    let tenths = Int((Double(bytes) / Double(unit) * 10).rounded())
    return "\(tenths / 10).\(abs(tenths % 10))"
  }
}
