import Testing

@testable import Media

@Suite struct WallClockTests {
    @Test func `the least delayed frame tells the time`() {
        var clock = WallClock()
        for index in 0..<100 {
            let delay: Int64 = index == 60 ? 5_000 : 200_000
            clock.observe(media90k: Int64(index) * 3600, arrival: 1_000_000_000 + Int64(index) * 40_000 + delay)
        }
        #expect(clock.time(media90k: 0) == 1_000_005_000)
    }

    @Test func `a slow drift is followed by at most 500 ppm`() {
        var clock = WallClock()
        // The camera's clock is 100 ppm slow: after an hour 360 ms.
        for index in 0..<(25 * 3600) {
            let media = Int64(index) * 3600
            clock.observe(media90k: media, arrival: Int64(index) * 40_000 * 10_001 / 10_000)
        }
        let end = Int64(25 * 3600)
        let error = (clock.time(media90k: end * 3600) ?? 0) - end * 40_000 * 10_001 / 10_000
        #expect(abs(error) < 20_000)
        #expect(clock.steps == 0)
    }

    @Test func `a clock that was set is taken over`() {
        var clock = WallClock()
        for index in 0..<(25 * 200) {
            let step: Int64 = index < 25 * 100 ? 0 : 3_600_000_000
            clock.observe(media90k: Int64(index) * 3600, arrival: Int64(index) * 40_000 + step)
        }
        #expect(clock.time(media90k: 0) == 3_600_000_000)
        #expect(clock.steps == 1)
    }
}
