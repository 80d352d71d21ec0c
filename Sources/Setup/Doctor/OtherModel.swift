/// What the wizard would recommend now, where the models that are here have been asked what they are.
///
/// - Parameter rejected: a model that has been seen to fail, which is not proposed again.
func recommendation(
  from catalogue: Catalogue, _ budget: MemoryBudget, freeDisk: Int, _ ollama: OllamaServer,
  _ models: [OllamaServer.Model], without rejected: String? = nil
) async -> Recommendation {
  var present = PresentModel.all(
    among: models.map { ($0.name, $0.size, $0.details?.contextLength) })
  for index in present.indices {
    // A name of the catalogue may mean another model here: it is asked itself.
    guard let details = try? await ollama.details(present[index].name.description) else {
      continue
    }
    present[index].tools = details.description.capabilities?.contains("tools")
    present[index].geometry = details.info?.geometry
    present[index].nativeContext = details.info?.nativeContext
  }
  var catalogue = catalogue
  if let rejected = rejected.flatMap({ try? ModelName($0) }) {
    let known = catalogue.model(named: rejected)?.name ?? rejected
    present.removeAll { (catalogue.model(named: $0.name)?.name ?? $0.name) == known }
    catalogue.models.removeAll { $0.name == known }
  }
  return recommend(from: catalogue, budget: budget, freeDisk: freeDisk, present: present)
}
