package import ObserverCore
import Postgres

/// A recorder with what it holds, for people.
package struct RecorderListing: Hashable, Sendable {
    /// The condition of a recorder by its row alone; ownership is decided elsewhere.
    package enum State: String, CaseIterable, Sendable {
        /// Its heartbeat is fresh.
        case alive
        /// It is ending in order, and gives up its cameras.
        case draining
        /// It ended in order.
        case stopped
        /// No heartbeat came for a while.
        case silent
        /// Another recorder took it for dead; it has to register again.
        case fenced
    }

    package var id: String
    package var state: State
    /// The life it is in: each start is a new one.
    package var incarnation: Int64
    package var startedAt: Timestamp
    package var heartbeatAt: Timestamp
    /// The time since the last heartbeat by the database's clock.
    package var heartbeatAgeMilliseconds: Int64
    package var spoolID: SpoolID
    package var version: String
    /// The number of processors that it keeps busy; 0 unless it is alive or draining.
    package var load: Double
    /// The cameras it holds, by number.
    package var cameras: [CameraID]
    /// How many of them are being recorded.
    package var recording: Int
    /// The bits a second of those.
    package var bitrate: Int64
    /// The length of the video of its cameras that is not in the store yet.
    package var backlogMilliseconds: Int64

    package init(
        id: String,
        state: State,
        incarnation: Int64,
        startedAt: Timestamp,
        heartbeatAt: Timestamp,
        heartbeatAgeMilliseconds: Int64,
        spoolID: SpoolID,
        version: String,
        load: Double = 0,
        cameras: [CameraID] = [],
        recording: Int = 0,
        bitrate: Int64 = 0,
        backlogMilliseconds: Int64 = 0
    ) {
        self.id = id
        self.state = state
        self.incarnation = incarnation
        self.startedAt = startedAt
        self.heartbeatAt = heartbeatAt
        self.heartbeatAgeMilliseconds = heartbeatAgeMilliseconds
        self.spoolID = spoolID
        self.version = version
        self.load = load
        self.cameras = cameras
        self.recording = recording
        self.bitrate = bitrate
        self.backlogMilliseconds = backlogMilliseconds
    }
}

extension RecorderListing {
    /// The text of ``RecorderStore/list()``.
    static let statement: SQL = """
        select w.id, case when w.fenced then 'fenced' when w.draining then case when f.fresh then 'draining' else 'stopped' end
                when f.fresh then 'alive' else 'silent' end,
            w.incarnation, w.started_at, w.heartbeat_at,
            greatest(0, floor(1000 * extract(epoch from now() - w.heartbeat_at)))::bigint, w.spool_id, w.version,
            case when f.fresh and not w.fenced then w.load else 0 end,
            coalesce(h.cameras, '{}'), h.recording, h.bitrate, h.waiting
        from recorders w
        cross join lateral (select w.heartbeat_at > now() - \(unsafe: CameraSQL.silence) as fresh) f
        cross join lateral (
            select array_agg(c.id order by c.id) as cameras, count(*) filter (where r.is_recorded) as recording,
                coalesce(sum(s.bitrate) filter (where r.is_recorded), 0)::bigint as bitrate,
                coalesce(sum(b.waiting_ms), 0)::bigint as waiting
            from assignments a join cameras c on c.id = a.camera_id and c.deleted_at is null
            left join camera_status s on s.camera_id = c.id and s.stream = 0
            left join camera_backlog b on b.camera_id = c.id and b.stream = 0
            cross join lateral (
                select coalesce(f.fresh and not w.fenced and s.epoch = a.epoch and s.state = 'recording', false)
                    as is_recorded
            ) r
            where a.recorder_id = w.id and a.incarnation = w.incarnation
        ) h
        order by w.id
        """

    init(reading row: inout PostgresRow) throws(PostgresError) {
        self.init(
            id: try row.next(),
            state: try row.next(),
            incarnation: try row.next(),
            startedAt: try row.next(),
            heartbeatAt: try row.next(),
            heartbeatAgeMilliseconds: try row.next(),
            spoolID: try row.next(),
            version: try row.next(),
            load: try row.next(),
            cameras: try row.next(),
            recording: try row.next(),
            bitrate: try row.next(),
            backlogMilliseconds: try row.next()
        )
    }
}
