package import ObserverCore
package import Postgres

/// The rows that an export is made of.
package struct ExportStore {
    private let connection: PostgresConnection

    package init(_ connection: PostgresConnection) {
        self.connection = connection
    }

    /// A camera as an export names it, whether it is still there or deleted.
    package struct Camera: Hashable, Sendable {
        package var name: String
        package var location: String
        package var isDeleted: Bool
    }

    /// Finds a camera, also one that was deleted; nil where there never was one.
    package func camera(_ id: CameraID) throws(PostgresError) -> Camera? {
        let statement: SQL = "select name, location, deleted_at is not null from cameras where id = \(id)"
        let rows = try connection.rows(statement, as: (String, String, Bool).self)
        return rows.first.map(Camera.init(name:location:isDeleted:))
    }

    /// Counts what a stretch of time has of a camera's main stream: segments that are there, and their bytes.
    package func size(of camera: CameraID, _ span: TimeSpan) throws(PostgresError) -> (segments: Int, bytes: Int64) {
        let (start, end) = (span.startedAt, span.endedAt)
        let statement: SQL = """
            select count(*)::bigint, coalesce(sum(bytes), 0)::bigint from segments
            where camera_id = \(camera) and stream = 0 and \(unsafe: SegmentStore.playable)
                and id >= segment_id_at(\(start)::timestamptz - \(unsafe: SegmentStore.before))
                and id < segment_id_at(\(end)::timestamptz + \(unsafe: SegmentStore.after))
                and started_at < \(end) and started_at + duration_ms * interval '1 ms' > \(start)
            """
        let rows = try connection.rows(statement, as: (Int64, Int64).self)
        return rows.first.map { (Int(clamping: $0.0), $0.1) } ?? (0, 0)
    }

    /// The segments of a stretch of time in the order of their recording, page by page.
    ///
    /// - Parameters:
    ///   - camera: The camera.
    ///   - span: The stretch.
    ///   - body: Takes one, also one that is lost.
    /// - Throws: The error that the database reports.
    package func forEach(
        of camera: CameraID,
        _ span: TimeSpan,
        _ body: (SegmentRecord) -> Void
    ) throws(PostgresError) {
        var query = SegmentStore.Query(camera: camera, from: span.startedAt, to: span.endedAt)
        let store = SegmentStore(connection)
        while true {
            let page = try store.list(query)
            for record in page { body(record) }
            guard page.count == query.limit, let last = page.last else { return }
            query.after = last.segment.id
        }
    }

    /// The segments before one, newest first.
    package func before(
        _ segment: SegmentID,
        of camera: CameraID,
        limit: Int
    ) throws(PostgresError) -> [SegmentRecord] {
        try SegmentStore(connection).list(
            SegmentStore.Query(camera: camera, after: segment, limit: limit, isNewestFirst: true)
        )
    }

    /// Those segments of a stretch of time that retention deleted, or is about to, oldest first.
    package func expired(of camera: CameraID, _ span: TimeSpan, limit: Int) throws(PostgresError) -> [SegmentRecord] {
        let (start, end) = (span.startedAt, span.endedAt)
        let statement: SQL = """
            \(unsafe: SegmentStore.selection)
            where camera_id = \(camera) and stream = 0 and state in ('expired', 'expiring')
                and id >= segment_id_at(\(start)::timestamptz - \(unsafe: SegmentStore.before))
                and id < segment_id_at(\(end)::timestamptz + \(unsafe: SegmentStore.after))
                and started_at < \(end) and started_at + duration_ms * interval '1 ms' > \(start)
            order by id limit \(limit)
            """
        return try connection.query(statement) { row throws(PostgresError) in try SegmentRecord(reading: &row) }
    }
}
