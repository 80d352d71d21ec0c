import Setup
import Support
import SystemPackage

/// nginx in front of a server, as teams put it: TLS with a certificate of an authority of their own, and a token.
struct TLSFront {
  /// The authority's certificate as PEM.
  let authority: FilePath
  let url: String
  private let server: RunningProgram

  /// Serves `https://127.0.0.1:port` inside this person's network and passes to `upstream` what carries the token.
  init(
    for person: Person, upstream: String, token: String, port: Int = 8443
  ) async throws {
    let folder = try TemporaryFolder.make("front")
    authority = folder.appending("ca.pem")
    url = "https://127.0.0.1:\(port)"
    let script = """
      cd "$1" && exec 2>>log &&
      openssl req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem -days 30 -subj '/CN=An authority of ours' &&
      openssl req -newkey rsa:2048 -nodes -keyout server.key -out server.csr -subj '/CN=llm.internal' &&
      printf 'subjectAltName=IP:127.0.0.1,DNS:localhost\\n' > names &&
      openssl x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 30 -extfile names -out server.pem
      """
    try await Invocation.clean("sh", ["-c", script, "sh", folder.string]).succeed()
    let configuration = """
      user root; daemon off; pid \(folder)/pid; error_log \(folder)/error.log;
      events {}
      http {
        access_log off; client_body_temp_path \(folder)/body; proxy_temp_path \(folder)/proxy;
        fastcgi_temp_path \(folder)/f; uwsgi_temp_path \(folder)/u; scgi_temp_path \(folder)/s;
        client_max_body_size 64m; proxy_buffering off; proxy_read_timeout 600;
        server {
          listen 127.0.0.1:\(port) ssl;
          ssl_certificate \(folder)/server.pem; ssl_certificate_key \(folder)/server.key;
          if ($http_authorization != "Bearer \(token)") { return 401; }
          location / { proxy_pass \(upstream); proxy_http_version 1.1; }
        }
      }
      """
    try write(configuration.utf8, to: folder.appending("nginx.conf"))
    server = try person.network.start(
      "nginx", ["-p", folder.string, "-c", folder.appending("nginx.conf").string],
      log: folder.appending("out"))
    try await eventually(within: .seconds(20)) { [server, folder] () -> Bool? in
      if let code = server.exitCode {
        throw Ended(code: code, words: try Support.text(of: folder.appending("out")))
      }
      let probe = try await person.network.run(
        "openssl", ["s_client", "-connect", "127.0.0.1:\(port)", "-brief"], input: [])
      return probe.succeeded ? true : nil
    }
  }

  /// nginx did not come up.
  private struct Ended: Error {
    var code: Int32
    var words: String
  }

  func stop() async { await server.end() }
}
