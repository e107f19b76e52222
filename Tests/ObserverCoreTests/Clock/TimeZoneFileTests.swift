import Encodings
import Testing

@testable import ObserverCore

@Suite struct TimeZoneFileTests {
    /// A file of the time zone database as `zic -b slim` writes it: the two blocks, and the rule for all later years.
    private static func file(
        changes: [(at: Int64, kind: UInt8)],
        offsets: [Int32],
        rule: String
    ) -> [UInt8] {
        func header(times: Int, types: Int) -> [UInt8] {
            var bytes = Array("TZif2".utf8) + [UInt8](repeating: 0, count: 15)
            for count in [0, 0, 0, times, types, 4] { bytes.append(bigEndian: UInt32(count)) }
            return bytes
        }
        func types(_ offsets: [Int32]) -> [UInt8] {
            var bytes: [UInt8] = []
            for offset in offsets {
                bytes.append(bigEndian: offset)
                bytes += [0, 0]
            }
            return bytes + Array("XYZ\0".utf8)
        }
        var bytes = header(times: 0, types: 1) + types([0]) + header(times: changes.count, types: offsets.count)
        for change in changes { bytes.append(bigEndian: change.at) }
        return bytes + changes.map(\.kind) + types(offsets) + Array("\n\(rule)\n".utf8)
    }

    private static func moment(_ year: Int, _ month: Int, _ day: Int, _ hour: Int, _ minute: Int = 0) -> Timestamp {
        let days = CivilDate.daysSinceEpoch(year: year, month: month, day: day)
        return Timestamp(milliseconds: Int64(days * 86_400 + hour * 3600 + minute * 60) * 1000)
    }

    private func zone(_ rule: String) throws -> TimeZoneRules {
        try #require(TimeZoneRules(file: Self.file(changes: [], offsets: [0], rule: rule)))
    }

    @Test func `summer begins and ends at its second`() throws {
        let berlin = try zone("CET-1CEST,M3.5.0,M10.5.0/3")
        #expect(berlin.secondsAhead(at: Self.moment(2026, 3, 29, 0, 59)) == 3600)
        #expect(berlin.secondsAhead(at: Self.moment(2026, 3, 29, 1)) == 7200)
        #expect(berlin.secondsAhead(at: Self.moment(2026, 10, 25, 0, 59)) == 7200)
        #expect(berlin.secondsAhead(at: Self.moment(2026, 10, 25, 1)) == 3600)
        #expect(berlin.secondsAhead(at: Self.moment(2026, 1, 1, 0)) == 3600)
    }

    @Test func `the hour that comes twice, and the one that does not come, are those of the wall`() throws {
        let berlin = try zone("CET-1CEST,M3.5.0,M10.5.0/3")
        #expect(berlin.weekMoment(at: Self.moment(2026, 10, 25, 0, 30)) == WeekMoment(day: 6, minute: 150))
        #expect(berlin.weekMoment(at: Self.moment(2026, 10, 25, 1, 30)) == WeekMoment(day: 6, minute: 150))
        #expect(berlin.weekMoment(at: Self.moment(2026, 3, 29, 1)) == WeekMoment(day: 6, minute: 180))
        // A Sunday that begins on Saturday in UTC.
        #expect(berlin.weekMoment(at: Self.moment(2026, 3, 28, 23, 15)) == WeekMoment(day: 6, minute: 15))
    }

    @Test func `south of the equator summer contains the new year`() throws {
        let sydney = try zone("AEST-10AEDT,M10.1.0,M4.1.0/3")
        #expect(sydney.secondsAhead(at: Self.moment(2027, 1, 1, 0)) == 11 * 3600)
        #expect(sydney.secondsAhead(at: Self.moment(2026, 7, 1, 0)) == 10 * 3600)
        #expect(sydney.secondsAhead(at: Self.moment(2026, 4, 4, 15, 59)) == 11 * 3600)
        #expect(sydney.secondsAhead(at: Self.moment(2026, 4, 4, 16)) == 10 * 3600)
    }

    @Test func `other forms of rules are read`() throws {
        #expect(try zone("<+0545>-5:45").secondsAhead(at: Self.moment(2026, 7, 1, 0)) == 20_700)
        let godthab = try zone("<-02>2<-01>,M3.5.0/-1,M10.5.0/0")
        #expect(godthab.secondsAhead(at: Self.moment(2026, 3, 29, 0, 59)) == -7200)
        #expect(godthab.secondsAhead(at: Self.moment(2026, 3, 29, 1)) == -3600)
        // Day 60 without leap days is always 1 March.
        let julian = try zone("AAA0BBB,J60/0,J300/0")
        #expect(julian.secondsAhead(at: Self.moment(2028, 2, 29, 23)) == 0)
        #expect(julian.secondsAhead(at: Self.moment(2028, 3, 1, 0)) == 3600)
    }

    @Test func `the table holds until its last change`() throws {
        let changes: [(at: Int64, kind: UInt8)] = [(1000, 1), (2000, 0), (3000, 2)]
        let bytes = Self.file(changes: changes, offsets: [100, 200, 300], rule: "XYZ-1")
        let zone = try #require(TimeZoneRules(file: bytes))
        let found = [0, 999, 1000, 1999, 2000, 2999, 3000].map {
            zone.secondsAhead(at: Timestamp(milliseconds: $0 * 1000))
        }
        #expect(found == [100, 100, 200, 200, 100, 100, 3600])
    }

    @Test func `anything else is no time zone`() {
        let good = Self.file(changes: [(1000, 1)], offsets: [0, 60], rule: "XYZ0")
        #expect(TimeZoneRules(file: good) != nil)
        for count in 0..<(good.count - 6) { #expect(TimeZoneRules(file: Array(good[..<count])) == nil) }
        for place in 0..<(good.count) {
            for value in [0, 1, 127, 255] as [UInt8] {
                var bytes = good
                bytes[place] = value
                // Read or refused, and nothing else.
                _ = TimeZoneRules(file: bytes)?.secondsAhead(at: Self.moment(2026, 1, 1, 0))
            }
        }
        for rule in ["X", "XYZ", "XYZ1ABC", "XYZ1ABC,M3.5.0", "XYZ1ABC,M13.1.0,M1.1.0", "XYZ1ABC,J0,J5", "XYZ999"] {
            #expect(TimeZoneRules(file: Self.file(changes: [], offsets: [0], rule: rule)) == nil, "\(rule)")
        }
    }

    @Test func `a name leads to no other folder`() {
        for name in ["Europe/Berlin", "Etc/GMT+5", "America/Argentina/Buenos_Aires", "UTC", "EST5EDT"] {
            #expect(TimeZoneRules.isName(name))
        }
        for name in ["", "/etc/passwd", "../passwd", "Europe/../passwd", "Europe//Berlin", "Europe/", "a b", "x\n"] {
            #expect(!TimeZoneRules.isName(name))
        }
    }
}
