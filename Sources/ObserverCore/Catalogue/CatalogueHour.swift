import Encodings

/// The part of the catalogue that is one object in the bucket: the segments of a stream whose identifiers are of one hour
/// (UTC), and the gaps that began in it.
package struct CatalogueHour: Hashable, Comparable, Sendable {
    package let stream: StreamID
    /// Its start.
    package let hour: Timestamp

    /// The hour of a stream at a moment.
    package init(of stream: StreamID, at time: Timestamp) {
        self.stream = stream
        hour = time.startOfHour
    }

    /// The hour to which a segment belongs.
    package init(of stream: StreamID, _ id: SegmentID) {
        self.init(of: stream, at: Timestamp(milliseconds: id.milliseconds))
    }

    package var end: Timestamp { hour.advanced(bySeconds: 3600) }

    package static func < (left: CatalogueHour, right: CatalogueHour) -> Bool {
        (left.stream, left.hour) < (right.stream, right.hour)
    }
}

/// A day (UTC) of a stream: the piece in which a bucket is read.
package struct CatalogueDay: Hashable, Comparable, Sendable {
    package let stream: StreamID
    /// Days since 1970.
    package let number: Int64

    package init(_ stream: StreamID, number: Int64) {
        (self.stream, self.number) = (stream, number)
    }

    /// The day of a stream at a moment.
    package init(_ stream: StreamID, at time: Timestamp) {
        self.init(stream, number: time.microseconds.flooredQuotient(by: 86_400_000_000))
    }

    /// Reads `7/main/2026/11/23`; nil for another text.
    package init?(path: some StringProtocol) {
        let parts = path.split(separator: "/", omittingEmptySubsequences: false).map { Substring($0) }
        guard parts.count == 5, let stream = StreamID(camera: parts[0], kind: parts[1]),
            let start = Timestamp(rfc3339: "\(parts[2])-\(parts[3])-\(parts[4])T00:00:00Z")
        else { return nil }
        self.init(stream, at: start)
        guard self.path == path else { return nil }
    }

    package var start: Timestamp { Timestamp(milliseconds: number.multipliedSaturated(by: 86_400_000)) }
    package var end: Timestamp { start.advanced(bySeconds: 86_400) }

    /// `7/main/2026/11/23`, as in object keys.
    package var path: String { CataloguePath.day(stream, start) }

    package static func < (left: CatalogueDay, right: CatalogueDay) -> Bool {
        (left.stream, left.number) < (right.stream, right.number)
    }
}

/// The keys of what is written about the catalogue into the bucket.
package struct CataloguePath: Hashable, Sendable {
    /// The beginning of every object key.
    package let prefix: String

    package init(prefix: String) {
        self.prefix = prefix
    }

    /// The beginning of all keys that are about the catalogue; no camera has a folder of that name.
    package var root: String { "\(prefix)/catalogue/" }
    /// The object that tells how far the catalogue is.
    package var head: String { root + "head.json" }

    /// The object about a camera.
    package func camera(_ id: CameraID) -> String { "\(root)\(id)/camera.ndjson" }

    /// The camera of an object about one; nil for another key.
    package func camera(at key: String) -> CameraID? {
        guard key.hasPrefix(root), key.hasSuffix("/camera.ndjson"),
            let number = Int64(key.dropFirst(root.count).dropLast(14)),
            SegmentLimits.cameraID.contains(number), camera(CameraID(rawValue: number)) == key
        else { return nil }
        return CameraID(rawValue: number)
    }

    /// The manifest of an hour.
    package func manifest(_ hour: CatalogueHour) -> String {
        let number = hour.hour.date.hour
        return "\(root)\(Self.day(hour.stream, hour.hour))/\(number < 10 ? "0" : "")\(number).ndjson"
    }

    /// The hour of a manifest; nil for another key.
    package func hour(at key: String) -> CatalogueHour? {
        guard key.hasPrefix(root), key.hasSuffix(".ndjson") else { return nil }
        let path = key.dropFirst(root.count).dropLast(7)
        guard let slash = path.lastIndex(of: "/"), let day = CatalogueDay(path: path[..<slash]),
            let number = Int64(path[path.index(after: slash)...]), (0...23).contains(number)
        else { return nil }
        let hour = CatalogueHour(of: day.stream, at: day.start.advanced(bySeconds: number * 3600))
        return manifest(hour) == key ? hour : nil
    }

    /// The folder of the manifests of a day.
    package func manifests(_ day: CatalogueDay) -> String { "\(root)\(day.path)/" }
    /// The folder of the recordings of a day.
    package func recordings(_ day: CatalogueDay) -> String { "\(prefix)/\(day.path)/" }

    static func day(_ stream: StreamID, _ time: Timestamp) -> String {
        let date = time.date
        var path: [UInt8] = Array("\(stream)/".utf8)
        path.appendDecimal(min(date.year, 9999), width: 4)
        for part in [date.month, date.day] {
            path.append(UInt8(ascii: "/"))
            path.appendDecimal(part, width: 2)
        }
        return String(decoding: path, as: UTF8.self)
    }
}
