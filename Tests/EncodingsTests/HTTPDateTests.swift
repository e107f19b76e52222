import Encodings
import Testing

@Suite struct HTTPDateTests {
    /// The example of RFC 9110, section 5.6.7, and some that reach for the edges.
    @Test(arguments: [
        ("Sun, 06 Nov 1994 08:49:37 GMT", 784_111_777), ("Thu, 01 Jan 1970 00:00:00 GMT", 0),
        ("Wed, 31 Dec 1969 23:59:59 GMT", -1), ("Thu, 29 Feb 2024 12:00:00 GMT", 1_709_208_000),
        ("Fri, 31 Dec 9999 23:59:59 GMT", 253_402_300_799), ("Sat, 01 Jan 0000 00:00:00 GMT", -62_167_219_200),
    ])
    func `a date is written and read`(text: String, seconds: Int64) {
        #expect(HTTPDate.seconds(text) == seconds)
        #expect(HTTPDate.text(seconds: seconds) == text)
    }

    @Test(arguments: [
        "", "Sun", "Sun, 06 Nov 1994 08:49:37", "Sun, 06 Nov 1994 08:49:37 UTC", "Sun, 06 Nov 1994 08:49:37 GMT ",
        " Sun, 06 Nov 1994 08:49:37 GMT", "Sun, 6 Nov 1994 08:49:37 GMT", "Sun, 06 nov 1994 08:49:37 GMT",
        "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994", "Sun, 06 Nov -2147483648 08:49:37 GMT",
        "Sun, 06 Nov 2147483647 08:49:37 GMT", "Sun, 06 Nov 99999999999999999999 08:49:37 GMT",
        "Sun, -1 Nov 1994 08:49:37 GMT", "Sun, +6 Nov 1994 08:49:37 GMT", "Sun, 00 Nov 1994 08:49:37 GMT",
        "Sun, 31 Nov 1994 08:49:37 GMT", "Wed, 29 Feb 2023 00:00:00 GMT", "Sun, 06 Nov 1994 24:00:00 GMT",
        "Sun, 06 Nov 1994 08:60:37 GMT", "Sun, 06 Nov 1994 08:49:61 GMT", "Sun, 06 Nov 1994 8:49:37 GMT",
        "Sun, 06 Nov 1994 08:49:37:00 GMT", "Sun, ٠٦ Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:37 GMT\u{0}",
    ])
    func `other text is refused`(text: String) {
        #expect(HTTPDate.seconds(text) == nil)
    }

    @Test(arguments: [Int64.min, .min + 1, -62_167_219_201, 253_402_300_800, .max - 1, .max])
    func `a moment that the form cannot hold is written within it`(seconds: Int64) throws {
        let text = HTTPDate.text(seconds: seconds)
        #expect(text.utf8.count == 29)
        #expect(HTTPDate.seconds(text) != nil)
    }

    @Test func `a date cut off anywhere is refused`() {
        let text = "Sun, 06 Nov 1994 08:49:37 GMT"
        for count in 0..<text.count { #expect(HTTPDate.seconds(text.prefix(count)) == nil) }
    }

    @Test func `every day of two centuries has its weekday`() {
        let days = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
        for day in -36_525..<36_525 {
            let text = HTTPDate.text(seconds: Int64(day) * 86_400)
            #expect(text.hasPrefix(days[((day % 7) + 7) % 7]))
            #expect(HTTPDate.seconds(text) == Int64(day) * 86_400)
        }
    }
}
