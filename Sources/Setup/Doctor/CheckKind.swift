extension Check {
  /// What a check is about: what its id begins with.
  public enum Kind: String, Sendable, Hashable, CaseIterable {
    case receipt
    case receiptUnreadable = "receipt-unreadable"
    case notSetUp = "not-set-up"
    case plan
    case settingsFile = "settings-file"
    case composeFile = "compose-file"
    case composeGPUFile = "compose-gpu-file"
    case composeEnvFile = "compose-env-file"
    case manual
    case completions
    case leftOver = "left-over"

    case docker
    case container
    case containerMissing = "container-missing"
    case containerStopped = "container-stopped"
    case containerUnhealthy = "container-unhealthy"
    case containerResources = "container-resources"

    case server
    case serverDown = "server-down"
    case serverMoved = "server-moved"
    case serverTooOld = "server-too-old"
    case portTaken = "port-taken"
    case proxy
    case proxyProgramMissing = "proxy-program-missing"
    case proxyStopped = "proxy-stopped"
    case proxyElsewhere = "proxy-elsewhere"
    case proxyBlocked = "proxy-blocked"

    case model
    case modelMissing = "model-missing"
    case modelWithoutTools = "model-without-tools"
    case derivedModelMissing = "derived-model-missing"
    case context
    case contextWrong = "context-wrong"
    case contextTooSmall = "context-too-small"

    case aliases
    case aliasMissing = "alias-missing"

    case function
    case functionMissing = "function-missing"
    case functionOutdated = "function-outdated"
    case functionHidden = "function-hidden"
    case blockMissing = "block-missing"
    case blockDamaged = "block-damaged"
    case blockNotReached = "block-not-reached"

    case settings
    case variable
    case tokenBeaten = "token-beaten"

    case claude
    case client
    case clientContract = "client-contract"
    case clientContractChanged = "client-contract-changed"
    case onboarding

    case prompt
    case loadedContext = "loaded-context"

    case disk

    case deep
    case deepSpeed = "deep-speed"
    case deepContext = "deep-context"
    case deepGPU = "deep-gpu"
    case deepTiers = "deep-tiers"
    case deepLoads = "deep-loads"
    case deepTools = "deep-tools"
    case deepClient = "deep-client"
    case deepCache = "deep-cache"
    case deepWait = "deep-wait"
  }
}
