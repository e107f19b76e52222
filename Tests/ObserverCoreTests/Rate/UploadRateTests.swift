import Testing

@testable import ObserverCore

@Suite struct UploadRateTests {
    private func rate(_ text: String, day: Int = 0, at hour: Int, _ minute: Int = 0) throws -> Int? {
        try UploadRate(parsing: text).bytesPerSecond(at: WeekMoment(day: day, minute: hour * 60 + minute))
    }

    @Test func `a plain rate holds at any time`() throws {
        #expect(try rate("20 Mbit/s", at: 3) == 2_500_000)
        #expect(try rate(" 0.5  Mbit/s ", day: 6, at: 23, 59) == 62_500)
        #expect(try rate("64 kbit/s", at: 0) == 8000)
        #expect(try rate("unlimited", at: 0) == nil)
        #expect(try UploadRate(parsing: "unlimited").isUnlimited)
        #expect(try !UploadRate(parsing: "1.5 Gbit/s").isUnlimited)
    }

    @Test func `the first rule that covers a moment holds`() throws {
        let text = "Mon-Fri 08:00-18:00 2 Mbit/s; Fri-Sat 1 Mbit/s; 12:00-13:00 unlimited; else 20 Mbit/s"
        #expect(try rate(text, day: 0, at: 8) == 250_000)
        #expect(try rate(text, day: 4, at: 17, 59) == 250_000)
        #expect(try rate(text, day: 4, at: 18) == 125_000)
        #expect(try rate(text, day: 5, at: 12) == 125_000)
        #expect(try rate(text, day: 6, at: 12) == nil)
        #expect(try rate(text, day: 6, at: 13) == 2_500_000)
        #expect(try rate(text, day: 0, at: 7, 59) == 2_500_000)
    }

    @Test func `a night belongs to the day on which it begins`() throws {
        let text = "Sun,Wed 22:00-06:00 1 Mbit/s; else unlimited"
        #expect(try rate(text, day: 6, at: 22) == 125_000)
        #expect(try rate(text, day: 0, at: 5, 59) == 125_000)
        #expect(try rate(text, day: 0, at: 6) == nil)
        #expect(try rate(text, day: 0, at: 23) == nil)
        #expect(try rate(text, day: 3, at: 0) == 125_000)
        #expect(try rate("Mon 20:00-24:00 1 Mbit/s; else unlimited", day: 0, at: 23, 59) == 125_000)
        #expect(try rate("Sat-Mon 1 Mbit/s; else unlimited", day: 0, at: 9) == 125_000)
        #expect(try rate("Sat-Mon 1 Mbit/s; else unlimited", day: 1, at: 9) == nil)
    }

    @Test(arguments: [
        ("", UploadRateError.Kind.empty, ""), ("1 Mbit/s;", .empty, "1 Mbit/s;"),
        ("Mon-Fri 08:00-18:00 2 Mbit/s", .noElse, "Mon-Fri 08:00-18:00 2 Mbit/s"),
        ("else 1 Mbit/s; else 2 Mbit/s", .elseNotLast, "else 1 Mbit/s"),
        ("Mon-Fry 2 Mbit/s; else unlimited", .badDays, "Mon-Fry"),
        ("Mon--Fri 2 Mbit/s; else unlimited", .badDays, "Mon--Fri"),
        ("2 Mbit/s; else unlimited", .badDays, "2"),
        ("weekends 2 Mbit/s; else unlimited", .badDays, "weekends"),
        ("8:00-18:00 2 Mbit/s; else unlimited", .badTime, "8:00-18:00"),
        ("08:00-24:01 2 Mbit/s; else unlimited", .badTime, "08:00-24:01"),
        ("24:00-08:00 2 Mbit/s; else unlimited", .badTime, "24:00-08:00"),
        ("08:00-08:00 2 Mbit/s; else unlimited", .badTime, "08:00-08:00"),
        ("08:60-09:00 2 Mbit/s; else unlimited", .badTime, "08:60-09:00"),
        ("Mon 08:00-09:00; else unlimited", .badRate, ""), ("20", .badRate, "20"), ("20Mbit/s", .badRate, "20Mbit/s"),
        ("20 MB/s", .badRate, "20 MB/s"), ("-1 Mbit/s", .badRate, "-1 Mbit/s"),
        ("1.2345 Mbit/s", .badRate, "1.2345 Mbit/s"),
        ("1e3 Mbit/s", .badRate, "1e3 Mbit/s"), ("1 Mbit/s more", .badRate, "1 Mbit/s more"),
        ("63 kbit/s", .rateOutOfRange, "63 kbit/s"), ("0 kbit/s", .rateOutOfRange, "0 kbit/s"),
        ("101 Gbit/s", .rateOutOfRange, "101 Gbit/s"), ("999999999 Gbit/s", .rateOutOfRange, "999999999 Gbit/s"),
        ("else", .badRate, ""), ("Mon unlimited; else fast", .badRate, "fast"),
    ])
    func `an error names the part that cannot be read`(text: String, kind: UploadRateError.Kind, part: String) {
        #expect(throws: UploadRateError(kind, part)) { try UploadRate(parsing: text) }
    }
}
