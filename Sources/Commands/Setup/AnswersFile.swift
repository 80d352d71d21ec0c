import Setup
import SystemPackage

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// A file of answers: one JSON object whose keys are the questions.
enum AnswersFile {
  static func read(_ path: String, in world: World) throws(Failure) -> [Question.ID: String] {
    let bytes: [UInt8]
    do { bytes = try world.files.read(FilePath(path)) } catch {
      throw Failure(
        "The answers cannot be read", why: "\(path): \(error.reason)", code: .usage)
    }
    let object: [String: Answer]
    do { object = try JSONDecoder().decode([String: Answer].self, from: Data(bytes)) } catch {
      throw Failure(
        "The answers are not a JSON object of texts", why: "\(path): \(error)",
        tryNext: ["For example `{\"engine\": \"docker\", \"model\": \"qwen3:1.7b\"}`"],
        code: .usage)
    }
    var answers: [Question.ID: String] = [:]
    for (key, answer) in object {
      guard let id = Question.ID(rawValue: key) else {
        throw Failure(
          "“\(printable(key))” is no question",
          why:
            "the answers file has one of: \(Question.ID.answerable.map(\.rawValue).joined(separator: ", "))",
          code: .usage)
      }
      answers[id] = answer.text
    }
    return answers
  }

  /// A text, a number (a context) or a list of texts (shells).
  private struct Answer: Decodable {
    var text: String
    init(from decoder: any Decoder) throws {
      let container = try decoder.singleValueContainer()
      if let text = try? container.decode(String.self) {
        self.text = text
      } else if let number = try? container.decode(Int.self) {
        text = "\(number)"
      } else {
        text = try container.decode([String].self).joined(separator: ",")
        if text.isEmpty { text = "none" }
      }
    }
  }
}
