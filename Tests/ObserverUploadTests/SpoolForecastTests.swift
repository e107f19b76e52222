import System
import Testing

@testable import ObserverUpload

/// The figures about the disk and the line.
@Suite struct SpoolForecastTests {
    private let start = MonotonicInstant(nanoseconds: 1_000_000_000_000)

    private func forecast(_ seconds: Int64, _ free: (Int64) -> Int64) -> Int64? {
        var forecast = SpoolForecast()
        for second in stride(from: 0, through: seconds, by: 5) {
            forecast.add(free: free(second), now: start + .seconds(second))
        }
        return forecast.secondsUntilFull
    }

    @Test func `a disk that fills at a steady rate is full when its rest is used up`() {
        #expect(forecast(300) { 10_000_000_000 - $0 * 1_000_000 } == 9_700)
    }

    @Test func `a disk that empties, stands still or wavers is not filling`() {
        #expect(forecast(600) { 1_000_000_000 + $0 * 1000 } == nil)
        #expect(forecast(600) { _ in 1_000_000_000 } == nil)
        #expect(forecast(600) { 1_000_000_000 - ($0 / 5 % 2) * 40_000_000 } == nil)
    }

    @Test func `too little is known at first, and absurd numbers trap nothing`() {
        #expect(forecast(30) { 1_000_000 - $0 } == nil)
        #expect(forecast(600) { $0 % 2 == 0 ? .max : 0 } == nil)
        #expect(forecast(600) { .max - $0 } == nil)
        #expect(forecast(600) { $0 < 100 ? .max - $0 : 0 } == 0)
    }

    @Test func `only the last ten minutes count`() {
        #expect(forecast(3600) { $0 < 2400 ? 10_000_000_000 - $0 * 1_000_000 : 7_600_000_000 } == nil)
    }

    @Test func `the rate is what was stored in the last half minute`() {
        var rate = StoredRate()
        #expect(rate.bytesPerSecond == 0)
        for second in 0...100 as ClosedRange<Int64> {
            rate.add(stored: second < 50 ? second * 1000 : 50_000 + (second - 50) * 2000, now: start + .seconds(second))
        }
        #expect(rate.bytesPerSecond == 2000)
        for second in 101...160 as ClosedRange<Int64> { rate.add(stored: 150_000, now: start + .seconds(second)) }
        #expect(rate.bytesPerSecond == 0)
    }
}
