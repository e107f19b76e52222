import Glibc
import System
import Testing

@Suite(.timeLimit(.minutes(1))) struct EventPollTests {
    /// The tokens that one wait of at most five seconds reports.
    private static func wait(_ poll: EventPoll, _ limit: Duration = .seconds(5)) -> [UInt64] {
        var tokens: [UInt64] = []
        poll.wait(until: .now() + limit) { tokens.append($0) }
        return tokens
    }

    @Test func `the bell ends a wait, once for each time it is waited for`() throws {
        let poll = try EventPoll()
        let begun = MonotonicInstant.now()
        let ringer = DedicatedThread.start(name: "ringer") { poll.wake() }
        #expect(Self.wait(poll).isEmpty)
        #expect(MonotonicInstant.now() - begun < .seconds(4))
        ringer.join()
        poll.wake()
        poll.wake()
        #expect(Self.wait(poll).isEmpty)
        let silent = MonotonicInstant.now()
        #expect(Self.wait(poll, .milliseconds(50)).isEmpty)
        #expect(MonotonicInstant.now() - silent >= .milliseconds(50))
    }

    @Test func `a descriptor is reported while it is ready, and no more when it is removed`() throws {
        var ends: [Int32] = [0, 0]
        try #require(pipe(&ends) == 0)
        defer { for end in ends { close(end) } }
        let poll = try EventPoll()
        try poll.set(ends[0], interest: .readable, token: 7)
        #expect(Self.wait(poll, .milliseconds(20)).isEmpty)
        #expect(write(ends[1], "x", 1) == 1)
        #expect(Self.wait(poll) == [7])
        #expect(Self.wait(poll) == [7])
        poll.remove(ends[0])
        #expect(Self.wait(poll, .milliseconds(20)).isEmpty)
        try poll.set(ends[1], interest: .writable, token: 8)
        #expect(Self.wait(poll) == [8])
        try poll.set(ends[1], interest: .readable, token: 9)
        #expect(Self.wait(poll, .milliseconds(20)).isEmpty)
    }

    @Test func `a descriptor that is not open is refused`() throws {
        let poll = try EventPoll()
        #expect(throws: SystemError.self) { try poll.set(-1, interest: .readable, token: 1) }
    }
}
