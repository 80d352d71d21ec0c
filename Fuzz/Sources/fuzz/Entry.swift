import Dispatch
import Fuzzed

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// libFuzzer calls this for every input; a promise that does not hold ends the process, which it takes as a finding.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOne(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let bytes = Array(UnsafeBufferPointer(start: data, count: count))
  let done = DispatchSemaphore(value: 0)
  Task.detached {
    do throws(BrokenPromise) { try await parser.check(bytes) } catch {
      fatalError("\(parser.rawValue): \(error.words)")
    }
    done.signal()
  }
  done.wait()
  return 0
}

/// Which parser this process is about: the variable `FUZZ_PARSER`.
private let parser: FuzzedParser = {
  let name = getenv("FUZZ_PARSER").map { String(cString: $0) } ?? ""
  guard let parser = FuzzedParser(rawValue: name) else {
    fatalError("FUZZ_PARSER=\(FuzzedParser.allCases.map(\.rawValue).joined(separator: "|"))")
  }
  return parser
}()
