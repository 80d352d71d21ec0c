import Rehearsal
import Testing

/// Tags, show, copy, create, delete and ps with a model there.
@Suite struct ModelTests {
  @Test func tagsListWhatIsThereAsEachVersionDoes() async throws {
    for version in ["0.14.3", "0.32.15"] {
      try await withServer(.test(version: version)) { client in
        try await client.pull("tiny")
        let body = try await client.send("GET", "/api/tags").body
        let details =
          #""details":{"parent_model":"","format":"gguf","family":"llama","families":["llama"],"parameter_size":"1.5M","quantization_level":"F16""#
        #expect(
          body.hasPrefix(
            #"{"models":[{"name":"tiny:latest","model":"tiny:latest","modified_at":"20"#))
        #expect(body.contains(details))
        #expect(
          body.hasSuffix(
            version == "0.14.3"
              ? #""quantization_level":"F16"}}]}"#
              : #""quantization_level":"F16","context_length":131072,"embedding_length":256},"capabilities":["completion","tools"]}]}"#
          ))
      }
    }
  }

  @Test func showHasTheKeysThatMemoryIsReckonedFrom() async throws {
    try await withServer(.test { $0.catalogue = CatalogueModel.library }) { client in
      try await client.pull("qwen3.6:27b")
      let body = try await client.post("/api/show", #"{"model":"qwen3.6:27b"}"#).body
      for part in [
        #""qwen35.attention.head_count_kv":4,"#, #""qwen35.attention.key_length":256,"#,
        #""qwen35.attention.value_length":256,"#, #""qwen35.block_count":64,"#,
        #""qwen35.context_length":262144,"#, #""qwen35.full_attention_interval":4"#,
        #""general.architecture":"qwen35","#, #""capabilities":["completion","tools","thinking"]"#,
        #"FROM qwen3.6:27b\n\nFROM /"#,
        #""parameters":"stop                           \"\u003c|im_start|\u003e\"\nstop  "#,
      ] { #expect(body.contains(part), "\(part)") }
      let keys = [
        "license", "modelfile", "parameters", "template", "details", "model_info", "capabilities",
        "modified_at",
      ]
      let places = keys.compactMap { body.firstRange(of: "\"\($0)\":")?.lowerBound }
      #expect(places.count == keys.count)
      #expect(places == places.sorted())
    }
  }

  @Test func copyIsAnotherNameOfTheSameModel() async throws {
    try await withServer { client in
      try await client.pull("tiny")
      for name in ["claude-sonnet-4-6", "claude-opus-4-5-20251101:latest", "tiny"] {
        let wire = try await client.post(
          "/api/copy", #"{"source":"tiny","destination":"\#(name)"}"#)
        #expect(wire.status == 200)
        #expect(wire.headers == ["content-length": "0"])
      }
      let body = try await client.send("GET", "/api/tags").body
      let digests = body.ranges(of: #""digest":""#).map { body[$0.upperBound...].prefix(64) }
      #expect(digests.count == 3)
      #expect(Set(digests).count == 1)
    }
  }

  @Test func createTellsItsLayersAndLooksAtNoParameter() async throws {
    try await withServer { client in
      try await client.pull("tiny")
      let wire = try await client.post(
        "/api/create", #"{"model":"tiny-2k","from":"tiny","parameters":{"num_ctx":2048}}"#)
      #expect(wire.headers["content-type"] == "application/x-ndjson")
      #expect(wire.lines.count == 6)
      #expect(wire.lines[0].hasPrefix(#"{"status":"using existing layer sha256:"#))
      #expect(wire.lines[3].hasPrefix(#"{"status":"creating new layer sha256:"#))
      #expect(
        wire.lines.suffix(2) == [#"{"status":"writing manifest"}"#, #"{"status":"success"}"#])
      let show = try await client.post("/api/show", #"{"model":"tiny-2k"}"#).body
      #expect(show.contains(#"num_ctx                        2048\nstop"#))
      #expect(show.contains(#"PARAMETER num_ctx 2048\n"#))

      let wrong = try await client.post(
        "/api/create",
        #"{"model":"bad","from":"tiny","stream":false,"parameters":{"num_ctx":"32k","nosuch":1}}"#)
      #expect(wrong.body == #"{"status":"success"}"#)
      let use = try await client.post(
        "/api/chat", #"{"model":"bad","messages":[{"role":"user","content":"x"}]}"#)
      #expect(use.status == 500)
      #expect(use.body == #"{"error":"option \"num_ctx\" must be of type integer"}"#)
      let unknown = try await client.post(
        "/api/chat",
        #"{"model":"tiny","options":{"nosuch":1},"stream":false,"messages":[{"role":"user","content":"x"}]}"#
      )
      #expect(unknown.status == 200)
    }
  }

  @Test func createFromAMissingModelTurnsIntoAPull() async throws {
    try await withServer { client in
      let wire = try await client.post("/api/create", #"{"model":"x","from":"nosuch"}"#)
      #expect(wire.status == 200)
      #expect(
        wire.lines == [
          #"{"status":"pulling manifest"}"#,
          #"{"error":"pull model manifest: file does not exist"}"#,
        ])
      let pulled = try await client.post("/api/create", #"{"model":"x","from":"tiny"}"#)
      #expect(pulled.lines.first == #"{"status":"pulling manifest"}"#)
      #expect(pulled.lines.last == #"{"status":"success"}"#)
    }
  }

  @Test func deleteKeepsWhatAnotherNameUses() async throws {
    try await withServer { client in
      try await client.pull("tiny")
      _ = try await client.post("/api/copy", #"{"source":"tiny","destination":"other"}"#)
      let wire = try await client.send("DELETE", "/api/delete", #"{"name":"tiny"}"#)
      #expect(wire.status == 200)
      #expect(wire.body == "")
      #expect(try await client.send("GET", "/api/tags").body.contains(#""name":"other:latest""#))
      #expect(try await client.post("/api/show", #"{"model":"tiny"}"#).status == 404)
      #expect(try await client.post("/api/show", #"{"model":"other"}"#).status == 200)
    }
  }

  @Test(arguments: [("0.14.3", 404), ("0.32.15", 200)])
  func caseMattersToTheOlderOne(version: String, status: Int) async throws {
    try await withServer(.test(version: version)) { client in
      try await client.pull("tiny")
      let body = #"{"model":"TINY","max_tokens":1,"messages":[{"role":"user","content":"x"}]}"#
      let wire = try await client.post("/v1/messages", body)
      #expect(wire.status == status)
      // The answer echoes the request's spelling.
      if status == 200 { #expect(wire.body.contains(#""model":"TINY""#)) }
      #expect(try await client.post("/api/show", #"{"model":"TINY"}"#).status == status)
    }
  }

  @Test func psListsOnlyWhatIsLoaded() async throws {
    try await withServer { client in
      try await client.pull("tiny")
      #expect(try await client.send("GET", "/api/ps").body == #"{"models":[]}"#)
      let load = try await client.post("/api/generate", #"{"model":"tiny","keep_alive":"10m"}"#)
      #expect(load.body.contains(#""response":"","done":true,"done_reason":"load"}"#))
      let body = try await client.send("GET", "/api/ps").body
      #expect(body.hasPrefix(#"{"models":[{"name":"tiny:latest","model":"tiny:latest","size":"#))
      #expect(body.hasSuffix(#","size_vram":0,"context_length":4096}]}"#))
      let unload = try await client.post("/api/generate", #"{"model":"tiny","keep_alive":0}"#)
      #expect(unload.body.contains(#""done_reason":"unload""#))
      #expect(try await client.send("GET", "/api/ps").body == #"{"models":[]}"#)
    }
  }

  @Test func keepAliveEnds() async throws {
    try await withServer { client in
      try await client.pull("tiny")
      _ = try await client.post("/api/generate", #"{"model":"tiny","keep_alive":2}"#)
      #expect(try await client.send("GET", "/api/ps").body.contains("tiny"))
      let loaded = ContinuousClock.now
      while try await client.send("GET", "/api/ps").body.contains("tiny") {
        try #require(ContinuousClock.now - loaded < .seconds(20))
        try await Task.sleep(for: .milliseconds(50))
      }
      _ = try await client.post("/api/generate", #"{"model":"tiny","keep_alive":-1}"#)
      #expect(try await client.send("GET", "/api/ps").body.contains(#""expires_at":"23"#))
    }
  }
}
