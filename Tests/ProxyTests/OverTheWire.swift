import Testing

/// Tests with real sockets run one after the other: what they wait for is time as well as bytes.
@Suite(.serialized) struct OverTheWire {}
