import Encodings

/// The names of segments in S3.
package enum ObjectKey {
    /// `<prefix>/<camera>/<main|sub>/<yyyy>/<mm>/<dd>/<HH>/<start in ms>-<epoch>-<id>.mp4`, in UTC.
    ///
    /// The start is the one in the identifier, so that the key is a function of the segment's row and unique by the
    /// identifier alone.
    package static func make(prefix: String, stream: StreamID, epoch: Int64, id: SegmentID) -> String {
        prefix + suffix(stream: stream, epoch: epoch, id: id)
    }

    /// The part of a key behind the prefix, from the slash on.
    package static func suffix(stream: StreamID, epoch: Int64, id: SegmentID) -> String {
        let start = Timestamp(milliseconds: id.milliseconds)
        let date = start.date
        var path: [UInt8] = Array("/\(stream)/".utf8)
        path.appendDecimal(min(date.year, 9999), width: 4)
        for part in [date.month, date.day, date.hour] {
            path.append(UInt8(ascii: "/"))
            path.appendDecimal(part, width: 2)
        }
        path.append(contentsOf: "/\(start.milliseconds)-\(epoch)-\(id).mp4".utf8)
        return String(decoding: path, as: UTF8.self)
    }

    /// Returns true if a key consists of letters, digits, `.`, `_`, `-` and single slashes between parts that are neither
    /// empty nor dots alone.
    package static func isSafe(_ key: String) -> Bool {
        guard !key.isEmpty, key.utf8.count <= 512 else { return false }
        return key.split(separator: "/", omittingEmptySubsequences: false).allSatisfy { part in
            !part.isEmpty && part != "." && part != ".."
                && part.utf8.allSatisfy { byte in
                    switch byte {
                    case 45, 46, 48...57, 65...90, 95, 97...122: true
                    default: false
                    }
                }
        }
    }
}
