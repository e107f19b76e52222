import Lifecycle
import Testing

@testable import ObserverCapture

@Suite struct AdmissionTests {
    static func at(_ milliseconds: Int64) -> MonotonicInstant {
        MonotonicInstant(nanoseconds: milliseconds * 1_000_000)
    }

    @Test func `a place that is given back is free at once`() throws {
        var places = Places(limit: 2)
        let taken = places.take(at: Self.at(0))
        let first = try #require(taken)
        let second = places.take(at: Self.at(0))
        let third = places.take(at: Self.at(0))
        #expect(second != nil && third == nil)
        places.giveBack(first)
        let fourth = places.take(at: Self.at(1))
        #expect(fourth != nil)
    }

    @Test func `cameras that hang keep a returning one out for a second at most`() throws {
        var places = Places(limit: 16)
        var hanging: [Places.Ticket] = []
        for _ in 0..<16 {
            let ticket = places.take(at: Self.at(0))
            hanging.append(try #require(ticket))
        }
        let early = places.take(at: Self.at(999))
        let returning = places.take(at: Self.at(1000))
        #expect(early == nil && returning != nil)
        // Those that hung give back what they no longer have.
        for ticket in hanging { places.giveBack(ticket) }
        var count = 0
        while places.take(at: Self.at(1001)) != nil { count += 1 }
        #expect(count == 15)
    }
}
