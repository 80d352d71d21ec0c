import NIOCore
import Testing

@testable import Proxy

extension OverTheWire {
  /// Samples of what `make soak` does for minutes to the release binary.
  @Suite struct EnduranceTests {
    let folder = TemporaryFolder()

    @Test("Streams at the same time lose and mix up nothing, at the client and in the record")
    func streams() async throws {
      let path = folder.path + "/record.jsonl"
      let (streams, events) = (24, 60)
      let expected = (0..<events).map { "data: \($0)\n\n" }.joined()
      try await withEngine { wire in
        let head = try wire.receive(until: "\r\n\r\n")
        let name = head.split(separator: " ")[1].dropFirst()
        try wire.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX-Name: \(name)\r\n\r\n")
        for number in 0..<events {
          let event = "data: \(number)\n\n"
          try wire.send("\(String(event.utf8.count, radix: 16))\r\n\(event)\r\n")
          if number % 7 == 0 { usleepMillisecond(3) }
        }
        try wire.send("0\r\n\r\n")
      } change: {
        $0.record = path
      } proxy: { proxy in
        let answers = try await withThrowingTaskGroup(of: (Int, String).self) { group in
          for number in 0..<streams {
            group.addTask {
              try await blocking {
                let client = try Wire(to: proxy.port)
                try client.send("GET /\(number) HTTP/1.1\r\nHost: h\r\n\r\n")
                let head = try client.receive(until: "\r\n\r\n")
                #expect(head.contains("X-Name: \(number)\r\n"))
                return (number, try client.receive(until: "\r\n0\r\n\r\n"))
              }
            }
          }
          return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(answers.count == streams)
        for (_, answer) in answers {
          #expect(answer.matches(of: /data: \d+\n\n/).map { $0.output }.joined() == expected)
        }
      }
      let lines = try recorded(path)
      #expect(lines.map(\.target).sorted() == (0..<streams).map { "/\($0)" }.sorted())
      #expect(lines.allSatisfy { $0.received?.body == expected })
    }

    @Test("One event of 6 MB is passed and recorded whole, and so is what follows it")
    func largeEvent() async throws {
      let path = folder.path + "/record.jsonl"
      let event = "data: " + String(repeating: "0123456789abcdef", count: (6 << 20) / 16) + "\n\n"
      let last = "data: last\n\n"
      try await withEngine { wire in
        _ = try wire.receive(until: "\r\n\r\n")
        try wire.send(
          "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
            + "\(String(event.utf8.count, radix: 16))\r\n")
        try wire.send(event + "\r\nc\r\n\(last)\r\n0\r\n\r\n")
      } change: {
        $0.record = path
      } proxy: { proxy in
        let count = event.utf8.count + 2 + 3 + 12 + 2
        let answer = try await blocking {
          let client = try Wire(to: proxy.port)
          try client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
          _ = try client.receive(until: "\r\n\r\n")
          _ = try client.receive(until: "\r\n")
          return try client.receive(count: count)
        }
        #expect(answer == Array((event + "\r\nc\r\n\(last)\r\n").utf8))
      }
      #expect(try recorded(path).first?.received?.body == event + last)
    }

    @Test("Requests in a row on one connection are recorded one by one")
    func manyRequests() async throws {
      let path = folder.path + "/record.jsonl"
      let total = 600
      try await withEngine { wire in
        while let head = try? wire.receive(until: "\r\n\r\n") {
          let name = head.split(separator: " ")[1]
          try wire.send("HTTP/1.1 200 OK\r\nContent-Length: \(name.utf8.count)\r\n\r\n\(name)")
        }
      } change: {
        $0.record = path
        $0.rotation.bytes = 1 << 30
      } proxy: { proxy in
        try await blocking {
          let client = try Wire(to: proxy.port)
          for number in 0..<total {
            try client.send("GET /\(number) HTTP/1.1\r\nHost: h\r\n\r\n")
            _ = try client.receive(until: "\r\n\r\n/\(number)")
          }
        }
      }
      let lines = try recorded(path)
      #expect(lines.map(\.id) == Array(1...total))
      #expect(lines.map(\.target) == (0..<total).map { "/\($0)" })
      #expect(lines.map { $0.received?.body } == (0..<total).map { "/\($0)" })
    }

    @Test("The times of a stream that goes on for hours fill no memory and stay true")
    func marks() {
      let head = "HTTP/1.1 200 OK\r\n\r\n"
      var parcel = Parcel(id: 1)
      parcel.requestHead = ByteBuffer(string: "GET / HTTP/1.1\r\n\r\n")
      parcel.responseHead = ByteBuffer(string: head)
      var assembly = Assembly(
        id: 1, head: parcel.requestHead!, limits: (1 << 20, 1 << 20), spillPath: nil)
      assembly.take(parcel)
      let count = 100_000
      for start in stride(from: 0, to: count, by: 1000) {
        var parcel = Parcel(id: 1)
        parcel.response = [ByteBuffer(repeating: 10, count: 1000)]
        parcel.marks = (1...1000).map {
          Mark(bytes: start + $0, nanoseconds: Int64(start + $0) * 1_000_000)
        }
        assembly.take(parcel)
      }
      #expect(assembly.marks.count <= Assembly.mostMarks)
      #expect(assembly.marks.count > Assembly.mostMarks / 4)
      for mark in assembly.marks { #expect(mark.microseconds == Int64(mark.bytes) * 1000) }
      #expect(assembly.response?.size == count)
    }
  }
}
