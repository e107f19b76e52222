import Encodings

/// A `uuid`.
public struct SQLUUID: Hashable, Sendable {
    /// Bytes 0 to 7, the first one the most significant.
    public let high: UInt64
    /// Bytes 8 to 15.
    public let low: UInt64

    /// Creates a UUID from its halves.
    public init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// Creates a UUID from its bytes; nil unless there are sixteen.
    public init?(bytes: some Sequence<UInt8>) {
        var halves: (high: UInt64, low: UInt64) = (0, 0)
        var count = 0
        for byte in bytes {
            if count < 8 {
                halves.high = halves.high << 8 | UInt64(byte)
            } else {
                halves.low = halves.low << 8 | UInt64(byte)
            }
            count += 1
        }
        guard count == 16 else { return nil }
        self.init(high: halves.high, low: halves.low)
    }

    /// The sixteen bytes.
    public var bytes: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(16)
        bytes.append(bigEndian: high)
        bytes.append(bigEndian: low)
        return bytes
    }
}

extension SQLUUID: SQLValue {
    /// `uuid`.
    public static var sqlType: SQLType { .uuid }

    /// Appends sixteen bytes.
    public func encode(into bytes: inout [UInt8]) -> Bool {
        bytes.append(bigEndian: high)
        bytes.append(bigEndian: low)
        return true
    }

    /// Reads `uuid`.
    public static func decode(_ bytes: UnsafeRawBufferPointer, type: SQLType) -> SQLUUID? {
        guard type == .uuid, bytes.count == 16 else { return nil }
        return SQLUUID(
            high: UInt64(bigEndian: bytes.loadUnaligned(as: UInt64.self)),
            low: UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
        )
    }
}
