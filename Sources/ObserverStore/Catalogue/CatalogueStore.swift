package import ObserverCore
package import Postgres

/// The rows that are written to the bucket.
package struct CatalogueStore {
    private let connection: PostgresConnection

    package init(_ connection: PostgresConnection) {
        self.connection = connection
    }

    // MARK: Hours that changed

    /// An hour that has changed since it was written.
    package struct Change: Hashable, Sendable {
        package var hour: CatalogueHour
        /// The changes so far: another number means another change.
        package var changes: Int64

        package init(_ hour: CatalogueHour, changes: Int64) {
            (self.hour, self.changes) = (hour, changes)
        }
    }

    /// The hours that are due, the longest waiting first.
    package func due(_ due: ManifestDue, limit: Int) throws(PostgresError) -> [Change] {
        let statement: SQL = """
            select camera_id, stream, hour, changes from catalogue_hours
            where changed_at <= \(due.oldestChange) or (hour <= \(due.latestHour) and changed_at <= \(due.latestChange))
            order by changed_at limit \(limit)
            """
        return try connection.query(statement) { row throws(PostgresError) in
            let stream = StreamID(try row.next(), try row.next())
            return Change(CatalogueHour(of: stream, at: try row.next()), changes: try row.next())
        }
    }

    /// Takes note that an hour is written as it was before this many changes.
    package func written(_ change: Change) throws(PostgresError) {
        let (stream, hour) = (change.hour.stream, change.hour.hour)
        try connection.execute(
            """
            delete from catalogue_hours where camera_id = \(stream.camera) and stream = \(stream.kind) and hour = \(hour)
                and changes = \(change.changes)
            """
        )
        // What is left has changed meanwhile; its time counts from now.
        try connection.execute(
            """
            update catalogue_hours set changed_at = now()
            where camera_id = \(stream.camera) and stream = \(stream.kind) and hour = \(hour)
            """
        )
    }

    /// Marks all hours that have recordings, so that all manifests are written.
    package func markAll() throws(PostgresError) {
        let statement: SQL = """
            insert into catalogue_hours as c (camera_id, stream, hour, changed_at)
            select camera_id, stream, hour, now() - interval '1 day' from camera_hours order by 1, 2, 3
            on conflict do nothing
            """
        _ = try connection.patiently { () throws(PostgresError) in
            try connection.execute(statement, within: .seconds(60))
        }
    }

    // MARK: The rows of an hour

    /// The segments of an hour that have not expired.
    package func segments(of hour: CatalogueHour) throws(PostgresError) -> [SegmentRecord] {
        try segments(of: hour.stream, from: hour.hour, to: hour.end)
    }

    /// The segments of a stream that have not expired and whose identifiers are of a time.
    package func segments(
        of stream: StreamID,
        from start: Timestamp,
        to end: Timestamp
    ) throws(PostgresError) -> [SegmentRecord] {
        let statement: SQL = """
            \(unsafe: SegmentStore.selection)
            where camera_id = \(stream.camera) and stream = \(stream.kind) and state <> 'expired'
                and id >= segment_id_at(\(start)) and id < segment_id_at(\(end)) order by id
            """
        return try connection.query(statement, within: .seconds(30)) { row throws(PostgresError) in
            try SegmentRecord(reading: &row)
        }
    }

    /// A gap with the name of its recorder.
    package struct GapRecord: Hashable, Sendable {
        package var gap: Gap
        package var recorder: String?

        package init(_ gap: Gap, recorder: String?) {
            (self.gap, self.recorder) = (gap, recorder)
        }
    }

    /// The gaps that began in an hour.
    package func gaps(of hour: CatalogueHour) throws(PostgresError) -> [GapRecord] {
        let statement: SQL = """
            select \(unsafe: GapStore.columns), g.recorder from gaps g
            where g.camera_id = \(hour.stream.camera) and g.stream = \(hour.stream.kind)
                and g.started_at >= \(hour.hour) and g.started_at < \(hour.end) order by g.started_at
            """
        return try connection.query(statement) { row throws(PostgresError) in
            GapRecord(try GapStore.read(&row), recorder: try row.next())
        }
    }

    // MARK: Cameras

    /// All cameras by number, with their switches and holds.
    package func cameras() throws(PostgresError) -> [CatalogueCameraRecord] {
        let cameras: SQL = "select \(unsafe: CatalogueCamera.columns) from cameras order by id"
        var records = try connection.query(cameras) { row throws(PostgresError) in
            CatalogueCameraRecord(try CatalogueCamera(reading: &row))
        }
        let places = Dictionary(records.enumerated().map { ($1.camera.id, $0) }) { first, _ in first }
        let switches: SQL = "select camera_id, at, is_active, actor from camera_switches order by camera_id, at"
        try connection.forEachRow(switches, within: .seconds(30)) { row throws(PostgresError) in
            guard let place = places[try row.next(Int64.self)] else { return }
            records[place].switches.append(
                .init(at: try row.next(Timestamp.self).microseconds, isActive: try row.next(), actor: try row.next())
            )
        }
        for hold in try HoldStore(connection).list(includesReleased: true, limit: 1_000_000).reversed() {
            guard let place = places[hold.camera.rawValue] else { continue }
            records[place].holds.append(hold)
        }
        return records
    }

    /// The hashes of what was written about cameras.
    package func writtenCameras() throws(PostgresError) -> [CameraID: String] {
        let rows = try connection.rows(
            "select camera_id, encode(sha256, 'hex') from catalogue_cameras",
            as: (CameraID, String).self
        )
        return Dictionary(rows) { first, _ in first }
    }

    /// Takes note of what was written about a camera.
    package func written(_ camera: CameraID, sha256: String) throws(PostgresError) {
        try connection.execute(
            """
            insert into catalogue_cameras (camera_id, sha256) values (\(camera), decode(\(sha256), 'hex'))
            on conflict (camera_id) do update set sha256 = excluded.sha256, written_at = now()
            """
        )
    }

    // MARK: What there is

    /// The streams of which there are recordings or gaps.
    package func streams() throws(PostgresError) -> [StreamID] {
        let statement: SQL = "select distinct camera_id, stream from camera_hours order by 1, 2"
        return try connection.rows(statement, as: (CameraID, StreamKind).self, within: .seconds(30)).map {
            StreamID($0.0, $0.1)
        }
    }

    /// The days of a stream of which there are recordings or gaps, newest first.
    package func days(of stream: StreamID) throws(PostgresError) -> [CatalogueDay] {
        let statement: SQL = """
            select distinct date_trunc('day', hour, 'UTC') as day from camera_hours
            where camera_id = \(stream.camera) and stream = \(stream.kind) order by day desc
            """
        return try connection.rows(statement, as: (Timestamp).self, within: .seconds(30)).map {
            CatalogueDay(stream, at: $0)
        }
    }

    /// Returns true if there is a segment that has not expired.
    package func hasSegments() throws(PostgresError) -> Bool {
        try connection.rows("select exists (select from segments where state <> 'expired')", as: (Bool).self).first
            ?? true
    }
}
