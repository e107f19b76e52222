import Media
import System
import Testing

@testable import ObserverCapture

@Suite struct LibraryHistoryTests {
    private static let error = MediaError(.badStream, "the program broke down (signal 11)")

    private static func at(_ seconds: Int64) -> MonotonicInstant {
        MonotonicInstant(nanoseconds: seconds * 1_000_000_000)
    }

    @Test func `the third breakdown within an hour keeps the library away for an hour`() {
        var history = LibraryHistory()
        history.breakDown(Self.error, at: Self.at(0))
        history.breakDown(Self.error, at: Self.at(1000))
        #expect(history.quarantineEnd(at: Self.at(1000)) == nil)
        history.breakDown(Self.error, at: Self.at(3599))
        #expect(history.quarantineEnd(at: Self.at(3599)) == Self.at(7199))
        #expect(history.refusal.kind == .badStream && history.refusal.detail.contains("signal 11"))
        #expect(history.quarantineEnd(at: Self.at(7199)) == nil)
        history.breakDown(Self.error, at: Self.at(7200))
        #expect(history.quarantineEnd(at: Self.at(7200)) == nil)
    }

    @Test func `breakdowns of more than an hour ago do not count`() {
        var history = LibraryHistory()
        for number in 0..<20 { history.breakDown(Self.error, at: Self.at(Int64(number) * 1800)) }
        #expect(history.quarantineEnd(at: Self.at(19 * 1800)) == nil)
    }

    @Test func `a person ends the quarantine, and three breakdowns begin another`() {
        var history = LibraryHistory()
        for number in 0..<3 { history.breakDown(Self.error, at: Self.at(Int64(number))) }
        #expect(history.quarantineEnd(at: Self.at(3)) != nil)
        history.lift()
        #expect(history.quarantineEnd(at: Self.at(3)) == nil)
        for number in 3..<5 { history.breakDown(Self.error, at: Self.at(Int64(number))) }
        #expect(history.quarantineEnd(at: Self.at(5)) == nil)
        history.breakDown(Self.error, at: Self.at(5))
        #expect(history.quarantineEnd(at: Self.at(5)) != nil)
    }

    @Test func `a camera that needs the library is tried without it after an hour`() {
        var history = LibraryHistory()
        #expect(!history.isForeign(at: Self.at(0)))
        history.foundForeign(at: Self.at(0))
        #expect(history.isForeign(at: Self.at(3599)) && !history.isForeign(at: Self.at(3600)))
    }
}
