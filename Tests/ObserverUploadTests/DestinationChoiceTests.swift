import ObserverCore
import System
import Testing

@testable import ObserverUpload

@Suite struct DestinationChoiceTests {
    private let start = MonotonicInstant(nanoseconds: 1_000_000_000_000)

    private func at(_ seconds: Int) -> MonotonicInstant { start + .seconds(seconds) }

    private func choice(_ count: Int, copies: Int = 1) -> DestinationChoice {
        DestinationChoice(among: Array(Destination.allCases.prefix(count)), copies: copies, patience: .seconds(60))
    }

    @Test func `one destination is never passed over`() {
        var choice = choice(1)
        choice.troubled(.home, begun: at(0), now: at(1))
        let passed = choice.newlyPassedOver(now: at(100_000))
        #expect(passed.isEmpty)
        #expect(choice.candidates([], now: at(100_000)) == [.home])
    }

    @Test func `a destination that takes nothing for its time is passed over`() {
        var choice = choice(2)
        choice.troubled(.home, begun: at(0), now: at(30))
        #expect(choice.candidates([], now: at(59)) == [.home])
        choice.troubled(.home, begun: at(30), now: at(59))
        let early = choice.newlyPassedOver(now: at(59))
        #expect(early.isEmpty)
        #expect(choice.candidates([], now: at(60)) == [.second])
        let passed = [choice.newlyPassedOver(now: at(60)), choice.newlyPassedOver(now: at(61))]
        #expect(passed == [[.home], []])
        #expect(choice.passedOver == .home)
    }

    @Test func `one that takes something now and then keeps its place`() {
        var choice = choice(2)
        for minute in 0..<10 {
            choice.troubled(.home, begun: at(minute * 50), now: at(minute * 50 + 20))
            let hasReturned = choice.taken(.home, now: at(minute * 50 + 49))
            #expect(!hasReturned)
        }
        #expect(choice.candidates([], now: at(5000)) == [.home])
    }

    @Test func `what was asked of it before it took something does not count`() {
        var choice = choice(2)
        _ = choice.taken(.home, now: at(50))
        choice.troubled(.home, begun: at(40), now: at(70))
        #expect(!choice.isPassedOver(.home, now: at(109)) && choice.isPassedOver(.home, now: at(110)))
    }

    @Test func `one segment at a time asks a destination that is passed over, and gives it its place back`() {
        var choice = choice(2)
        choice.troubled(.home, begun: at(0), now: at(60))
        let passed = choice.newlyPassedOver(now: at(60))
        #expect(passed == [.home])
        #expect(choice.candidates([], now: at(75)) == [.home, .second])
        choice.begun(.home, now: at(75))
        #expect(choice.candidates([], now: at(76)) == [.second])
        let hasReturned = choice.taken(.home, now: at(77))
        #expect(hasReturned)
        #expect(choice.candidates([], now: at(77)) == [.home] && choice.passedOver.isEmpty)
    }

    @Test func `when the line is back, those in front are asked at once`() {
        var choice = choice(2)
        choice.troubled(.home, begun: at(0), now: at(60))
        choice.troubled(.second, begun: at(60), now: at(125))
        choice.begun(.home, now: at(126))
        #expect(choice.candidates([], now: at(127)).isEmpty)
        _ = choice.taken(.second, now: at(128))
        #expect(choice.candidates([], now: at(128)) == [.home, .second])
    }

    @Test func `the copies go to the first in order that do not have it`() {
        let choice = choice(3, copies: 2)
        #expect(choice.candidates([], now: at(0)) == [.home] && choice.candidates(.home, now: at(0)) == [.second])
        #expect(choice.isDone([.home, .second]) && !choice.isDone(.home) && choice.wanted == [.home, .second])
    }

    @Test func `another takes the place of one of the copies`() {
        var choice = choice(3, copies: 2)
        choice.troubled(.second, begun: at(0), now: at(60))
        #expect(choice.candidates(.home, now: at(61)) == [.third])
        #expect(choice.isDone([.home, .third]))
    }

    @Test func `as many copies as destinations wait for each`() {
        var choice = choice(2, copies: 2)
        choice.troubled(.second, begun: at(0), now: at(60))
        #expect(choice.candidates(.home, now: at(61)).isEmpty && choice.candidates(.home, now: at(75)) == [.second])
    }
}
