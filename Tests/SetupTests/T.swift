import CustomDump
import Testing
@Test func nothing() {}
