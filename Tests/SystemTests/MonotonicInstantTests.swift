import System
import Testing

@Suite struct MonotonicInstantTests {
    @Test func `time does not run backwards`() {
        var last = MonotonicInstant.now()
        for _ in 0..<1000 {
            let next = MonotonicInstant.now()
            #expect(next >= last)
            last = next
        }
    }

    @Test func `a sum that does not fit is the last moment there is`() {
        let late = MonotonicInstant(nanoseconds: .max - 1)
        #expect(late + .seconds(1) == MonotonicInstant(nanoseconds: .max))
        #expect(MonotonicInstant(nanoseconds: .min) + .seconds(-1) == MonotonicInstant(nanoseconds: .min))
        #expect(MonotonicInstant.now() + .seconds(Int64.max) > MonotonicInstant.now() + .seconds(1_000_000_000))
    }

    @Test func `a difference of the farthest moments does not overflow`() {
        let span = MonotonicInstant(nanoseconds: .max) - MonotonicInstant(nanoseconds: .min)
        #expect(span > .seconds(9_223_372_036))
    }

    @Test func `the time for poll is rounded up and bounded`() {
        #expect((MonotonicInstant.now() + .nanoseconds(-1)).pollMilliseconds == 0)
        #expect((MonotonicInstant.now() + .seconds(-1)).hasPassed)
        #expect((1...1000).contains((MonotonicInstant.now() + .microseconds(999_500)).pollMilliseconds))
        #expect(MonotonicInstant(nanoseconds: .max).pollMilliseconds == Int32.max)
        #expect(MonotonicInstant(nanoseconds: .min).pollMilliseconds == 0)
    }

    @Test func `whole units of a duration are bounded`() {
        #expect(Duration.seconds(Int64.max).wholeNanoseconds == .max / 2)
        #expect(Duration.seconds(Int64.min).wholeNanoseconds == .min / 2)
        #expect(Duration.microseconds(1999).wholeMilliseconds == 1)
        #expect(Duration.microseconds(-1999).wholeMilliseconds == -1)
    }
}
