import System
import ObserverCore
import Testing

@testable import ObserverCapture

@Suite struct RecorderStateTests {
    static func at(_ seconds: Double) -> MonotonicInstant {
        MonotonicInstant(nanoseconds: Int64(seconds * 1_000_000_000))
    }

    /// A recorder that has recorded from 0 s on.
    static func recording() -> RecorderState {
        var state = RecorderState()
        state.handle(.opened, at: at(0))
        state.handle(.recording, at: at(0))
        return state
    }

    @Test func `a recorder begins by opening, then reads`() {
        var state = RecorderState()
        #expect(state.step(at: Self.at(0)) == .open)
        state.handle(.opened, at: Self.at(1))
        #expect(state.step(at: Self.at(1)) == .read)
    }

    @Test func `a camera in quarantine is left alone until its end, or until a person wants it`() {
        var state = Self.recording()
        state.handle(.quarantined(until: Self.at(3600)), at: Self.at(1))
        #expect(state.step(at: Self.at(3599)) == .wait(until: Self.at(3600)))
        #expect(state.step(at: Self.at(3600)) == .open)
        state.handle(.retry, at: Self.at(2))
        #expect(state.step(at: Self.at(2)) == .open)
    }

    @Test func `a camera that floods is left alone for longer each time, until it was recorded for a minute`() {
        var state = Self.recording()
        for (begun, wait) in [(100.0, 5.0), (200, 10), (300, 20), (400, 40), (500, 60), (600, 60)] {
            state.handle(.failed(.badStream, isFlooded: true), at: Self.at(begun))
            #expect(state.step(at: Self.at(begun + 1)) == .wait(until: Self.at(begun + wait)))
            #expect(state.step(at: Self.at(begun + wait)) == .open)
            state.handle(.opened, at: Self.at(begun + wait))
        }
        state.handle(.recording, at: Self.at(700))
        state.handle(.failed(.badStream, isFlooded: true), at: Self.at(761))
        #expect(state.step(at: Self.at(762)) == .wait(until: Self.at(766)))
        state.handle(.failed(.stalled), at: Self.at(800), chance: 0)
        #expect(state.step(at: Self.at(803)) == .open)
    }

    @Test func `a stream of a large picture is no flood, nor is what a server has kept`() {
        func isFlood(_ bytes: Int, isOpen: Bool = true, at time: Double) -> Bool {
            var watch = FloodWatch(at: Self.at(10))
            if isOpen { watch.open() }
            watch.note(bytes, at: Self.at(time))
            return watch.isFlood
        }
        #expect(!isFlood(50_000_000, at: 30) && !isFlood(9_000_000, at: 10))
        // Before a camera has said what it has, nothing is expected of it.
        #expect(isFlood(500_000, isOpen: false, at: 12))
        #expect(!isFlood(500_000, at: 12) && !isFlood(65_536, isOpen: false, at: 12))
        #expect(isFlood(30_000_000, at: 10.5) && isFlood(1_000_000_000, at: 26))
        var watch = FloodWatch(at: Self.at(10))
        watch.note(500_000, at: Self.at(11))
        watch.open()
        watch.note(500_000, at: Self.at(20))
        #expect(watch.isFlood, "what it was before is not forgotten")
    }

    @Test func `a wish ends the wait, after a refused password too, and changes nothing else`() {
        var state = Self.recording()
        state.handle(.retry, at: Self.at(1))
        #expect(state.step(at: Self.at(1)) == .read)
        state.handle(.failed(.unauthorized), at: Self.at(100))
        #expect(state.step(at: Self.at(101)) == .wait(until: Self.at(160)))
        state.handle(.retry, at: Self.at(101))
        #expect(state.step(at: Self.at(101)) == .open)
        state.handle(.failed(.unauthorized), at: Self.at(102))
        #expect(state.step(at: Self.at(103)) == .wait(until: Self.at(222)), "the back-off goes on where it was")
        state.handle(.disk(isFull: true), at: Self.at(103))
        state.handle(.retry, at: Self.at(104))
        #expect(state.step(at: Self.at(104)) == .pause)
    }

    @Test func `a closed port is probed at every second, and opened as soon as it answers, even after a day`() {
        var state = Self.recording()
        state.handle(.failed(.unreachable), at: Self.at(100))
        for second in stride(from: 101.0, to: 86_500, by: 61) {
            #expect(state.step(at: Self.at(second)) != .open || second < 103)
            state.handle(.probed(isAnswered: false), at: Self.at(second))
            #expect(state.step(at: Self.at(second)) == .probe(until: Self.at(second + 1)))
        }
        state.handle(.probed(isAnswered: true), at: Self.at(86_501))
        #expect(state.step(at: Self.at(86_501)) == .open)
    }

    @Test func `a camera whose port answers is opened again at most 1.5 s apart for ten minutes`() {
        var state = Self.recording()
        var now = 100.0
        while now < 690 {
            state.handle(.failed(.notFound), at: Self.at(now))
            state.handle(.probed(isAnswered: true), at: Self.at(now))
            guard case .wait(let until) = state.step(at: Self.at(now)) else {
                Issue.record("it does not wait")
                return
            }
            #expect(until <= Self.at(now + 1.5))
            #expect(until >= Self.at(now + 1))
            #expect(state.step(at: until) == .open)
            now += 3
        }
    }

    @Test func `however long a camera could not be recorded, it is opened every 3 s`() {
        var state = Self.recording()
        var now = 100.0
        var longest = Duration.zero
        for _ in 0..<400 {
            state.handle(.failed(.notFound), at: Self.at(now))
            state.handle(.probed(isAnswered: true), at: Self.at(now))
            if case .wait(let until) = state.step(at: Self.at(now)) { longest = max(longest, until - Self.at(now)) }
            now += 3
        }
        #expect(longest == .seconds(3))
    }

    @Test func `a refused password is tried after 1 min, growing to 30 min`() {
        var state = RecorderState()
        var waits: [Int64] = []
        var now = 0.0
        for _ in 0..<7 {
            state.handle(.failed(.unauthorized), at: Self.at(now))
            guard case .wait(let until) = state.step(at: Self.at(now)) else { continue }
            waits.append((until - Self.at(now)).wholeMilliseconds / 1000)
            now += 4000
        }
        #expect(waits == [60, 120, 240, 480, 960, 1800, 1800])
    }

    @Test func `chance shortens a wait by up to 30 percent`() {
        var state = RecorderState()
        state.handle(.failed(.unauthorized), at: Self.at(0), chance: 1)
        #expect(state.step(at: Self.at(0)) == .wait(until: Self.at(42)))
    }

    @Test func `a minute of recording makes up for earlier trouble`() {
        var state = Self.recording()
        for second in 0..<8 { state.handle(.failed(.notFound), at: Self.at(Double(second * 100))) }
        state.handle(.opened, at: Self.at(1000))
        state.handle(.recording, at: Self.at(1000))
        state.handle(.failed(.notFound), at: Self.at(1061))
        state.handle(.probed(isAnswered: true), at: Self.at(1061))
        #expect(state.step(at: Self.at(1061)) == .wait(until: Self.at(1062)))
    }

    @Test func `a full disk pauses until there is room`() {
        var state = Self.recording()
        state.handle(.disk(isFull: true), at: Self.at(10))
        #expect(state.step(at: Self.at(10)) == .pause)
        state.handle(.disk(isFull: true), at: Self.at(11))
        #expect(state.step(at: Self.at(11)) == .pause)
        state.handle(.disk(isFull: false), at: Self.at(12))
        #expect(state.step(at: Self.at(12)) == .open)
    }
}
