package import ObserverCore
import ObserverStore
package import Postgres
import S3

/// Compares rows, the bucket and a spool, a day of a stream at a time.
package struct CatalogueComparison {
    private let bucket: CatalogueBucket
    private let connection: PostgresConnection
    /// The files of the spool that can be looked into, by its identity; nil: none can.
    private let spool: SpoolFiles?

    /// The committed segments of a spool on this machine.
    package struct SpoolFiles: Sendable {
        package let id: SpoolID
        package let segments: Set<SegmentID>

        package init(id: SpoolID, segments: Set<SegmentID>) {
            (self.id, self.segments) = (id, segments)
        }
    }

    private let settling: Int64

    /// Creates a comparison.
    ///
    /// - Parameters:
    ///   - bucket: The bucket.
    ///   - connection: The database.
    ///   - spool: The files of a spool; nil: none can be looked into.
    ///   - settling: The seconds for which a change may still be under way.
    package init(
        _ bucket: CatalogueBucket,
        _ connection: PostgresConnection,
        spool: SpoolFiles? = nil,
        settling: Int64 = 900
    ) {
        (self.bucket, self.connection, self.spool, self.settling) = (bucket, connection, spool, settling)
    }

    /// A segment with what was judged about it.
    package struct Finding: Hashable, Sendable {
        package var verdict: CatalogueVerdict
        package var id: SegmentID
        package var key: String
        package var state: SegmentState?
        package var object: CatalogueBucket.Object?
    }

    /// Judges all segments of a day of which there is a row that has not expired, or an object.
    package func compare(_ day: CatalogueDay) throws -> [Finding] {
        let now = try CatalogueStatusStore(connection).read().now
        let settled = now.advanced(bySeconds: -settling)
        // The bucket first: what comes into it later has a row already.
        var objects = try bucket.list(day).objects
        var findings: [Finding] = []
        let store = CatalogueStore(connection)
        var hour = day.start
        while hour < day.end {
            let next = hour.advanced(bySeconds: 3600)
            for record in try store.segments(of: day.stream, from: hour, to: next) {
                let object = objects.removeValue(forKey: record.segment.id)
                if let finding = finding(record, object, settled: settled) { findings.append(finding) }
            }
            hour = next
        }
        // What has no row may have one that has expired.
        let states = try SegmentStore(connection).states(of: Array(objects.keys))
        for object in objects.values.sorted(by: { $0.segment.id < $1.segment.id }) {
            if let modified = object.modifiedAt, modified > settled { continue }
            let state = states[object.segment.id]
            // A row that came meanwhile is judged the next time.
            guard state == nil || state == .expired else { continue }
            let file = spool?.segments.contains(object.segment.id) == true ? CatalogueVerdict.File.there : .unknown
            guard let verdict = CatalogueVerdict(state: state, file: file, hasObject: true) else { continue }
            findings.append(
                Finding(verdict: verdict, id: object.segment.id, key: object.key, state: state, object: object)
            )
        }
        return findings
    }

    private func finding(
        _ record: SegmentRecord,
        _ object: CatalogueBucket.Object?,
        settled: Timestamp
    ) -> Finding? {
        let segment = record.segment
        let isWhole =
            object.map { object in
                object.key == segment.header.objectKey
                    && object.destinations(of: segment.media.bytes) == object.destinations
            } ?? true
        let places = CatalogueVerdict.Places(
            noted: record.destinations,
            found: object?.destinations ?? [],
            seen: bucket.destinations
        )
        let verdict = CatalogueVerdict(
            state: record.state,
            file: file(of: record),
            hasObject: object != nil,
            isWhole: isWhole,
            places: places
        )
        guard var verdict else { return nil }
        let isYoung =
            max(record.createdAt, record.storedAt ?? record.createdAt) > settled
            || object?.modifiedAt.map { $0 > settled } ?? false
        if isYoung, verdict.isFinding, verdict != .different {
            verdict = record.state == .stored ? .sound : .waiting
        }
        return Finding(
            verdict: verdict,
            id: segment.id,
            key: segment.header.objectKey,
            state: record.state,
            object: object
        )
    }

    private func file(of record: SegmentRecord) -> CatalogueVerdict.File {
        guard let spool, spool.id == record.segment.header.origin.spoolID else { return .unknown }
        return spool.segments.contains(record.segment.id) ? .there : .absent
    }
}

/// The days of all streams, of which database or bucket know, in a fixed order: stream by stream, the newest day first.
package struct CatalogueWalk {
    private let bucket: CatalogueBucket
    private let store: CatalogueStore
    private var streams: [StreamID]?
    private var days: [CatalogueDay] = []

    package init(_ bucket: CatalogueBucket, _ connection: PostgresConnection) {
        self.bucket = bucket
        store = CatalogueStore(connection)
    }

    /// Returns the next day after one; nil at the end.
    package mutating func next(after last: CatalogueDay?) throws -> CatalogueDay? {
        if streams == nil {
            let all = Set(try bucket.streams()).union(try store.streams())
            streams = all.filter { stream in last.map { stream >= $0.stream } ?? true }.sorted(by: >)
            days = []
        }
        while days.isEmpty {
            guard let stream = streams?.popLast() else { return nil }
            days = Set(try bucket.days(of: stream)).union(try store.days(of: stream)).sorted()
            if let last, last.stream == stream { days.removeAll { $0 >= last } }
        }
        return days.popLast()
    }
}
