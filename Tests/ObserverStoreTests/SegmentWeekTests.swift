import Encodings
import ObserverCore
import ObserverStore
import Testing

struct SegmentWeekTests {
    private func week(_ time: String) throws -> SegmentWeek {
        SegmentWeek(of: try #require(Timestamp(rfc3339: time)))
    }

    @Test(arguments: [
        ("2026-11-25T12:00:00Z", "segments_2026w48"), ("2026-11-23T00:00:00Z", "segments_2026w48"),
        ("2026-11-22T23:59:59.999Z", "segments_2026w47"), ("2026-12-31T23:59:59Z", "segments_2026w53"),
        ("2027-01-03T23:59:59Z", "segments_2026w53"), ("2027-01-04T00:00:00Z", "segments_2027w01"),
        ("2025-12-29T00:00:00Z", "segments_2026w01"), ("1970-01-01T00:00:00Z", "segments_1970w01"),
        ("2199-12-31T23:59:59Z", "segments_2200w01"),
    ])
    func `a moment has the week of ISO 8601`(time: String, partition: String) throws {
        #expect(try week(time).partition == partition)
    }

    @Test func `weeks follow each other without a gap, and each is found by its name`() throws {
        var week = try week("1970-01-05T00:00:00Z")
        var names: Set<String> = []
        while week.start.date.year < 2201 {
            #expect(names.insert(week.partition).inserted)
            #expect(SegmentWeek(partition: week.partition) == week)
            #expect(SegmentWeek(of: week.start) == week)
            #expect(SegmentWeek(of: week.end.advanced(byMilliseconds: -1)) == week)
            #expect(week.end == week.advanced(by: 1).start)
            week = week.advanced(by: 1)
        }
        #expect(names.count > 12_000)
    }

    @Test(arguments: [
        "segments_default", "segments_2025w53", "segments_2026w00", "segments_2026w5", "segments_2026w053", "segments",
        "gaps_2026w01", "segments_2026w48_id_idx", "segments_w1", "segments_99999w01", "",
    ])
    func `other names are those of no week`(name: String) {
        #expect(SegmentWeek(partition: name) == nil)
    }
}
