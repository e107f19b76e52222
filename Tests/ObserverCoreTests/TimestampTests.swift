import Encodings
import Testing

@testable import ObserverCore

@Suite struct TimestampTests {
    @Test(arguments: [
        (0, "1970-01-01T00:00:00.000Z"),
        (1_795_464_062_123, "2026-11-23T20:01:02.123Z"),
        (951_782_399_999, "2000-02-28T23:59:59.999Z"),
        (951_782_400_000, "2000-02-29T00:00:00.000Z"),
        (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
        (-1, "1969-12-31T23:59:59.999Z"),
    ])
    func `a moment is written in UTC with milliseconds and read back`(milliseconds: Int, text: String) {
        let moment = Timestamp(milliseconds: Int64(milliseconds))
        #expect(moment.rfc3339 == text)
        #expect(Timestamp(rfc3339: text) == moment)
    }

    @Test func `offsets and fractions are understood`() {
        #expect(Timestamp(rfc3339: "2026-11-23T22:01:02.5+02:00") == Timestamp(rfc3339: "2026-11-23T20:01:02.500Z"))
        #expect(Timestamp(rfc3339: "2026-11-23T20:01:02Z") == Timestamp(rfc3339: "2026-11-23T20:01:02.000Z"))
        #expect(Timestamp(rfc3339: "2026-11-23T20:01:02.123456789Z")?.microseconds == 1_795_464_062_123_456)
    }

    @Test(arguments: [
        "", "2026", "2026-11-23", "2026-11-23T20:01:02", "2026-13-01T00:00:00Z", "2026-02-29T00:00:00Z",
        "2026-11-23T24:00:00Z", "2026-11-23T20:61:00Z", "2026-11-23T20:01:02.Z", "2026-11-23T20:01:02ZZ",
        "2026-11-23T20:01:02+2:00", "+026-11-23T20:01:02Z",
    ])
    func `what is no time is refused`(text: String) {
        #expect(Timestamp(rfc3339: text) == nil)
    }

    @Test func `every day of four centuries survives the way there and back`() {
        for day in stride(from: -73_000, to: 73_000, by: 1) {
            let moment = Timestamp(milliseconds: Int64(day) * 86_400_000)
            let date = moment.date
            #expect(CivilDate.daysSinceEpoch(year: date.year, month: date.month, day: date.day) == day)
        }
    }
}

@Suite struct UniqueIDTests {
    @Test(arguments: [Int64.min, .min + 1, -1, 0, 1, .max - 1, .max])
    func `no number leads beyond the moments that 64 bits hold`(number: Int64) {
        let (first, last) = (Timestamp(microseconds: .min), Timestamp(microseconds: .max))
        for start in [first, Timestamp(microseconds: 0), last, Timestamp(milliseconds: number)] {
            for end in [start.advanced(byMilliseconds: number), start.advanced(bySeconds: number)] {
                #expect(number < 0 ? end <= start : end >= start)
                #expect(end.rfc3339.utf8.count == 24)
            }
        }
        #expect(last.advanced(bySeconds: .max) == last && first.advanced(byMilliseconds: .min) == first)
    }

    @Test func `identifiers of version 7 sort by time and carry their version`() throws {
        let early = UniqueID.make(at: Timestamp(milliseconds: 1_000))
        let late = UniqueID.make(at: Timestamp(milliseconds: 2_000))
        #expect(early.description < late.description)
        #expect(early.bytes[6] >> 4 == 7)
        #expect(early.bytes[8] >> 6 == 2)
        #expect(UniqueID.makeRandom().bytes[6] >> 4 == 4)
    }

    @Test func `an identifier has one spelling`() {
        let text = "0193a1b2-c3d4-7e5f-8a6b-0c1d2e3f4a5b"
        #expect(UniqueID(text)?.description == text)
        for other in [text.uppercased(), String(text.dropLast()), text + "0", text.replacing("-", with: "_"), ""] {
            #expect(UniqueID(other) == nil)
        }
    }
}
