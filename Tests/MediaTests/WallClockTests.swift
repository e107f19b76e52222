import Testing

@testable import Media

@Suite struct WallClockTests {
    static let frame: Int64 = 40_000_000

    @Test func `a wall clock that creeps is followed`() {
        var clock = WallClock()
        // 500 ppm, the most that a kernel steers: 1.8 s in an hour.
        for index: Int64 in 0..<(25 * 3600) {
            clock.observe(7_000_000 + index * 40_000 * 10_005 / 10_000, at: index * Self.frame)
        }
        let end: Int64 = 25 * 3600
        let error = (clock.time(at: end * Self.frame) ?? 0) - 7_000_000 - end * 40_000 * 10_005 / 10_000
        #expect(abs(error) < 1000)
        #expect(clock.steps == 0)
    }

    @Test(arguments: [-3_600_000_000, -500_000, 500_000, 31_536_000_000_000] as [Int64])
    func `a clock that was set is taken over with the second packet`(step: Int64) {
        var clock = WallClock()
        for index: Int64 in 0..<100 { clock.observe(1_000_000_000 + index * 40_000, at: index * Self.frame) }
        clock.observe(1_004_000_000 + step, at: 100 * Self.frame)
        #expect(clock.steps == 0 && clock.time(at: 0) == 1_000_000_000)
        clock.observe(1_004_040_000 + step, at: 101 * Self.frame)
        #expect(clock.steps == 1 && clock.time(at: 0) == 1_000_000_000 + step)
    }

    @Test func `a moment lost between the readings of both clocks is no step`() {
        var clock = WallClock()
        for index: Int64 in 0..<100 {
            clock.observe(index * 40_000 + (index == 50 ? 700_000 : 0), at: index * Self.frame)
        }
        #expect(clock.steps == 0 && clock.time(at: 0) == 0)
    }

    @Test func `no reading can stop it`() {
        var clock = WallClock()
        for value in [0, Int64.max, .min, -1, 1 << 62, 0] {
            clock.observe(value, at: .max &- value / 2)
            _ = clock.time(at: value)
        }
    }
}
