import Glibc
import Lifecycle

/// Hands one result from the engine's thread to the one that waits for it.
final class Outcome<Value: Sendable>: Sendable {
    private let result = Monitor<Result<Value, S3Error>?>(nil)

    func set(_ value: Result<Value, S3Error>) {
        result.withLock { $0 = value }
    }

    func wait() -> Result<Value, S3Error> {
        result.wait { $0 != nil }
        return result.withLock { $0 } ?? .failure(S3Error(kind: .network, reason: "no outcome"))
    }
}

/// Dates in HTTP headers (RFC 9110, section 5.6.7): `Fri, 24 May 2013 00:00:00 GMT`.
enum HTTPDate {
    static func seconds(_ text: String) -> Int64? {
        let fields = text.split(separator: " ")
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        guard fields.count == 6, fields[5] == "GMT", let day = Int32(fields[1]), let year = Int32(fields[3]),
            let month = months.firstIndex(of: String(fields[2]))
        else { return nil }
        let clock = fields[4].split(separator: ":").compactMap { Int32($0) }
        guard clock.count == 3 else { return nil }
        var parts = tm()
        parts.tm_year = year - 1900
        parts.tm_mon = Int32(month)
        parts.tm_mday = day
        parts.tm_hour = clock[0]
        parts.tm_min = clock[1]
        parts.tm_sec = clock[2]
        return Int64(timegm(&parts))
    }
}
