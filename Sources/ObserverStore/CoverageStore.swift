package import ObserverCore
package import Postgres

/// The rows that tell what earlier recorders left behind of many streams, in one statement a kind.
///
/// A start with two hundred cameras asks for all of them before it opens the first one.
package struct CoverageStore {
    private let connection: PostgresConnection

    package init(_ connection: PostgresConnection) {
        self.connection = connection
    }

    /// The newest times for which cameras were wanted, oldest first, at most 32 of each.
    package func wanted(_ cameras: [CameraID]) throws(PostgresError) -> [CameraID: [CameraStore.Wanted]] {
        let statement: SQL = """
            select c.id, turns.at, turns.next_at from unnest(\(cameras)) as c (id) cross join lateral (
                select at, is_active, lead(at) over (order by at) as next_at, lag(is_active) over (order by at) as was_active
                from (
                    select at, is_active from camera_switches where camera_id = c.id order by at desc limit 64
                ) newest
            ) turns
            where turns.is_active and turns.was_active is distinct from true order by c.id, turns.at
            """
        var found: [CameraID: [CameraStore.Wanted]] = [:]
        try connection.forEachRow(statement) { row throws(PostgresError) in
            found[try row.next(), default: []].append(.init(from: try row.next(), to: try row.next()))
        }
        return found
    }

    /// The newest gaps of the main streams of cameras, newest first, at most eight of each.
    package func newestGaps(_ cameras: [CameraID]) throws(PostgresError) -> [CameraID: [Gap]] {
        let statement: SQL = """
            select \(unsafe: GapStore.columns) from unnest(\(cameras)) as c (id) cross join lateral (
                select * from gaps where camera_id = c.id and stream = 0 order by started_at desc limit 8
            ) g
            order by g.camera_id, g.started_at desc
            """
        let gaps = try connection.query(statement) { row throws(PostgresError) in try GapStore.read(&row) }
        return Dictionary(grouping: gaps, by: \.stream.camera)
    }

    /// The newest segment of the main stream of each camera, and up to twenty that end after its moment, oldest first.
    ///
    /// - Parameter moments: The cameras; nil for the newest segment alone.
    /// - Returns: The times of the segments.
    /// - Throws: The error that the database reports.
    package func segments(
        _ moments: [CameraID: Timestamp?]
    ) throws(PostgresError) -> [CameraID: [KnownCoverage.Period]] {
        let cameras = moments.keys.sorted()
        let since = cameras.map { moments[$0] ?? nil }
        let statement: SQL = """
            select c.id, s.started_at, s.duration_ms::bigint
            from unnest(\(cameras), \(since)::timestamptz[]) as c (id, since) cross join lateral (
                (select id, started_at, duration_ms from segments
                where camera_id = c.id and stream = 0 and \(unsafe: SegmentStore.playable)
                order by id desc limit 1)
                union
                (select id, started_at, duration_ms from segments
                where camera_id = c.id and stream = 0 and \(unsafe: SegmentStore.alive)
                    and id >= segment_id_at(c.since - \(unsafe: SegmentStore.before))
                    and started_at + duration_ms * interval '1 ms' > c.since
                order by id limit 20)
            ) s
            order by c.id, s.id
            """
        var found: [CameraID: [KnownCoverage.Period]] = [:]
        try connection.forEachRow(statement) { row throws(PostgresError) in
            let (camera, start) = (try row.next(CameraID.self), try row.next(Timestamp.self))
            let end = start.advanced(byMilliseconds: try row.next(Int64.self))
            found[camera, default: []].append(.init(from: start, to: end))
        }
        return found
    }
}
