/// Something that a person who watches the proxy wants to know.
public enum ProxyEvent: Sendable {
  /// The proxy listens; the URL is its page's too.
  case ready(url: String, port: Int)
  /// An exchange ended. The transcript is there if the configuration asks for it.
  case exchange(ExchangeSummary, transcript: Transcript?)
  /// Something about the proxy itself, such as the end of the recording.
  case notice(String)
}

typealias Console = @Sendable (ProxyEvent) -> Void
