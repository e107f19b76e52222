package import Encodings

/// A time zone: how far its clocks are ahead of UTC, by its changes so far and by the rule for all later ones.
///
/// It is read from the bytes of a compiled file of the time zone database (RFC 9636).
package struct TimeZoneRules: Hashable, Sendable {
    /// The position of clocks for a while.
    package struct Offset: Hashable, Sendable {
        /// The seconds by which clocks are ahead of UTC.
        package var secondsAhead: Int
        /// The letters or digits that people write behind the time: `CET`, `+0530`.
        package var abbreviation: String
    }

    /// A change of the clocks.
    struct Change: Hashable, Sendable {
        /// Seconds since 1970.
        var at: Int64
        var offset: Offset
    }

    /// The name, as in `Europe/Berlin`.
    package private(set) var name = "UTC"
    private var changes: [Change] = []
    /// Before the first change.
    private var first = Offset(secondsAhead: 0, abbreviation: "UTC")
    /// After the last one.
    private var rule: DaylightRule?

    /// Coordinated universal time.
    package static let utc = TimeZoneRules()

    private init() {}

    /// Returns true for a text that can be the name of a zone, and of nothing outside the folder of zones.
    package static func isName(_ text: String) -> Bool {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        return text.utf8.count <= 64
            && parts.allSatisfy { part in
                guard let first = part.utf8.first, (65...90).contains(first) || (97...122).contains(first) else {
                    return false
                }
                return part.utf8.allSatisfy { byte in
                    switch byte {
                    case 43, 45, 48...57, 65...90, 95, 97...122: true
                    default: false
                    }
                }
            }
    }

    /// Reads the bytes of a file; returns nil for one that is no time zone, or that counts leap seconds.
    package init?(name: String = "", file bytes: [UInt8]) {
        self.name = name
        guard let header = Header(bytes, at: 0) else { return nil }
        var start = Header.size
        var timeSize = 4
        var counts = header
        if header.version >= 2 {
            // The first block is for programs that know 32 bits alone.
            let second = start + header.blockSize(timeSize: 4)
            guard let wide = Header(bytes, at: second) else { return nil }
            (start, timeSize, counts) = (second + Header.size, 8, wide)
        }
        let end = start + counts.blockSize(timeSize: timeSize)
        guard end <= bytes.count, counts.types > 0, counts.leaps == 0 else { return nil }
        guard read(bytes, from: start, timeSize: timeSize, counts) else { return nil }
        guard timeSize == 8 else { return }
        let footer = bytes[end...].drop { $0 == UInt8(ascii: "\n") }.prefix { $0 != UInt8(ascii: "\n") }
        guard !footer.isEmpty else { return }
        guard let rule = DaylightRule(String(decoding: footer, as: UTF8.self)) else { return nil }
        self.rule = rule
    }

    private mutating func read(_ bytes: [UInt8], from start: Int, timeSize: Int, _ counts: Header) -> Bool {
        bytes.withUnsafeBytes { buffer in
            let kinds = start + counts.times * timeSize
            let types = kinds + counts.times
            let names = buffer[(types + 6 * counts.types)...].prefix(counts.characters)
            var offsets: [Offset] = []
            for index in 0..<counts.types {
                let place = types + 6 * index
                guard let offset = buffer.bigEndian(Int32.self, at: place), abs(Int(offset)) <= 93_600 else {
                    return false
                }
                let name = names.dropFirst(Int(buffer[place + 5])).prefix { $0 != 0 }.prefix(16)
                offsets.append(Offset(secondsAhead: Int(offset), abbreviation: String(decoding: name, as: UTF8.self)))
            }
            first = offsets[0]
            for index in 0..<counts.times {
                let place = start + index * timeSize
                let at =
                    timeSize == 8
                    ? buffer.bigEndian(Int64.self, at: place)
                    : buffer.bigEndian(Int32.self, at: place).map { Int64($0) }
                guard let at, offsets.indices.contains(Int(buffer[kinds + index])) else { return false }
                guard changes.last.map({ $0.at < at }) ?? true else { return false }
                changes.append(Change(at: at, offset: offsets[Int(buffer[kinds + index])]))
            }
            return true
        }
    }

    /// The header of a block, with the counts of its parts.
    private struct Header {
        static let size = 44
        private static let most = 100_000

        let version: Int
        let leaps: Int
        let times: Int
        let types: Int
        let characters: Int
        private let indicators: Int

        init?(_ bytes: [UInt8], at offset: Int) {
            guard offset >= 0, offset + Self.size <= bytes.count,
                bytes[offset..<(offset + 4)].elementsEqual("TZif".utf8)
            else { return nil }
            let digit = bytes[offset + 4]
            version = digit == 0 ? 1 : Int(digit) - 48
            let counts = bytes.withUnsafeBytes { buffer in
                (0..<6).compactMap { buffer.bigEndian(UInt32.self, at: offset + 20 + 4 * $0).map { Int($0) } }
            }
            guard counts.count == 6, counts.allSatisfy({ $0 <= Self.most }) else { return nil }
            indicators = counts[0] + counts[1]
            (leaps, times, types, characters) = (counts[2], counts[3], counts[4], counts[5])
        }

        /// The parts after the header: times, their kinds, types of 6 bytes, names, leap seconds, and two indicators.
        func blockSize(timeSize: Int) -> Int {
            times * (timeSize + 1) + types * 6 + characters + leaps * (timeSize + 4) + indicators
        }
    }

    // MARK: Moments

    /// The position of clocks at a moment.
    package func offset(at moment: Timestamp) -> Offset {
        offset(seconds: moment.microseconds.flooredQuotient(by: 1_000_000))
    }

    private func offset(seconds: Int64) -> Offset {
        guard let last = changes.last else { return rule?.offset(at: seconds) ?? first }
        if seconds >= last.at { return rule?.offset(at: seconds) ?? last.offset }
        var (low, high) = (0, changes.count)
        while low < high {
            let middle = (low + high) / 2
            if changes[middle].at <= seconds { low = middle + 1 } else { high = middle }
        }
        return low == 0 ? first : changes[low - 1].offset
    }

    /// The seconds by which clocks are ahead of UTC at a moment.
    package func secondsAhead(at moment: Timestamp) -> Int { offset(at: moment).secondsAhead }

    /// The minute of the week that clocks show.
    package func weekMoment(at moment: Timestamp) -> WeekMoment {
        WeekMoment(moment, secondsAhead: secondsAhead(at: moment))
    }

    /// The date and time that clocks show.
    package func local(at moment: Timestamp) -> CivilDate {
        moment.advanced(bySeconds: Int64(secondsAhead(at: moment))).date
    }

    // MARK: Stretches

    /// The stretches between changes of the clocks from one second to another, each with the position of the clocks.
    func stretches(from start: Int64, to end: Int64) -> [(start: Int64, end: Int64, offset: Offset)] {
        var moments: [Int64] = changes.lazy.map(\.at).filter { start < $0 && $0 < end }
        let last = changes.last?.at ?? .min
        moments += (rule?.changes(from: max(start, last), to: end) ?? []).filter { $0 > max(start, last) && $0 < end }
        var result: [(start: Int64, end: Int64, offset: Offset)] = []
        for (from, to) in zip([start] + moments, moments + [end]) where from < to {
            let offset = offset(seconds: from)
            if result.last?.offset == offset {
                result[result.count - 1].end = to
            } else {
                result.append((from, to, offset))
            }
        }
        return result
    }
}
