/// The target as the engine knows it, where the client's base URL was wrong; nil if it is right as it is.
///
/// The client appends `/v1/messages` to its base URL. A base that ends in `/v1` or in `/v1/messages` gives a doubled
/// path and a client that appends only `/messages` gives a short one; engines answer both with 404, which the client
/// then reports as a wrong model name.
func repairedTarget(_ target: String) -> String? {
  // Nearly every request is right.
  if target == "/v1/messages?beta=true" || target == "/v1/messages" { return nil }
  let path = target.prefix { $0 != "?" }
  var parts = path.split(separator: "/", omittingEmptySubsequences: false).dropFirst()
  guard !parts.isEmpty, parts.first != "" else { return nil }
  if parts.first == "messages" {
    parts = ["v1"] + parts
  }
  while parts.count >= 3 {
    let next = parts.dropFirst()
    if parts.first == "v1", next.first == "v1" {
      parts = next
    } else if parts.first == "v1", next.first == "messages", next.dropFirst().first == "v1" {
      parts = next.dropFirst()
    } else {
      break
    }
  }
  let repaired = "/" + parts.joined(separator: "/")
  return repaired == path ? nil : repaired + target.dropFirst(path.count)
}
