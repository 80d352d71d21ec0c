import CSupport
import NIOCore
import NIOPosix
import Support
import Synchronization
import Testing

@testable import Proxy

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

extension OverTheWire {
  @Suite struct RecordTests {
    let folder = TemporaryFolder()

    @Test("A line holds the exchange whole, as JSON, one for each, in a file of 0600")
    func lines() async throws {
      let path = folder.path + "/deep/er/record.jsonl"
      let bodies = ["plain", "\"quotes\" \\ \n\t\u{1}", "ünïcödé ✓ 🙂", ""]
      try await withEngine { wire in
        for _ in bodies {
          let head = try wire.receive(until: "\r\n\r\n")
          let count = Int(head.split(separator: "Length: ")[1].prefix { $0.isNumber })!
          let body = try wire.receive(count: count)
          try wire.send("HTTP/1.1 200 OK\r\nContent-Length: \(count)\r\n\r\n")
          try wire.send(body)
        }
      } change: {
        $0.record = path
      } proxy: { proxy in
        try await blocking {
          let client = try Wire(to: proxy.port)
          for body in bodies {
            try client.send(
              "POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)")
            _ = try client.receive(until: "\r\n\r\n" + body)
          }
        }
      }
      let lines = try recorded(path)
      #expect(lines.map(\.id) == [1, 2, 3, 4])
      #expect(lines.map { $0.sent.body ?? "" } == bodies)
      #expect(lines.map { $0.received?.body ?? "" } == bodies)
      let attributes = try FileManager.default.attributesOfItem(atPath: path)
      #expect((attributes[.posixPermissions] as? Int).map { $0 & 0o777 } == 0o600)
    }

    @Test("Chunks are recorded as the content they carry, with the time of each")
    func chunks() async throws {
      let path = folder.path + "/record.jsonl"
      try await withEngine { wire in
        _ = try wire.receive(until: "\r\n\r\n")
        try wire.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n")
        usleepMillisecond(30)
        try wire.send("4\r\ndefg\r\n0\r\n\r\n")
      } change: {
        $0.record = path
      } proxy: { proxy in
        try await blocking {
          let client = try Wire(to: proxy.port)
          try client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
          _ = try client.receive(until: "0\r\n\r\n")
        }
      }
      let received = try #require(try recorded(path).first?.received)
      #expect(received.body == "abcdefg")
      #expect(received.marks?.map { $0[0] } == [3, 7])
      let times = try #require(received.marks?.map { $0[1] })
      #expect(times[1] - times[0] >= 20_000)
    }

    @Test("What is not text is recorded too, in Base64")
    func binary() async throws {
      let path = folder.path + "/record.jsonl"
      let body: [UInt8] = Array(0...255)
      try await withEngine { wire in
        _ = try wire.receive(until: "\r\n\r\n")
        try wire.send("HTTP/1.1 200 OK\r\nContent-Length: 256\r\n\r\n")
        try wire.send(body)
      } change: {
        $0.record = path
      } proxy: { proxy in
        try await blocking {
          let client = try Wire(to: proxy.port)
          try client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
          _ = try client.receive(until: "\r\n\r\n")
          _ = try client.receive(count: 256)
        }
      }
      let received = try #require(try recorded(path).first?.received)
      #expect(received.base64.flatMap { Data(base64Encoded: $0) } == Data(body))
    }

    @Test("A body beyond memory is recorded whole, beyond the limit up to it", arguments: [5, 9])
    func large(_ megabytes: Int) async throws {
      let path = folder.path + "/record.jsonl"
      let piece = "\"é\(String(repeating: "x", count: 60))\n"
      let body = String(repeating: piece, count: (megabytes << 20) / piece.utf8.count)
      try await withEngine { wire in
        _ = try wire.receive(until: "\r\n\r\n")
        try wire.send("HTTP/1.1 200 OK\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)")
      } change: {
        $0.record = path
        $0.bodyLimit = 8 << 20
      } proxy: { proxy in
        try await blocking {
          let client = try Wire(to: proxy.port)
          try client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
          _ = try client.receive(until: "\r\n\r\n")
          _ = try client.receive(count: body.utf8.count)
        }
      }
      let line = try #require(try recorded(path).first)
      #expect(line.responseSize == body.utf8.count)
      let kept = try #require(line.received?.body)
      #expect((line.received?.truncated ?? false) == (megabytes == 9))
      #expect(body.hasPrefix(kept))
      #expect(kept.utf8.count > min(body.utf8.count, 8 << 20) - 4)
    }

    @Test("A disk that is full stops the recording, says so, and never the traffic")
    func full() async throws {
      guard FileManager.default.fileExists(atPath: "/dev/full") else { return }
      try await withEngine { wire in
        for _ in 0..<3 {
          _ = try wire.receive(until: "\r\n\r\n")
          try wire.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        }
      } change: {
        $0.record = "/dev/full"
      } proxy: { proxy in
        try await blocking {
          let client = try Wire(to: proxy.port)
          for _ in 0..<3 {
            try client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
            _ = try client.receive(until: "\r\n\r\nok")
            usleepMillisecond(30)
          }
        }
        _ = try await proxy.events.summaries(3)
        #expect(proxy.events.notices.count == 1)
        #expect(proxy.events.notices.first?.contains("No space left") == true)
      }
    }

    @Test("A disk without room for a long body stops the recording too", .requires(.superuser))
    func fullForBodies() async throws {
      let path = folder.path
      let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
      // The mount is the thread's own, and goes with it.
      let (events, stopped, lines) = try await group.next().submit {
        try #require(support_mount_for_thread(path, "size=1m") == 0)
        let record = path + "/record.jsonl"
        let configuration = ProxyConfiguration(
          upstream: Upstream("http://127.0.0.1:1")!, record: record)
        let events = RunningProxy.Events()
        let file = try RecordFile(path: record, rotation: configuration.rotation)
        let keeper = Keeper(configuration, file: file) { events.add($0) }
        func pass(_ id: Int, _ bytes: Int) {
          var parcel = Parcel(id: id)
          parcel.requestHead = ByteBuffer(
            string: "POST /x HTTP/1.1\r\nContent-Length: \(bytes)\r\n\r\n")
          let piece = ByteBuffer(repeating: 97, count: 64 << 10)
          parcel.request = Array(repeating: piece, count: bytes >> 16)
          keeper.take(parcel)
          parcel = Parcel(id: id)
          parcel.facts = ExchangeFacts(
            startedAt: 0, requestFraming: .length(bytes), end: 0, others: 0, ending: .complete)
          keeper.take(parcel)
        }
        pass(1, 64 << 10)
        pass(2, 8 << 20)
        pass(3, 64 << 10)
        keeper.close()
        return (events, keeper.stopped, try recorded(record).map(\.id))
      }.get()
      try await group.shutdownGracefully()
      #expect(events.notices.count == 1)
      #expect(stopped?.contains("No space left") == true)
      #expect(lines == [1])
      #expect(events.summaries.map(\.id) == [1, 2, 3])
    }

    @Test("Files rotate by size, the oldest goes, numbers go on, and a half line is cut off")
    func rotation() async throws {
      let path = folder.path + "/record.jsonl"
      for round in 0..<2 {
        try await withEngine { wire in
          while (try? wire.receive(until: "\r\n\r\n")) != nil {
            try wire.send("HTTP/1.1 200 OK\r\nContent-Length: 2000\r\n\r\n")
            try wire.send([UInt8](repeating: 97, count: 2000))
          }
        } change: {
          $0.record = path
          $0.rotation = .init(bytes: 8000, age: 86_400, kept: 2)
        } proxy: { proxy in
          try await blocking {
            let client = try Wire(to: proxy.port)
            for _ in 0..<10 {
              try client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
              _ = try client.receive(until: "\r\n\r\n")
              _ = try client.receive(count: 2000)
              usleepMillisecond(6)
            }
          }
        }
        if round == 0 {
          var bytes = try Data(contentsOf: URL(filePath: path))
          bytes.append(contentsOf: Data("{\"id\":99,\"at\":\"half a li".utf8))
          try bytes.write(to: URL(filePath: path))
        }
      }
      let names = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
      #expect(names == ["record.jsonl", "record.jsonl.1", "record.jsonl.2"])
      let numbers = try ["record.jsonl.2", "record.jsonl.1", "record.jsonl"].flatMap {
        try recorded(folder.path + "/" + $0).map(\.id)
      }
      #expect(numbers.last == 20)
      #expect(numbers == Array((numbers.first ?? 0)...20))
    }

    @Test("A file that rotation has deleted is let go: the disk gets its room back")
    func letGo() async throws {
      let path = folder.path + "/record.jsonl"
      try await withEngine { wire in
        while (try? wire.receive(until: "\r\n\r\n")) != nil {
          try wire.send("HTTP/1.1 200 OK\r\nContent-Length: 2000\r\n\r\n")
          try wire.send([UInt8](repeating: 97, count: 2000))
        }
      } change: {
        $0.record = path
        $0.rotation = .init(bytes: 2000, age: 86_400, kept: 1)
      } proxy: { proxy in
        let first = try await blocking {
          let client = try Wire(to: proxy.port)
          for count in 1...6 {
            try client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
            _ = try client.receive(until: "\r\n\r\n")
            _ = try client.receive(count: 2000)
            // The page asks for what is gathered to be written.
            let page = try Wire(to: proxy.port)
            try page.send(
              "GET /_proxy/exchange/\(count) HTTP/1.1\r\nHost: 127.0.0.1:\(proxy.port)\r\nConnection: close\r\n\r\n"
            )
            #expect(String(decoding: try page.receiveAll(), as: UTF8.self).contains("\"sent\""))
          }
          let page = try Wire(to: proxy.port)
          try page.send(
            "GET /_proxy/exchange/1 HTTP/1.1\r\nHost: 127.0.0.1:\(proxy.port)\r\nConnection: close\r\n\r\n"
          )
          return String(decoding: try page.receiveAll(), as: UTF8.self)
        }
        #expect(first.hasPrefix("HTTP/1.1 200 OK") && !first.contains("\"sent\""))
        let open = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")) ?? []
        let deleted = open.compactMap {
          try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/\($0)")
        }.filter { $0.hasPrefix(folder.path) && $0.contains("(deleted)") }
        #expect(deleted == [])
      }
    }

    @Test("A file rotates by its age, which the first line tells", arguments: [1, 9])
    func age(_ days: Int) async throws {
      let path = folder.path + "/record.jsonl"
      let first = timestamp(wallClock() - Int64(days) * 86_400_000_000_000)
      let old = "{\"id\":41,\"at\":\"\(first)\",\"sent\":{\"headers\":[]}}\n"
      try Data(old.utf8).write(to: URL(filePath: path))
      try await withEngine { wire in
        _ = try wire.receive(until: "\r\n\r\n")
        try wire.send("HTTP/1.1 204 None\r\n\r\n")
      } change: {
        $0.record = path
        $0.rotation = .init(age: 7 * 86_400)
      } proxy: { proxy in
        try await blocking {
          let client = try Wire(to: proxy.port)
          try client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
          _ = try client.receive(until: "\r\n\r\n")
        }
      }
      let names = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
      #expect(names == (days == 9 ? ["record.jsonl", "record.jsonl.1"] : ["record.jsonl"]))
      let text = try String(contentsOfFile: path + (days == 9 ? ".1" : ""), encoding: .utf8)
      #expect(text.hasPrefix(old) && text.contains("{\"id\":42,"))
    }

    @Test(
      "A prompt too large for memory is understood and shown all the same, recorded or not",
      arguments: [true, false])
    func largePrompt(_ isRecorded: Bool) async throws {
      let text = String(repeating: "word ", count: 400_000)
      let body = #"{"model":"tiny","messages":[{"role":"user","content":"\#(text)"}]}"#
      try await withEngine { wire in
        _ = try wire.receive(until: "\r\n\r\n")
        _ = try wire.receive(count: body.utf8.count)
        try wire.send("HTTP/1.1 204 None\r\n\r\n")
      } change: {
        $0.record = isRecorded ? folder.path + "/record.jsonl" : nil
        $0.output = .conversation
      } proxy: { proxy in
        try await blocking {
          let client = try Wire(to: proxy.port)
          try client.send(
            "POST /v1/messages HTTP/1.1\r\nHost: h\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
          )
          _ = try client.receive(until: "\r\n\r\n")
        }
        let summary = try #require(try await proxy.events.summaries(1).first)
        #expect(summary.request.model == "tiny")
        #expect(summary.request.messagesBytes ?? 0 > 2_000_000)
        #expect(proxy.events.transcripts == [[.asked(text)]])
      }
    }

    @Test("Two proxies do not write to one record")
    func locked() async throws {
      let path = folder.path + "/record.jsonl"
      try await withEngine { _ in
      } change: {
        $0.record = path
      } proxy: { proxy in
        await #expect(throws: ProxyError.self) {
          try await withProxy(to: "http://127.0.0.1:1", { $0.record = path }) { _ in }
        }
      }
    }
  }
}

/// A recorded line as a reader in another language sees it.
struct RecordedLine: Decodable {
  struct Message: Decodable {
    var headers: [[String]]
    var body: String?
    var base64: String?
    var truncated: Bool?
    var leftOut: String?
    var marks: [[Int]]?
  }
  var id: Int
  var target: String
  var responseSize: Int
  var sent: Message
  var received: Message?
}

func recorded(_ path: String) throws -> [RecordedLine] {
  try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n").map {
    try JSONDecoder().decode(RecordedLine.self, from: Data($0.utf8))
  }
}

/// A folder that goes with the test.
final class TemporaryFolder: Sendable {
  let path: String

  init() {
    path =
      FileManager.default.temporaryDirectory.path
      + "/proxy-tests-\(UInt64.random(in: .min ... .max))"
    try! FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }
}
