import SeededNumbers
import System
import Testing

@testable import ObserverUpload

/// A line of a certain width and delay, on which as many uploads are under way as may be.
private struct Line {
    /// Bytes a second of the whole line, and of one upload alone.
    var width: Double
    var perUpload: Double
    /// The share by which a second's figure is wrong, at most.
    var noise = 0.0
    var concurrency: UploadConcurrency
    var random: SeededGenerator
    var now = MonotonicInstant(nanoseconds: 1_000_000_000_000)
    var sent = 0.0

    init(width: Double, perUpload: Double, noise: Double = 0, most: Int = 32, seed: UInt64 = 1) {
        (self.width, self.perUpload, self.noise) = (width, perUpload, noise)
        concurrency = UploadConcurrency(most: most)
        random = SeededGenerator(seed: seed)
    }

    /// Passes time; returns the bytes that were sent.
    mutating func pass(seconds: Int, isWaiting: Bool = true) -> Double {
        let before = sent
        for _ in 0..<(seconds * 10) {
            now = now + .milliseconds(100)
            let rate = min(width, perUpload * Double(concurrency.level))
            sent += rate / 10 * (1 + noise * Double.random(in: -1...1, using: &random))
            concurrency.measure(
                sent: Int64(sent),
                underWay: concurrency.level,
                isWaiting: isWaiting,
                now: now
            )
        }
        return sent - before
    }
}

@Suite struct UploadConcurrencyTests {
    @Test func `on a slow line there are few`() {
        var line = Line(width: 125_000, perUpload: 120_000)
        _ = line.pass(seconds: 600)
        #expect(line.concurrency.level <= 2)
    }

    @Test func `on a long line there are many`() {
        // 2.5 MB in 0.4 s.
        var line = Line(width: 1e9, perUpload: 6_250_000)
        _ = line.pass(seconds: 60)
        #expect(line.concurrency.level == 32)
    }

    @Test(arguments: 0..<20 as Range<UInt64>)
    func `as many as fill the line, with noise and for hours`(seed: UInt64) {
        var line = Line(width: 50_000_000, perUpload: 4_000_000, noise: 0.1, seed: seed)
        _ = line.pass(seconds: 300)
        let sent = line.pass(seconds: 3600)
        #expect(sent > 0.93 * 3600 * line.width)
        #expect(line.concurrency.level <= 24)
    }

    @Test func `a line that becomes long is noticed`() {
        var line = Line(width: 20_000_000, perUpload: 10_000_000)
        _ = line.pass(seconds: 600)
        #expect(line.concurrency.level <= 4)
        (line.width, line.perUpload) = (1e9, 2_000_000)
        _ = line.pass(seconds: 600)
        #expect(line.concurrency.level == 32)
    }

    @Test func `with nothing to send nothing changes`() {
        var line = Line(width: 125_000, perUpload: 120_000)
        _ = line.pass(seconds: 600, isWaiting: false)
        #expect(line.concurrency.level == UploadConcurrency.start)
    }

    @Test func `there are never more than allowed, nor none`() {
        for most in [0, 1, 2, 3, 256] {
            var line = Line(width: 1e9, perUpload: 1_000_000, most: most)
            _ = line.pass(seconds: 300)
            #expect(line.concurrency.level == max(1, most))
        }
    }
}
