import Crypto
import Encodings
import FoundationEssentials
import ObserverCore

/// A line of a journal: a checksum, a blank, JSON.
///
/// The checksum tells a line from one that was cut off by a crash, or spoilt by the disk.
struct JournalLine: Codable {
    private static let checksumBytes = 16

    /// Rises with every change.
    var number: Int
    /// Nil: everything up to this number is in the database.
    var change: GapChange?
    /// The time of day under which it was decided, while that was not proven.
    var clock: JournalClock?

    static func encode(number: Int, _ change: GapChange?, clock: JournalClock? = nil) -> [UInt8] {
        let json = SpoolJSON.encode(JournalLine(number: number, change: change, clock: clock))
        return checksum(json.dropLast()) + [UInt8(ascii: " ")] + json
    }

    /// Returns nil for a line that is not whole.
    init?(_ bytes: ArraySlice<UInt8>) {
        let json = bytes.dropFirst(Self.checksumBytes + 1)
        guard !json.isEmpty, Self.checksum(json) == Array(bytes.prefix(Self.checksumBytes)),
            let line = try? JSONDecoder().decode(JournalLine.self, from: Data(json)),
            (0...(1 << 53)).contains(line.number), line.change?.isPlausible ?? true,
            line.clock.map({ SegmentLimits.startedAt.contains(Timestamp(microseconds: $0.offset)) }) ?? true
        else { return nil }
        self = line
    }

    private init(number: Int, change: GapChange?, clock: JournalClock?) {
        self.number = number
        self.change = change
        self.clock = clock
    }

    private static func checksum(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
        Array(SHA256.hex(Array(bytes)).utf8.prefix(checksumBytes))
    }
}
