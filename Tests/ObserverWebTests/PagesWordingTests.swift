import ObserverCore
import Testing

@testable import ObserverWeb

@Suite struct PagesWordingTests {
    @Test(arguments: [
        (0, "0 s"), (400, "0 s"), (7000, "7 s"), (59_600, "1 min"), (192_000, "3 min 12 s"), (840_000, "14 min"),
        (7_500_000, "2 h 5 min"), (36_000_000, "10 h"), (345_600_000, "4 d"),
    ])
    func `lengths of time have one or two units`(_ milliseconds: Int64, _ text: String) {
        #expect(Format.length(milliseconds: milliseconds) == text)
    }

    @Test(arguments: [
        (Int64(812), "812 B"), (812_000, "812 kB"), (2_512_345, "2.5 MB"), (41_300_000_000, "41.3 GB"),
    ])
    func `sizes have one decimal`(_ bytes: Int64, _ text: String) {
        #expect(Format.size(bytes) == text)
    }

    @Test(arguments: [Int64.min, .min + 1, -1, .max - 1, .max])
    func `no number can stop a page`(_ number: Int64) {
        #expect(!Format.length(milliseconds: number).isEmpty && !Format.fineLength(milliseconds: number).isEmpty)
        #expect(!Format.size(number).isEmpty && !Format.bitrate(Int(number)).isEmpty)
        let time = Timestamp(microseconds: number)
        #expect(!Format.exact(time).isEmpty && !Day(of: time).next.description.isEmpty)
    }

    @Test(arguments: [Double.nan, .infinity, -.infinity, 1e300, -1e300, .greatestFiniteMagnitude])
    func `no fraction can stop a page`(_ number: Double) {
        #expect(!Format.decimal(number).isEmpty)
        #expect(!Format.fineLength(milliseconds: Format.milliseconds(number)).isEmpty)
    }

    @Test func `a day begins and ends at midnight UTC`() throws {
        let day = try #require(Day("2024-02-29"))
        #expect(Day(of: day.start) == day)
        #expect(Day(of: day.end) == day.next)
        #expect(day.next.description == "2024-03-01")
        #expect(day.previous.description == "2024-02-28")
        #expect(Day("2026-02-30") == nil && Day("today") == nil)
    }

    @Test func `a time of today is short, another one has its day`() {
        #expect(Format.clock(Example.now) == "20:14:07")
        #expect(Format.exact(Example.now) == "23 Nov 2026, 20:14:07 UTC")
    }
}
