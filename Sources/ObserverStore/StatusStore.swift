package import ObserverCore
package import Postgres

/// What cameras are doing: states, snapshots and gaps, as recorders report them.
package struct StatusStore {
    private let connection: PostgresConnection

    package init(_ connection: PostgresConnection) {
        self.connection = connection
    }

    // MARK: Status

    /// Writes what cameras are doing, in one statement; cameras that do not exist are passed over.
    ///
    /// - Returns: How many were written.
    @discardableResult
    package func write(_ statuses: [CameraStatus]) throws(PostgresError) -> Int {
        guard !statuses.isEmpty else { return 0 }
        let statement: SQL = """
            insert into camera_status (camera_id, state, since, cause, detail, recorder, last_frame_at,
                video_codec, width, height, fps, bitrate, reconnects, updated_at)
            select n.*, now()
            from unnest(\(statuses.map(\.cameraID)), \(statuses.map(\.state)), \(statuses.map(\.since)),
                \(statuses.map(\.cause)), \(statuses.map { $0.detail?.limited(to: 1000) }), \(statuses.map(\.recorder)),
                \(statuses.map(\.lastFrameAt)), \(statuses.map { $0.video?.codec.limited(to: 32) }),
                \(statuses.map { $0.video.map { Int32(clamping: $0.width) } }),
                \(statuses.map { $0.video.map { Int32(clamping: $0.height) } }), \(statuses.map { $0.video?.fps }),
                \(statuses.map { $0.video?.bitrate }), \(statuses.map { Int32(clamping: $0.reconnects) })) as n (camera_id)
            join cameras c on c.id = n.camera_id
            on conflict (camera_id) do update set state = excluded.state, since = excluded.since,
                cause = excluded.cause, detail = excluded.detail, recorder = excluded.recorder,
                last_frame_at = coalesce(excluded.last_frame_at, camera_status.last_frame_at),
                video_codec = coalesce(excluded.video_codec, camera_status.video_codec),
                width = coalesce(excluded.width, camera_status.width),
                height = coalesce(excluded.height, camera_status.height),
                fps = coalesce(excluded.fps, camera_status.fps),
                bitrate = coalesce(excluded.bitrate, camera_status.bitrate),
                reconnects = excluded.reconnects, updated_at = now()
            """
        return try connection.execute(statement)
    }

    // MARK: Snapshots

    /// A camera's newest snapshot.
    package struct Snapshot: Hashable, Sendable {
        package var takenAt: Timestamp
        package var jpeg: [UInt8]

        package init(takenAt: Timestamp, jpeg: [UInt8]) {
            self.takenAt = takenAt
            self.jpeg = jpeg
        }
    }

    /// Keeps a snapshot, unless a newer one is there or the camera is not.
    package func putSnapshot(_ jpeg: [UInt8], takenAt: Timestamp, of camera: CameraID) throws(PostgresError) {
        let statement: SQL = """
            insert into camera_snapshots (camera_id, taken_at, jpeg)
            select id, \(takenAt), \(jpeg) from cameras where id = \(camera)
            on conflict (camera_id) do update set taken_at = excluded.taken_at, jpeg = excluded.jpeg
            where camera_snapshots.taken_at <= excluded.taken_at
            """
        try connection.execute(statement)
    }

    /// The newest snapshot of a camera that is not deleted; nil when there is none yet.
    package func snapshot(of camera: CameraID) throws(PostgresError) -> Snapshot? {
        let statement: SQL = """
            select p.taken_at, p.jpeg from camera_snapshots p join cameras c on c.id = p.camera_id
            where p.camera_id = \(camera) and c.deleted_at is null
            """
        return try connection.first(statement) { row throws(PostgresError) in
            Snapshot(takenAt: try row.next(), jpeg: try row.next())
        }
    }

    // MARK: Gaps

    /// Opens a gap; does nothing when the camera has an open one.
    ///
    /// - Returns: Whether it was opened.
    @discardableResult
    package func openGap(_ gap: Gap, recorder: String) throws(PostgresError) -> Bool {
        let statement: SQL = """
            insert into gaps (camera_id, started_at, cause, detail, recorder)
            values (\(gap.cameraID), \(gap.startedAt), \(gap.cause), \(gap.detail?.limited(to: 1000)), \(recorder))
            on conflict do nothing
            """
        return try connection.execute(statement) == 1
    }

    /// Closes the open gap of a camera; does nothing when there is none.
    ///
    /// - Returns: Whether one was closed.
    @discardableResult
    package func closeGap(of camera: CameraID, at end: Timestamp) throws(PostgresError) -> Bool {
        let statement: SQL = """
            update gaps set ended_at = greatest(started_at, \(end)) where camera_id = \(camera) and ended_at is null
            """
        return try connection.execute(statement) == 1
    }

    /// Writes a gap that is over, or closes the open one that began at the same time; repeating it changes nothing.
    package func recordGap(_ gap: Gap, recorder: String) throws(PostgresError) {
        guard let end = gap.endedAt else {
            try openGap(gap, recorder: recorder)
            return
        }
        let statement: SQL = """
            insert into gaps (camera_id, started_at, ended_at, cause, detail, recorder)
            values (\(gap.cameraID), \(gap.startedAt), greatest(\(gap.startedAt), \(end)), \(gap.cause),
                \(gap.detail?.limited(to: 1000)), \(recorder))
            on conflict (camera_id, started_at) do update
            set ended_at = excluded.ended_at where gaps.ended_at is null
            """
        try connection.execute(statement)
    }

    /// The gaps of a camera that touch a stretch of time, oldest first, at most 1000.
    package func gaps(of camera: CameraID, from start: Timestamp, to end: Timestamp) throws(PostgresError) -> [Gap] {
        let statement: SQL = """
            select camera_id, started_at, ended_at, cause, detail from gaps
            where camera_id = \(camera) and started_at < \(end) and coalesce(ended_at, 'infinity') > \(start)
            order by started_at limit 1000
            """
        return try connection.query(statement) { row throws(PostgresError) in
            Gap(
                cameraID: try row.next(),
                startedAt: try row.next(),
                endedAt: try row.next(),
                cause: try row.next(),
                detail: try row.next()
            )
        }
    }
}
