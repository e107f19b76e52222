import Glibc
import SeededNumbers
import Testing

@testable import ObserverCore

/// Days and hours of real zones, against what happened there.
@Suite struct TimeZoneRulesTests {
    private func zone(_ name: String) throws -> TimeZoneRules {
        let file = try #require(fopen("/usr/share/zoneinfo/\(name)", "r"), "tzdata is not installed")
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 1 << 16)
        let count = fread(&bytes, 1, bytes.count, file)
        return try #require(TimeZoneRules(name: name, file: Array(bytes.prefix(count))))
    }

    private func at(_ text: String) throws -> Timestamp { try #require(Timestamp(rfc3339: text)) }

    /// The first moment of a day, and its length in minutes.
    @Test(
        arguments: [
            ("Europe/Berlin", "2026-11-27", "2026-11-26T23:00:00Z", 1440),
            ("Europe/Berlin", "2026-03-29", "2026-03-28T23:00:00Z", 1380),
            ("Europe/Berlin", "2026-10-25", "2026-10-24T22:00:00Z", 1500),
            ("Europe/Berlin", "2099-10-25", "2099-10-24T22:00:00Z", 1500),
            ("America/New_York", "2026-03-08", "2026-03-08T05:00:00Z", 1380),
            ("America/New_York", "2026-11-01", "2026-11-01T04:00:00Z", 1500),
            ("Asia/Kolkata", "2026-11-27", "2026-11-26T18:30:00Z", 1440),
            ("Asia/Kathmandu", "2026-11-27", "2026-11-26T18:15:00Z", 1440),
            ("Australia/Lord_Howe", "2026-04-05", "2026-04-04T13:00:00Z", 1470),
            ("Australia/Lord_Howe", "2026-10-04", "2026-10-03T13:30:00Z", 1410),
            ("Africa/Cairo", "2026-04-24", "2026-04-23T22:00:00Z", 1380),
            ("America/Havana", "2026-03-08", "2026-03-08T05:00:00Z", 1380),
            ("Asia/Beirut", "2026-03-29", "2026-03-28T22:00:00Z", 1380),
            ("Pacific/Apia", "2011-12-29", "2011-12-29T10:00:00Z", 1440),
            ("Pacific/Apia", "2011-12-30", "2011-12-30T10:00:00Z", 0),
            ("Pacific/Apia", "2011-12-31", "2011-12-30T10:00:00Z", 1440),
        ] as [(String, String, String, Int64)]
    )
    func `a day begins and ends where clocks say so`(_ name: String, day: String, start: String, minutes: Int64) throws
    {
        let zone = try zone(name)
        let date = try #require(LocalDate(day))
        #expect(zone.span(of: date).startedAt == (try at(start)))
        #expect(zone.span(of: date).milliseconds == minutes * 60_000)
        #expect(date.description == day)
    }

    @Test(
        arguments: [
            "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "Africa/Cairo",
            "America/Havana",
            "Asia/Beirut", "America/St_Johns", "Pacific/Chatham", "Asia/Kathmandu", "America/Asuncion",
            "Antarctica/Troll",
        ]
    )
    func `days and hours follow each other without holes for three years`(_ name: String) throws {
        let zone = try zone(name)
        var date = try #require(LocalDate("2026-01-01"))
        var lengths: Set<Int64> = []
        for _ in 0..<(3 * 365) {
            let span = zone.span(of: date)
            #expect(span.endedAt == zone.start(of: date.next) && !span.isEmpty)
            #expect(zone.date(of: span.startedAt) == date)
            #expect(zone.date(of: Timestamp(milliseconds: span.end - 1)) == date)
            if span.milliseconds != 86_400_000 {
                lengths.insert(span.milliseconds / 60_000)
                let hours = zone.hours(of: span)
                #expect(TimeSpanSet(hours).spans == [span])
                #expect(hours.allSatisfy { $0.milliseconds <= 3_600_000 })
            }
            date = date.next
        }
        #expect(lengths.allSatisfy { 1320...1560 ~= $0 }, "\(lengths)")
        #expect(zone.hours(of: zone.span(of: date)).count >= 24)
    }

    @Test func `a time that clocks show twice is the first, and one that they leave out as much later`() throws {
        let berlin = try zone("Europe/Berlin")
        func shown(_ text: String) throws -> Timestamp { berlin.moment(showing: try at(text + "Z").milliseconds) }
        #expect(try shown("2026-10-25T02:30:00") == (try at("2026-10-25T00:30:00Z")))
        #expect(try shown("2026-10-25T03:00:00") == (try at("2026-10-25T02:00:00Z")))
        #expect(try shown("2026-03-29T02:30:00") == (try at("2026-03-29T01:30:00Z")))
        #expect(try shown("2026-07-01T12:00:00.123") == (try at("2026-07-01T10:00:00.123Z")))
    }

    @Test func `moments have their letters and names of files`() throws {
        let (summer, winter) = (try at("2026-07-01T12:00:00Z"), try at("2026-11-27T12:00:00Z"))
        let berlin = try zone("Europe/Berlin")
        #expect(berlin.abbreviation(at: summer) == "CEST" && berlin.abbreviation(at: winter) == "CET")
        #expect(berlin.fileName(at: winter) == "2026-11-27T130000+0100")
        #expect(TimeZoneRules.utc.fileName(at: winter) == "2026-11-27T120000Z")
        #expect(try zone("Asia/Kathmandu").abbreviation(at: winter) == "UTC+5:45")
        #expect(try zone("America/St_Johns").fileName(at: winter) == "2026-11-27T083000-0330")
        #expect(try zone("Europe/Berlin").abbreviation(at: at("2099-07-01T12:00:00Z")) == "CEST")
    }

    @Test func `random bytes are a zone or none, and no moment stops it`() throws {
        var numbers = SeededGenerator(seed: 7)
        let file = try #require(fopen("/usr/share/zoneinfo/America/Havana", "r"))
        defer { fclose(file) }
        var good = [UInt8](repeating: 0, count: 1 << 16)
        good = Array(good.prefix(fread(&good, 1, good.count, file)))
        for round in 0..<1000 {
            var bytes = good
            for _ in 0..<Int.random(in: 1...8, using: &numbers) {
                bytes[Int.random(in: bytes.indices, using: &numbers)] = UInt8.random(in: 0...255, using: &numbers)
            }
            if round % 3 == 0 { bytes.removeLast(Int.random(in: 0...bytes.count, using: &numbers)) }
            guard let zone = TimeZoneRules(file: bytes) else { continue }
            for moment in [Int64.min, -1, 0, 1_795_464_000_000_000, 4_102_444_800_000_000, .max] {
                let day = zone.date(of: Timestamp(microseconds: moment))
                _ = zone.hours(of: zone.span(of: day))
                _ = zone.moment(showing: moment)
                let shown = Timestamp(microseconds: moment)
                _ = zone.fileName(at: shown) + zone.abbreviation(at: shown)
            }
        }
    }

    @Test func `a zone that counts leap seconds is none`() throws {
        let file = try #require(fopen("/usr/share/zoneinfo/right/Europe/Berlin", "r"))
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 1 << 16)
        bytes = Array(bytes.prefix(fread(&bytes, 1, bytes.count, file)))
        #expect(TimeZoneRules(file: bytes) == nil)
    }
}
