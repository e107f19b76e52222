import ObserverCore

/// The text that lists cameras: one place for what a camera "is doing".
///
/// The last report of its recorder counts while that recorder is alive (a heartbeat within 15 s, by the database's clock) and
/// if it was made under the present assignment. Otherwise a camera that is on is `unassigned` when it had a recorder and `pending` when it had
/// none, and a camera that is off is `off`. A camera that is off is shown as its recorder says until that has stopped.
enum CameraSQL {
    /// The age of a recorder's last heartbeat up to which it counts as alive.
    static let silence = "interval '15 seconds'"

    /// Selects the columns of ``CameraColumn`` from `source`, which has the columns of the table cameras; `extra` comes last.
    static func list(from source: String = "cameras", includesRecordings: Bool, plus extra: String? = nil) -> String {
        let recordings = includesRecordings ? "p.taken_at, r.id, r.started_at, r.duration_ms" : noRecordings
        let columns =
            "\(Camera.columns), \(derived), coalesce(b.waiting_ms, 0), case when l.alive then a.recorder_id end"
        return """
            \(select("\(columns), \(recordings)\(extra.map { ", \($0)" } ?? "")", from: source))
            left join camera_backlog b on b.camera_id = c.id and b.stream = 0
            \(includesRecordings ? newest : "")
            """
    }

    /// Selects columns of the tables and of what is derived from them: `d.state`.
    static func select(_ columns: String, from source: String = "cameras") -> String {
        "select \(columns)\n\(joins(source))"
    }

    /// The tables of a camera's state, and what is derived from them.
    static func joins(_ source: String = "cameras") -> String {
        """
        from \(source) c
        left join camera_status s on s.camera_id = c.id and s.stream = 0
        left join assignments a on a.camera_id = c.id
        left join recorders w on w.id = a.recorder_id
        cross join lateral (
            select coalesce(
                w.incarnation = a.incarnation and not w.fenced and w.heartbeat_at > now() - \(silence), false) as alive
        ) l
        cross join lateral (select coalesce(l.alive and s.epoch = a.epoch, false) as fresh) f
        cross join lateral (
            select case
                when c.is_active and f.fresh and s.state <> 'off' then s.state
                when c.is_active and (l.alive or a.recorder_id is null) then 'pending'
                when c.is_active then 'unassigned'
                when f.fresh and s.state in ('connecting', 'recording', 'retrying') then s.state
                else 'off' end as state
        ) d
        """
    }

    private static let noRecordings = "null::timestamptz, null::uuid, null::timestamptz, null::integer"

    /// The newest recording and the snapshot.
    ///
    /// Most cameras have a segment of this week, and then no other partition is read; for the rest, all are.
    private static let newest = """
        left join camera_snapshots p on p.camera_id = c.id
        left join lateral (
            \(newestSegment(and: "id >= (select segment_id_at(now() - interval '8 days'))"))
        ) recent on true
        left join lateral (
            \(newestSegment(and: "recent.id is null"))
        ) older on true
        cross join lateral (
            select coalesce(recent.id, older.id) as id, coalesce(recent.started_at, older.started_at) as started_at,
                coalesce(recent.duration_ms, older.duration_ms) as duration_ms
        ) r
        """

    private static func newestSegment(and condition: String) -> String {
        """
        select id, started_at, duration_ms from segments
        where camera_id = c.id and stream = 0 and \(SegmentStore.playable) and \(condition)
        order by id desc limit 1
        """
    }

    /// When the state began.
    static let since = """
        case
            when f.fresh and d.state = s.state then s.since
            when d.state = 'unassigned' then coalesce(w.heartbeat_at, a.since)
            when d.state = 'off' and s.state = 'off' then s.since
            else c.updated_at end
        """

    /// Its cause, where it has one.
    static let cause = """
        case when f.fresh and d.state = s.state then s.cause when d.state = 'unassigned' then 'no_recorder' end
        """

    private static let derived = """
        d.state, \(since), \(cause),
        case when f.fresh and d.state = s.state then s.detail
            when d.state = 'unassigned' then 'the recorder that had this camera is gone' end,
        case when d.state <> 'off' then a.recorder_id end, coalesce(a.epoch, 0),
        s.last_frame_at, s.video_codec, s.width, s.height, s.fps, s.bitrate, coalesce(s.reconnects, 0),
        case when f.fresh and d.state = 'recording' then s.health::text else '[]' end
        """
}
