import Encodings

/// Days and hours as people count them.
extension TimeZoneRules {
    /// The seconds around a moment within which all times that clocks can show of it lie: 26 hours and an hour more.
    private static let reach: Int64 = 97_200

    /// The date of a moment.
    ///
    /// Where clocks go back across midnight, the minutes that have the old date once more belong to the new one.
    package func date(of moment: Timestamp) -> LocalDate {
        let seconds = moment.microseconds.flooredQuotient(by: 1_000_000)
        let shown = seconds.addingSaturated(Int64(secondsAhead(at: moment))).flooredQuotient(by: 86_400)
        let date = LocalDate(number: Int(shown))
        return start(of: date.next) <= moment ? date.next : date
    }

    /// The first moment at which clocks show a date or a later one: not always midnight, and the same as that of the next
    /// date for a day that a zone leaves out.
    package func start(of date: LocalDate) -> Timestamp {
        let midnight = Int64(date.number).multipliedSaturated(by: 86_400)
        let (from, to) = (midnight.addingSaturated(-Self.reach), midnight.addingSaturated(Self.reach))
        for stretch in stretches(from: from, to: to) {
            let reached = max(stretch.start, midnight - Int64(stretch.offset.secondsAhead))
            if reached < stretch.end { return Timestamp(milliseconds: reached.multipliedSaturated(by: 1000)) }
        }
        return Timestamp(milliseconds: midnight.multipliedSaturated(by: 1000))
    }

    /// A day from its first moment to that of the next.
    package func span(of date: LocalDate) -> TimeSpan {
        TimeSpan(from: start(of: date), to: start(of: date.next))
    }

    /// The stretches between the full hours of clocks in a stretch of time, and between changes of the clocks.
    package func hours(of span: TimeSpan) -> [TimeSpan] {
        var result: [TimeSpan] = []
        let (from, to) = (span.start.flooredQuotient(by: 1000), span.end.flooredQuotient(by: 1000))
        guard from < to, to - from < 400 * 86_400 else { return [] }
        for stretch in stretches(from: from, to: to) {
            var start = stretch.start
            while start < stretch.end {
                let shown = start + Int64(stretch.offset.secondsAhead)
                let end = min(stretch.end, start + 3600 - (shown - shown.flooredQuotient(by: 3600) * 3600))
                result.append(TimeSpan(from: start * 1000, to: end * 1000))
                start = end
            }
        }
        return result
    }

    /// The moment at which clocks show a time, in milliseconds since 1970 as if they showed UTC.
    ///
    /// The first one where clocks show it twice; where they leave it out, as much after the change as it is.
    package func moment(showing local: Int64) -> Timestamp {
        let seconds = local.flooredQuotient(by: 1000)
        let found = stretches(from: seconds.addingSaturated(-Self.reach), to: seconds.addingSaturated(Self.reach))
        for (index, stretch) in found.enumerated() {
            let at = seconds - Int64(stretch.offset.secondsAhead)
            guard at < stretch.end else { continue }
            let before = index > 0 && at < stretch.start ? found[index - 1] : stretch
            return Timestamp(milliseconds: local.addingSaturated(-Int64(before.offset.secondsAhead) * 1000))
        }
        return Timestamp(milliseconds: local)
    }

    // MARK: Texts

    /// The difference from UTC at a moment, as in names of files: `+0100`.
    package func difference(at moment: Timestamp) -> String {
        let seconds = secondsAhead(at: moment)
        let minutes = abs(seconds) / 60
        func two(_ number: Int) -> String { number < 10 ? "0\(number)" : String(number) }
        return (seconds < 0 ? "-" : "+") + two(minutes / 60) + two(minutes % 60)
    }

    /// A moment as names of files have it: `2026-11-27T130000+0100`, in UTC `2026-11-27T120000Z`.
    package func fileName(at moment: Timestamp) -> String {
        var bytes: [UInt8] = []
        local(at: moment).appendRFC3339(to: &bytes)
        let time = String(decoding: bytes.prefix(19).filter { $0 != UInt8(ascii: ":") }, as: UTF8.self)
        return time + (name == "UTC" ? "Z" : difference(at: moment))
    }

    /// The letters behind a time; `UTC+1` and so on where a zone has digits alone.
    package func abbreviation(at moment: Timestamp) -> String {
        let offset = offset(at: moment)
        guard let first = offset.abbreviation.utf8.first, (65...90).contains(first) else {
            let minutes = abs(offset.secondsAhead) / 60
            let rest = minutes % 60
            let sign = offset.secondsAhead < 0 ? "−" : "+"
            let fraction = rest == 0 ? "" : rest < 10 ? ":0\(rest)" : ":\(rest)"
            return minutes == 0 ? "UTC" : "UTC\(sign)\(minutes / 60)\(fraction)"
        }
        return offset.abbreviation
    }
}
