import ObserverCore

/// The text that lists cameras: one place for what a camera "is doing".
///
/// What its recorder last said counts while that recorder is alive (a heartbeat within 15 s, by the database's clock) and said it
/// after it got the camera. Otherwise a camera that is on is `unassigned` when it had a recorder and `pending` when it had
/// none, and a camera that is off is `off`. A camera that is off is shown as its recorder says until that has stopped.
enum CameraSQL {
    /// How old a recorder's last heartbeat may be for it to count as alive.
    private static let silence = "interval '15 seconds'"

    /// Selects the columns of ``CameraColumn`` from `source`, which has the columns of the table cameras; `extra` comes last.
    static func select(from source: String, includesRecordings: Bool, plus extra: String? = nil) -> String {
        """
        select \(Camera.columns), \(derived), b.ms, case when l.alive then a.recorder_id end, \
        \(includesRecordings ? "p.taken_at, r.id, r.started_at, r.duration_ms" : noRecordings)\
        \(extra.map { ", \($0)" } ?? "")
        from \(source) c
        left join camera_status s on s.camera_id = c.id
        left join assignments a on a.camera_id = c.id
        left join recorders w on w.id = a.recorder_id
        cross join lateral (
            select coalesce(
                w.incarnation = a.incarnation and not w.fenced and w.heartbeat_at > now() - \(silence), false) as alive
        ) l
        cross join lateral (select coalesce(l.alive and s.updated_at >= a.since, false) as fresh) f
        cross join lateral (
            select case
                when c.is_active and f.fresh and s.state <> 'off' then s.state
                when c.is_active and (l.alive or a.recorder_id is null) then 'pending'
                when c.is_active then 'unassigned'
                when f.fresh and s.state in ('connecting', 'recording', 'retrying') then s.state
                else 'off' end as state
        ) d
        cross join lateral (
            select coalesce(sum(duration_ms), 0)::bigint as ms from segments
            where state = 'spooled' and camera_id = c.id
        ) b
        \(includesRecordings ? recordings : "")
        """
    }

    private static let noRecordings = "null::timestamptz, null::uuid, null::timestamptz, null::bigint"

    private static let recordings = """
        left join camera_snapshots p on p.camera_id = c.id
        left join lateral (
            select id, started_at, duration_ms from segments where camera_id = c.id and state not in ('expired', 'lost')
            order by started_at desc, segments.id desc limit 1
        ) r on true
        """

    private static let derived = """
        d.state,
        case
            when f.fresh and d.state = s.state then s.since
            when d.state = 'unassigned' then coalesce(w.heartbeat_at, a.since)
            when d.state = 'off' and s.state = 'off' then s.since
            else c.updated_at end,
        case when f.fresh and d.state = s.state then s.cause when d.state = 'unassigned' then 'no_recorder' end,
        case when f.fresh and d.state = s.state then s.detail
            when d.state = 'unassigned' then 'the recorder that had this camera is gone' end,
        case when d.state <> 'off' then a.recorder_id end,
        s.last_frame_at, s.video_codec, s.width, s.height, s.fps, s.bitrate, coalesce(s.reconnects, 0)
        """
}
