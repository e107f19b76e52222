import ObserverCore
import System
import Testing

@testable import ObserverCapture

@Suite struct StreamHealthTests {
    private static func at(_ seconds: Int64) -> MonotonicInstant {
        MonotonicInstant(nanoseconds: seconds * 1_000_000_000)
    }

    /// The answers to so many lost packets at each of these seconds.
    private static func losses(_ health: inout StreamHealth, _ history: KeyValuePairs<Int64, Int>) -> [Bool] {
        history.map { second, packets in
            health.update(StreamHealth.Facts(lostPackets: packets), at: at(second))
        }
    }

    @Test func `packets that were lost are trouble for a minute, and are counted`() {
        var health = StreamHealth()
        let losses = Self.losses(&health, [0: 0, 1: 3, 2: 3, 30: 5])
        #expect(losses == [false, true, false, true])
        let notes = health.notes(at: Self.at(89))
        #expect(notes.map(\.cause) == [.lossy] && notes[0].detail.hasPrefix("5 packets"))
        #expect(health.notes(at: Self.at(90)).isEmpty)
    }

    @Test func `a new connection counts from zero and loses nothing by that`() {
        var health = StreamHealth()
        let losses = Self.losses(&health, [1: 7, 100: 0, 101: 2])
        #expect(losses == [true, false, true])
        #expect(health.notes(at: Self.at(101)).first?.detail.hasPrefix("2 packets") == true)
    }

    @Test func `each fact has its word and a sentence`() {
        var health = StreamHealth()
        var facts = StreamHealth.Facts()
        facts.followsArrival = true
        facts.dependentSegments = 1
        facts.uncommittedSegments = 2
        facts.leftOut = ["the audio (PCMU) was left out: MP4 or browsers cannot carry it"]
        _ = health.update(facts, at: Self.at(1))
        let notes = health.notes(at: Self.at(2))
        #expect(notes.map(\.cause) == [.noKeyFrames, .clock, .diskFailed, .audioLeftOut])
        #expect(notes.allSatisfy { $0.detail.hasSuffix(".") && $0.detail.first?.isUppercase == true })
        #expect(health.notes(at: Self.at(100)).map(\.cause) == [.clock, .diskFailed, .audioLeftOut])
    }

    @Test(arguments: [(1, 0), (0, 1)]) func `a clock that jumped is trouble for a minute`(camera: Int, recorder: Int) {
        var health = StreamHealth()
        var facts = StreamHealth.Facts()
        (facts.clockJumps, facts.ownClock) = (camera, recorder > 0 ? "It is wrong." : nil)
        _ = health.update(facts, at: Self.at(1))
        #expect(health.notes(at: Self.at(60)).map(\.cause) == [.clock])
        #expect(health.notes(at: Self.at(61)).isEmpty)
    }
}
