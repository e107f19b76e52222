import Encodings
import Testing

@Suite struct CivilDateTests {
    @Test func `every day of four centuries survives the way there and back`() {
        for day in -73_000..<73_000 {
            let date = CivilDate(milliseconds: Int64(day) * 86_400_000)
            #expect(CivilDate.daysSinceEpoch(year: date.year, month: date.month, day: date.day) == day)
        }
    }

    @Test(arguments: [Int64.min, .min + 1, -1, 0, .max])
    func `every moment of 64 bits has a date`(milliseconds: Int64) {
        let date = CivilDate(milliseconds: milliseconds)
        #expect((1...12).contains(date.month) && (1...31).contains(date.day))
        #expect((0..<24).contains(date.hour) && (0..<60).contains(date.minute) && (0..<60).contains(date.second))
        #expect((0..<1000).contains(date.millisecond) && (0..<7).contains(date.weekday))
        let inSeconds = CivilDate(seconds: milliseconds)
        #expect((1...12).contains(inSeconds.month))
    }

    @Test func `the moment before 1970 is the last of 1969`() {
        let date = CivilDate(milliseconds: -1)
        #expect((date.year, date.month, date.day) == (1969, 12, 31))
        #expect((date.hour, date.minute, date.second, date.millisecond) == (23, 59, 59, 999))
    }
}
