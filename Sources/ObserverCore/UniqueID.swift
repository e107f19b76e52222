/// The 128 bits of a universally unique identifier (RFC 9562), written in lower case with hyphens.
package struct UniqueID: Hashable, Sendable, LosslessStringConvertible {
    /// Two words and no array: there may be half a million of them in memory.
    private let high: UInt64
    private let low: UInt64

    private init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// Creates an identifier from 16 bytes; returns nil for another count.
    package init?(bytes: [UInt8]) {
        guard bytes.count == 16 else { return nil }
        self.init(
            high: bytes.prefix(8).reduce(0) { $0 << 8 | UInt64($1) },
            low: bytes.suffix(8).reduce(0) { $0 << 8 | UInt64($1) }
        )
    }

    /// The 16 bytes, in network order.
    package var bytes: [UInt8] {
        [high, low].flatMap { word in (0..<8).map { UInt8(truncatingIfNeeded: word >> (56 - 8 * $0)) } }
    }

    /// Reads the form with hyphens, in lower case only, so that one identifier has one spelling in names and keys.
    package init?(_ description: String) {
        var text = description
        let value = text.withUTF8 { UniqueID(characters: UnsafeRawBufferPointer($0)) }
        guard let value else { return nil }
        self = value
    }

    /// Reads the 36 characters; folders of a million names are read without making texts of them.
    package init?(characters: UnsafeRawBufferPointer) {
        guard characters.count == 36 else { return nil }
        var (high, low): (UInt64, UInt64) = (0, 0)
        for index in 0..<36 {
            let character = characters[index]
            if index == 8 || index == 13 || index == 18 || index == 23 {
                guard character == UInt8(ascii: "-") else { return nil }
                continue
            }
            let digit: UInt8
            switch character {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = character - UInt8(ascii: "0")
            case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = character - UInt8(ascii: "a") + 10
            default: return nil
            }
            if index < 18 { high = high << 4 | UInt64(digit) } else { low = low << 4 | UInt64(digit) }
        }
        self.init(high: high, low: low)
    }

    package var description: String {
        var text: [UInt8] = []
        text.reserveCapacity(36)
        append(to: &text)
        return String(decoding: text, as: UTF8.self)
    }

    /// Appends the 36 characters.
    package func append(to text: inout [UInt8]) {
        for (index, byte) in bytes.enumerated() {
            if [4, 6, 8, 10].contains(index) { text.append(UInt8(ascii: "-")) }
            text.append(Self.digit(byte >> 4))
            text.append(Self.digit(byte & 15))
        }
    }

    private static func digit(_ value: UInt8) -> UInt8 {
        value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
    }

    /// Creates an identifier of version 7: the time, then random bits, so that later identifiers sort later.
    package static func version7<Generator: RandomNumberGenerator>(
        at time: Timestamp,
        using generator: inout Generator
    ) -> UniqueID {
        let milliseconds = UInt64(clamping: max(time.milliseconds, 0))
        let high = milliseconds << 16 | 0x7000 | UInt64.random(in: 0...0xFFF, using: &generator)
        let low = 1 << 63 | UInt64.random(in: 0...(1 << 62 - 1), using: &generator)
        return UniqueID(high: high, low: low)
    }

    /// The time of a version 7 identifier, in milliseconds since 1970.
    package var milliseconds: Int64 {
        Int64(high >> 16)
    }

    /// Returns the identifier of version 7 with the same random bits and another time.
    package func moved(to time: Timestamp) -> UniqueID {
        let milliseconds = UInt64(clamping: max(time.milliseconds, 0))
        return UniqueID(high: milliseconds << 16 | high & 0xFFFF, low: low)
    }

    /// Returns true if an identifier of version 7 is the other one, perhaps moved to another time.
    package func isMoved(from other: UniqueID) -> Bool {
        high & 0xFFFF == other.high & 0xFFFF && low == other.low
    }

    /// Creates an identifier of version 4: random bits alone.
    package static func version4<Generator: RandomNumberGenerator>(using generator: inout Generator) -> UniqueID {
        let high = UInt64.random(in: .min ... .max, using: &generator) & ~0xF000 | 0x4000
        let low = 1 << 63 | UInt64.random(in: 0...(1 << 62 - 1), using: &generator)
        return UniqueID(high: high, low: low)
    }
}

extension UniqueID: Comparable {
    /// Orders by bytes, as PostgreSQL sorts `uuid`; identifiers of version 7 sort by time.
    package static func < (left: UniqueID, right: UniqueID) -> Bool {
        (left.high, left.low) < (right.high, right.low)
    }
}

extension UniqueID: Codable {
    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        guard let value = UniqueID(try container.decode(String.self)) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "not a UUID in lower case")
        }
        self = value
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}

/// The identity of a segment: created once, by its recorder; sorts by the time at which the segment was begun.
package typealias SegmentID = UniqueID

/// The identity of a spool: kept in the spool itself, so that it moves with the disk.
package typealias SpoolID = UniqueID

/// The identity of a connection to a camera; within one, the media time of segments is continuous.
package typealias RunID = UniqueID

extension UniqueID {
    /// Creates an identifier of version 7.
    package static func make(at time: Timestamp) -> UniqueID {
        var generator = SystemRandomNumberGenerator()
        return version7(at: time, using: &generator)
    }

    /// Creates an identifier of version 4.
    package static func makeRandom() -> UniqueID {
        var generator = SystemRandomNumberGenerator()
        return version4(using: &generator)
    }
}
