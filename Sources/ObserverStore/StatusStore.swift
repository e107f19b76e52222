package import ObserverCore
package import Postgres

/// The doings of cameras: states, snapshots and gaps, as recorders report them.
///
/// Reports carry the epoch of the assignment under which they were made. An older one never changes what was reported
/// under a newer one, so a recorder that has lost a camera without knowing it does no harm.
package struct StatusStore {
    private let connection: PostgresConnection

    package init(_ connection: PostgresConnection) {
        self.connection = connection
    }

    // MARK: Status

    /// Writes reports in one statement; cameras that do not exist are passed over, and so are reports of an older epoch than
    /// the one that is there.
    ///
    /// - Parameter statuses: At most one for each stream.
    /// - Returns: How many were written.
    /// - Throws: The error that the database reports.
    @discardableResult
    package func write(_ statuses: [CameraStatus]) throws(PostgresError) -> Int {
        guard !statuses.isEmpty else { return 0 }
        let videos = statuses.map(\.video)
        let statement: SQL = """
            insert into camera_status as s (camera_id, stream, epoch, state, since, cause, detail, recorder, last_frame_at,
                video_codec, width, height, fps, bitrate, reconnects, health, updated_at)
            select n.*, now()
            from unnest(\(statuses.map(\.stream.camera)), \(statuses.map(\.stream.kind)), \(statuses.map(\.epoch)),
                \(statuses.map(\.state)), \(statuses.map(\.since)), \(statuses.map(\.cause)),
                \(statuses.map { $0.detail?.limited(to: 1000) }), \(statuses.map { $0.recorder?.limited(to: 63) }),
                \(statuses.map(\.lastFrameAt)), \(videos.map { $0?.codec.limited(to: 32) }),
                \(videos.map { $0.map { Int32($0.width.limited(to: 65_535)) } }),
                \(videos.map { $0.map { Int32($0.height.limited(to: 65_535)) } }),
                \(videos.map { $0.map { $0.fps.isFinite ? min(max($0.fps, 0), 1000) : 0 } }),
                \(videos.map { $0?.bitrate.limited(to: 1 << 40) }),
                \(statuses.map { Int32($0.reconnects.limited(to: Int(Int32.max))) }),
                \(statuses.map { HealthNote.stored($0.health) })::jsonb[]) as n (camera_id, stream)
            join cameras c on c.id = n.camera_id
            order by n.camera_id, n.stream
            on conflict (camera_id, stream) do update set epoch = excluded.epoch, state = excluded.state,
                since = excluded.since, cause = excluded.cause, detail = excluded.detail, recorder = excluded.recorder,
                last_frame_at = coalesce(excluded.last_frame_at, s.last_frame_at),
                video_codec = coalesce(excluded.video_codec, s.video_codec),
                width = coalesce(excluded.width, s.width), height = coalesce(excluded.height, s.height),
                fps = coalesce(excluded.fps, s.fps), bitrate = coalesce(excluded.bitrate, s.bitrate),
                reconnects = excluded.reconnects, health = excluded.health, updated_at = now()
            where s.epoch <= excluded.epoch
            """
        return try connection.execute(statement)
    }

    // MARK: Snapshots

    /// The newest snapshot of a camera.
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
            on conflict (camera_id) do update set taken_at = excluded.taken_at, jpeg = excluded.jpeg, looked_at = now()
            where camera_snapshots.taken_at <= excluded.taken_at
            """
        try connection.execute(statement)
    }

    /// Takes note that the snapshots of cameras show their newest key frames.
    package func noteLooks(at cameras: [CameraID]) throws(PostgresError) {
        try connection.execute("update camera_snapshots set looked_at = now() where camera_id = any(\(cameras))")
    }

    /// When the recorder of a camera last looked for a newer key frame than the snapshot shows (nil without a snapshot), and the
    /// present time of the database.
    package func snapshotLook(of camera: CameraID) throws(PostgresError) -> (lookedAt: Timestamp?, now: Timestamp) {
        let statement: SQL = """
            select (select looked_at from camera_snapshots where camera_id = \(camera)), clock_timestamp()
            """
        let found = try connection.rows(statement, as: (Timestamp?, Timestamp).self).first
        guard let found else { throw PostgresError(.decoding) }
        return found
    }

    /// When the newest snapshot of a camera was taken, without reading it; nil when there is none yet.
    package func snapshotTime(of camera: CameraID) throws(PostgresError) -> Timestamp? {
        let statement: SQL = """
            select p.taken_at from camera_snapshots p join cameras c on c.id = p.camera_id
            where p.camera_id = \(camera) and c.deleted_at is null
            """
        return try connection.rows(statement, as: (Timestamp).self).first
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
}

extension Int {
    /// The number, not below zero and not above `most`: a camera's figures must not make its report impossible.
    fileprivate func limited(to most: Int) -> Int { Swift.min(Swift.max(self, 0), most) }
}
