import NIOCore
import NIOPosix
import NIOSSL

#if canImport(Darwin)
  internal import Darwin
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Glibc
#endif

/// Why a connection is not there, and what to try, as a person would say it.
struct ConnectionProblem {
  var reason: String
  var advice = "Is it running? Try: ccl-setup status"

  init(_ error: any Error) {
    let text = "\(error)"
    switch error {
    case let error as NIOConnectionError:
      guard let last = error.connectionErrors.last else {
        reason = "there is no host \(error.host)"
        advice = "Is its name right?"
        return
      }
      self = ConnectionProblem(last.error)
    case is SocketAddressError:
      reason = "there is no such host"
      advice = "Is its name right?"
    case let error as IOError:
      reason =
        switch error.errnoCode {
        case ECONNREFUSED: "nothing listens there"
        case EHOSTUNREACH, ENETUNREACH: "there is no way to it from here"
        case ETIMEDOUT: "it did not answer in time"
        case ECONNRESET: "it hung up"
        case let code: String(cString: strerror(code))
        }
    case ChannelError.connectTimeout: reason = "it did not answer in time"
    case is NIOSSLExtraError:
      reason = "its certificate is for another name"
      advice = "Does --upstream name it as its certificate does?"
    case _ where text.contains("CERTIFICATE_VERIFY_FAILED"):
      reason = "its certificate is not trusted"
      advice = "--ca FILE (PEM) names the authority that signed it."
    case is NIOSSLError where text.contains("WRONG_VERSION_NUMBER") || text.contains("HTTP"):
      reason = "there is no TLS"
      advice = "Is it http instead of https?"
    case is NIOSSLError:
      reason = "it hung up before TLS was agreed on"
      advice = "Is it http instead of https?"
    default: reason = text
    }
  }
}

/// Why no connections can be taken at `place`.
func whyNotListening(_ error: any Error, at place: String) -> String {
  let why: String
  switch (error as? IOError)?.errnoCode {
  case EADDRINUSE:
    return "\(place) is taken by another program; try --listen 127.0.0.1:0, which takes a free port"
  case EADDRNOTAVAIL: why = "this machine has no such address"
  case EACCES: why = "ports below 1024 are root's"
  case let code?: why = String(cString: strerror(code))
  case nil: why = error is SocketAddressError ? "there is no such host" : "\(error)"
  }
  return "cannot listen at \(place): \(why)"
}
