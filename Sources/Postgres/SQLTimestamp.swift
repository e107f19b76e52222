import Encodings

/// A `timestamp with time zone`.
public struct SQLTimestamp: Hashable, Comparable, Sendable {
    /// Microseconds since 1970-01-01 00:00 UTC.
    public let microseconds: Int64

    /// Creates a timestamp.
    public init(microseconds: Int64) {
        self.microseconds = microseconds
    }

    /// Orders by time.
    public static func < (left: SQLTimestamp, right: SQLTimestamp) -> Bool {
        left.microseconds < right.microseconds
    }

    /// PostgreSQL counts from 2000-01-01.
    static let postgresEpoch: Int64 = 946_684_800_000_000
}

extension SQLTimestamp: SQLValue {
    /// `timestamp with time zone`.
    public static var sqlType: SQLType { .timestamptz }

    /// Appends eight bytes.
    public func encode(into bytes: inout [UInt8]) -> Bool {
        let (value, overflow) = microseconds.subtractingReportingOverflow(Self.postgresEpoch)
        bytes.append(bigEndian: overflow ? Int64.min : value)
        return true
    }

    /// Reads `timestamp with time zone`; `infinity` and `-infinity` are refused.
    public static func decode(_ bytes: UnsafeRawBufferPointer, type: SQLType) -> SQLTimestamp? {
        guard type == .timestamptz, let value = bytes.bigEndian(Int64.self), value != .min else { return nil }
        let (microseconds, overflow) = value.addingReportingOverflow(postgresEpoch)
        return overflow ? nil : SQLTimestamp(microseconds: microseconds)
    }
}
